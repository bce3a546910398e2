import { readInt32LE, readUint32LE } from '../bytes/integer.js';
import { corruptBlob, corruptHeader, type PackedReader } from './packed.js';

const HEADER = 8;

/** Reads intsets (Redis' intset.c): integers of one width in strictly ascending order. */
export class IntsetReader implements PackedReader {
  readonly encoding = 'intset';
  readonly isInteger = true;
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  high = 0;
  low = 0;
  readonly start = 0;
  readonly end = 0;
  private at = 0;
  private limit = 0;
  private width = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size < HEADER) throw corruptHeader(this.encoding, `${size} bytes are too few`);
    const width = readUint32LE(bytes, start);
    const declared = readUint32LE(bytes, start + 4);
    if (width !== 2 && width !== 4 && width !== 8) {
      throw corruptHeader(this.encoding, `integers of ${width} bytes do not exist`);
    }
    if (declared === 0) throw corruptHeader(this.encoding, 'holds no integers');
    if (declared * width !== size - HEADER) {
      throw corruptHeader(
        this.encoding,
        `declares ${declared} integers of ${width} bytes in a blob of ${size}`,
      );
    }
    this.bytes = bytes;
    this.width = width;
    this.at = start + HEADER;
    this.limit = end;
    this.count = 0;
  }

  next(): boolean {
    const { bytes, at, width } = this;
    if (at >= this.limit) return false;
    let { high, low } = this;
    if (width === 2) {
      low = (((bytes[at] as number) | ((bytes[at + 1] as number) << 8)) << 16) >> 16;
      high = low >> 31;
    } else {
      low = readInt32LE(bytes, at);
      high = width === 4 ? low >> 31 : readInt32LE(bytes, at + 4);
    }
    this.count++;
    const ascending =
      this.count === 1 || high > this.high || (high === this.high && low >>> 0 > this.low >>> 0);
    if (!ascending) throw corruptBlob(this.encoding, this.count, 'is not greater than the one before');
    this.high = high;
    this.low = low;
    this.at = at + width;
    return true;
  }
}
