import { isDecimalNumber } from '../bytes/ascii.js';
import { readInt32LE, readUint16LE, readUint32LE } from '../bytes/integer.js';
import { corruptBlob, corruptHeader, type PackedReader } from './packed.js';

const HEADER = 6;
const END = 0xff;
const COUNT_UNKNOWN = 0xffff;

/**
 * Entry sizes whose back length takes one byte more before Redis 8.8 and Valkey 9.1 than since
 * (Redis PR 15151, Valkey PR 3601). A server reads only its own width.
 */
export function isWidthChanged(size: number): boolean {
  return size === 0x3fff || size === 0x1f_ffff || size === 0xfff_ffff;
}

/** Bytes of the back length of an entry of `size` bytes, as servers write it since the change. */
export function backlenWidth(size: number): number {
  if (size <= 0x7f) return 1;
  if (size <= 0x3fff) return 2;
  if (size <= 0x1f_ffff) return 3;
  return size <= 0xfff_ffff ? 4 : 5;
}

/** Reads listpacks (Redis' listpack.c), with back lengths of either width. */
export class ListpackReader implements PackedReader {
  readonly encoding = 'listpack';
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  isInteger = false;
  high = 0;
  low = 0;
  start = 0;
  end = 0;
  /** Entries met, in all listpacks read, whose back length only Redis before 8.8 and Valkey before 9.1 read. */
  oldWidths = 0;
  /** Entries met, in all listpacks read, whose back length only Redis since 8.8 and Valkey since 9.1 read. */
  newWidths = 0;
  /** Where the next entry begins; the position of the end byte when all are read. */
  at = 0;
  /** Position of the end byte. */
  limit = 0;
  private declared = 0;

  open(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size < HEADER + 1) throw corruptHeader(this.encoding, `${size} bytes are too few`);
    const total = readUint32LE(bytes, start);
    if (total !== size) {
      throw corruptHeader(this.encoding, `declares ${total} bytes where ${size} are stored`);
    }
    if (bytes[end - 1] !== END) throw corruptHeader(this.encoding, 'no end byte at its end');
    this.bytes = bytes;
    this.at = start + HEADER;
    this.limit = end - 1;
    this.declared = readUint16LE(bytes, start + 4);
    this.count = 0;
  }

  next(): boolean {
    const { bytes, limit, at } = this;
    if (at >= limit) {
      this.finish();
      return false;
    }
    const first = bytes[at] as number;
    let size: number;
    if (first < 0x80) {
      size = 1;
      this.isInteger = true;
      this.low = first;
      this.high = 0;
    } else if (first < 0xc0) {
      size = 1 + (first & 0x3f);
      this.isInteger = false;
      this.start = at + 1;
      this.end = at + size;
    } else {
      size = this.long(first, at);
    }
    this.count++;
    const back = at + size;
    if (back >= limit) throw this.corrupt('reaches past the end');
    if (size <= 127) {
      if (bytes[back] !== size) throw this.corrupt('its back length is wrong');
      this.at = back + 1;
    } else {
      this.at = this.passBacklen(back, size);
    }
    return true;
  }

  /** Says that somebody else has read, and checked, the next `count` entries of `bytes` bytes. */
  advance(bytes: number, count: number): void {
    this.at += bytes;
    this.count += count;
  }

  /**
   * Passes all entries that are left, checking each. One loop over the short forms, which are
   * nearly all of them; `next` reads the others.
   * @param areScores whether every second entry must be a number
   */
  pass(areScores: boolean): void {
    const { bytes, limit } = this;
    let { at, count } = this;
    while (at < limit) {
      const first = bytes[at] as number;
      const size = first < 0x80 ? 1 : first < 0xc0 ? first - 0x7f : 0;
      const back = at + size;
      if (size > 0 && back < limit && bytes[back] === size) {
        count++;
        const isScore = areScores && (count & 1) === 0;
        if (isScore && first >= 0x80 && !isDecimalNumber(bytes, at + 1, back)) throw this.noNumber(count);
        at = back + 1;
      } else {
        this.at = at;
        this.count = count;
        this.next();
        ({ at, count } = this);
        const isScore = areScores && (count & 1) === 0 && !this.isInteger;
        if (isScore && !isDecimalNumber(bytes, this.start, this.end)) throw this.noNumber(count);
      }
    }
    this.at = at;
    this.count = count;
    this.finish();
  }

  private noNumber(count: number): Error {
    return corruptBlob(this.encoding, count, 'is a score but no number');
  }

  /** Sets the entry for the rarer encodings and returns its size without the back length. */
  private long(first: number, at: number): number {
    const { bytes, limit } = this;
    if (first < 0xe0) {
      this.isInteger = true;
      const value = ((first & 0x1f) << 8) | (bytes[at + 1] as number);
      this.low = (value << 19) >> 19;
      this.high = this.low >> 31;
      return 2;
    }
    if (first <= 0xf0) {
      const header = first === 0xf0 ? 5 : 2;
      if (at + header > limit) throw this.corrupt('reaches past the end', 1);
      const length =
        first === 0xf0 ? readUint32LE(bytes, at + 1) : ((first & 0x0f) << 8) | (bytes[at + 1] as number);
      this.isInteger = false;
      this.start = at + header;
      this.end = this.start + length;
      return header + length;
    }
    const width = INTEGER_BYTES[first - 0xf1];
    if (width === undefined) {
      throw this.corrupt(`has the unknown encoding byte 0x${first.toString(16)}`, 1);
    }
    if (at + 1 + width > limit) throw this.corrupt('reaches past the end', 1);
    this.isInteger = true;
    if (width === 8) {
      this.low = readInt32LE(bytes, at + 1);
      this.high = readInt32LE(bytes, at + 5);
      return 9;
    }
    let value = 0;
    for (let i = width; i >= 1; i--) value = (value << 8) | (bytes[at + i] as number);
    const unused = 32 - 8 * width;
    this.low = (value << unused) >> unused;
    this.high = this.low >> 31;
    return 1 + width;
  }

  /** Checks a back length of more than one byte and returns the position after it. */
  private passBacklen(at: number, size: number): number {
    const width = backlenWidth(size);
    if (!isWidthChanged(size)) {
      if (!this.hasBacklen(at, size, width)) throw this.corrupt('its back length is wrong');
      return at + width;
    }
    if (this.hasBacklen(at, size, width)) {
      this.newWidths++;
      return at + width;
    }
    if (!this.hasBacklen(at, size, width + 1)) throw this.corrupt('its back length is wrong');
    this.oldWidths++;
    return at + width + 1;
  }

  private hasBacklen(at: number, size: number, width: number): boolean {
    if (at + width > this.limit) return false;
    let rest = size;
    for (let i = at + width - 1; i >= at; i--) {
      const mark = i === at ? 0 : 0x80;
      if (this.bytes[i] !== ((rest & 0x7f) | mark)) return false;
      rest = Math.floor(rest / 128);
    }
    return rest === 0;
  }

  private finish(): void {
    if (this.at !== this.limit) throw this.corrupt('reaches past the end');
    if (this.declared !== COUNT_UNKNOWN && this.declared !== this.count) {
      throw corruptHeader(this.encoding, `declares ${this.declared} entries where ${this.count} are stored`);
    }
  }

  private corrupt(message: string, ahead = 0): Error {
    return corruptBlob(this.encoding, this.count + ahead, message);
  }
}

/** Bytes of the integers behind the encoding bytes F1, F2, F3 and F4. */
const INTEGER_BYTES = [2, 3, 4, 8] as const;
