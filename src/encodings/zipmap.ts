import { readUint32LE } from '../bytes/integer.js';
import { corruptBlob, corruptHeader, type PackedReader } from './packed.js';

const BIG_LENGTH = 254;
const END = 0xff;

/** Reads zipmaps (Redis' zipmap.c), the small hashes of RDB 2 and 3: field, value, field, value … */
export class ZipmapReader implements PackedReader {
  readonly encoding = 'zipmap';
  readonly isInteger = false;
  readonly high = 0;
  readonly low = 0;
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  start = 0;
  end = 0;
  private at = 0;
  private limit = 0;
  private declared = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 2) throw corruptHeader(this.encoding, `${end - start} bytes are too few`);
    if (bytes[end - 1] !== END) throw corruptHeader(this.encoding, 'no end byte at its end');
    this.bytes = bytes;
    this.declared = bytes[start] as number;
    this.at = start + 1;
    this.limit = end - 1;
    this.count = 0;
  }

  next(): boolean {
    const { bytes, limit } = this;
    let { at } = this;
    const isValue = (this.count & 1) === 1;
    if (at >= limit) {
      this.finish(isValue);
      return false;
    }
    this.count++;
    let length = bytes[at++] as number;
    if (length >= BIG_LENGTH) {
      if (length === END || at + 4 > limit) throw this.corrupt();
      length = readUint32LE(bytes, at);
      at += 4;
    }
    let unused = 0;
    if (isValue) {
      if (at >= limit) throw this.corrupt();
      unused = bytes[at++] as number;
    }
    this.start = at;
    this.end = at + length;
    this.at = this.end + unused;
    if (this.at > limit) throw this.corrupt();
    return true;
  }

  private finish(isValue: boolean): void {
    if (isValue) throw corruptBlob(this.encoding, this.count, 'is a field without a value');
    const pairs = this.count / 2;
    if (this.declared < BIG_LENGTH && this.declared !== pairs) {
      throw corruptHeader(this.encoding, `declares ${this.declared} fields where ${pairs} are stored`);
    }
  }

  private corrupt(): Error {
    return corruptBlob(this.encoding, this.count, 'reaches past the end');
  }
}
