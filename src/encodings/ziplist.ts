import { readInt32LE, readUint16LE, readUint32BE, readUint32LE } from '../bytes/integer.js';
import { corruptBlob, corruptHeader, type PackedReader } from './packed.js';

const HEADER = 10;
const END = 0xff;
const COUNT_UNKNOWN = 0xffff;
const BIG_PREVLEN = 254;

/** Reads ziplists (Redis' ziplist.c), the packed encoding of RDB 2 to 9. */
export class ZiplistReader implements PackedReader {
  readonly encoding = 'ziplist';
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  isInteger = false;
  high = 0;
  low = 0;
  start = 0;
  end = 0;
  private at = 0;
  private limit = 0;
  private declared = 0;
  private tail = 0;
  private last = 0;
  private lastSize = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size < HEADER + 1) throw corruptHeader(this.encoding, `${size} bytes are too few`);
    const total = readUint32LE(bytes, start);
    if (total !== size) {
      throw corruptHeader(this.encoding, `declares ${total} bytes where ${size} are stored`);
    }
    if (bytes[end - 1] !== END) throw corruptHeader(this.encoding, 'no end byte at its end');
    this.bytes = bytes;
    this.tail = start + readUint32LE(bytes, start + 4);
    this.declared = readUint16LE(bytes, start + 8);
    this.at = start + HEADER;
    this.limit = end - 1;
    this.last = this.at;
    this.lastSize = 0;
    this.count = 0;
  }

  next(): boolean {
    const { bytes, limit } = this;
    const entry = this.at;
    if (entry >= limit) {
      this.finish();
      return false;
    }
    this.count++;
    let at = entry;
    let previous = bytes[at] as number;
    if (previous < BIG_PREVLEN) {
      at++;
    } else {
      if (previous === END || at + 5 > limit) throw this.corrupt('reaches past the end');
      previous = readUint32LE(bytes, at + 1);
      at += 5;
    }
    if (previous !== this.lastSize) {
      throw this.corrupt(`says ${previous} bytes precede it where ${this.lastSize} do`);
    }
    if (at >= limit) throw this.corrupt('reaches past the end');
    const first = bytes[at] as number;
    let next: number;
    if (first < 0x40) {
      this.isInteger = false;
      this.start = at + 1;
      next = this.start + first;
      this.end = next;
    } else if (first < 0xc0) {
      next = this.longString(first, at);
    } else {
      next = this.integer(first, at);
    }
    if (next > limit) throw this.corrupt('reaches past the end');
    this.last = entry;
    this.lastSize = next - entry;
    this.at = next;
    return true;
  }

  private longString(first: number, at: number): number {
    const { bytes } = this;
    this.isInteger = false;
    if (first < 0x80) {
      this.start = at + 2;
      this.end = this.start + (((first & 0x3f) << 8) | (bytes[at + 1] as number));
    } else {
      if (first !== 0x80) throw this.unknown(first);
      if (at + 5 > this.limit) throw this.corrupt('reaches past the end');
      this.start = at + 5;
      this.end = this.start + readUint32BE(bytes, at + 1);
    }
    return this.end;
  }

  private integer(first: number, at: number): number {
    const { bytes } = this;
    this.isInteger = true;
    if (first > 0xf0 && first < 0xfe) {
      this.low = first - 0xf1;
      this.high = 0;
      return at + 1;
    }
    const width = INTEGER_BYTES[first];
    if (width === undefined) throw this.unknown(first);
    if (at + 1 + width > this.limit) throw this.corrupt('reaches past the end');
    if (width === 8) {
      this.low = readInt32LE(bytes, at + 1);
      this.high = readInt32LE(bytes, at + 5);
      return at + 9;
    }
    let value = 0;
    for (let i = width; i >= 1; i--) value = (value << 8) | (bytes[at + i] as number);
    const unused = 32 - 8 * width;
    this.low = (value << unused) >> unused;
    this.high = this.low >> 31;
    return at + 1 + width;
  }

  private finish(): void {
    if (this.declared !== COUNT_UNKNOWN && this.declared !== this.count) {
      throw corruptHeader(this.encoding, `declares ${this.declared} entries where ${this.count} are stored`);
    }
    if (this.tail !== this.last) throw corruptHeader(this.encoding, 'its tail offset is wrong');
  }

  private unknown(first: number): Error {
    return this.corrupt(`has the unknown encoding byte 0x${first.toString(16)}`);
  }

  private corrupt(message: string): Error {
    return corruptBlob(this.encoding, this.count, message);
  }
}

/** Bytes of the integer behind each encoding byte. */
const INTEGER_BYTES: Readonly<Record<number, number>> = {
  192: 2,
  208: 4,
  224: 8,
  240: 3,
  254: 1,
};
