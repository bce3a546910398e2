import { putInt32BE, putInt32LE } from '../bytes/integer.js';
import { copyBytes, PackedWriter, putLow } from './packed-writer.js';

const HEADER = 10;
const END = 0xff;
const BIG_PREVLEN = 254;
const LONG_STRING = 0x80;

/** The longest of a previous length and a header. */
const MAX_FRAME = 14;

/**
 * Builds ziplists (Redis' ziplist.c) as a server does that appends to them, with the integer forms
 * of Redis 2.6 and newer.
 */
export class ZiplistWriter extends PackedWriter {
  /** Where the last entry begins, and its size. */
  private tail = HEADER;
  private lastSize = 0;

  begin(): void {
    this.size = HEADER;
    this.count = 0;
    this.tail = HEADER;
    this.lastSize = 0;
  }

  addHalves(high: number, low: number): void {
    const bytes = this.reserve(MAX_FRAME);
    const start = this.size;
    const at = this.putPrevious(bytes, start);
    if (high !== low >> 31) {
      bytes[at] = 0xe0;
      putInt32LE(bytes, at + 1, low);
      putInt32LE(bytes, at + 5, high);
      this.size = at + 9;
    } else if (low >= 0 && low <= 12) {
      bytes[at] = 0xf1 + low;
      this.size = at + 1;
    } else {
      const width = integerWidth(low);
      bytes[at] = INTEGER_MARKS[width] as number;
      putLow(bytes, at + 1, low, width);
      this.size = at + 1 + width;
    }
    this.endEntry(start);
  }

  addText(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const bytes = this.reserve(MAX_FRAME + length);
    const entry = this.size;
    let at = this.putPrevious(bytes, entry);
    if (length < 0x40) {
      bytes[at++] = length;
    } else if (length < 0x4000) {
      bytes[at++] = 0x40 | (length >>> 8);
      bytes[at++] = length;
    } else {
      bytes[at] = LONG_STRING;
      putInt32BE(bytes, at + 1, length);
      at += 5;
    }
    copyBytes(bytes, at, source, start, end);
    this.size = at + length;
    this.endEntry(entry);
  }

  finish(): void {
    const bytes = this.reserve(1);
    bytes[this.size++] = END;
    putInt32LE(bytes, 0, this.size);
    putInt32LE(bytes, 4, this.tail);
    putLow(bytes, 8, this.headerCount(), 2);
  }

  private putPrevious(bytes: Uint8Array, at: number): number {
    if (this.lastSize < BIG_PREVLEN) {
      bytes[at] = this.lastSize;
      return at + 1;
    }
    bytes[at] = BIG_PREVLEN;
    putInt32LE(bytes, at + 1, this.lastSize);
    return at + 5;
  }

  private endEntry(start: number): void {
    this.count++;
    this.tail = start;
    this.lastSize = this.size - start;
  }
}

function integerWidth(value: number): number {
  if (value >= -0x80 && value < 0x80) return 1;
  if (value >= -0x8000 && value < 0x8000) return 2;
  return value >= -0x80_0000 && value < 0x80_0000 ? 3 : 4;
}

/** Encoding bytes of integers by their width. */
const INTEGER_MARKS = [0, 0xfe, 0xc0, 0xf0, 0xd0] as const;

/** What a ziplist adds to the one entry that it holds, a string of 16 KiB or more. */
export const LONE_ENTRY_FRAME = HEADER + 6 + 1;

/** What stands before the only entry of a ziplist, a string of 16 KiB or more; `LONE_ENTRY_END` follows it. */
export function loneEntryHeader(length: number): Uint8Array {
  const header = new Uint8Array(HEADER + 6);
  putInt32LE(header, 0, length + LONE_ENTRY_FRAME);
  putInt32LE(header, 4, HEADER);
  putLow(header, 8, 1, 2);
  header[HEADER + 1] = LONG_STRING;
  putInt32BE(header, HEADER + 2, length);
  return header;
}

export const LONE_ENTRY_END: Uint8Array = Uint8Array.of(END);
