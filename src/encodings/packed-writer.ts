import { parseCanonicalInteger } from '../bytes/ascii.js';
import { highHalf, type Integer, lowHalf } from '../bytes/integer.js';

/** Longest text that can be the canonical form of a 64-bit integer. */
const MAX_INTEGER_TEXT = 20;

/** Count in the header that stands for itself and anything above: walk to know. */
const COUNT_UNKNOWN = 0xffff;

/** Builds packed blobs entry by entry, one after another in the same memory. */
export abstract class PackedWriter {
  /** The blob is `bytes[0, size)` once it is finished, borrowed until the next `begin`. */
  bytes: Uint8Array = new Uint8Array(1024);
  size = 0;
  /** Entries added. */
  count = 0;

  /** Starts on an empty blob. */
  abstract begin(): void;

  /** Adds the string `bytes[start, end)`, as an integer where it is the canonical form of one. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const value = end - start <= MAX_INTEGER_TEXT ? parseCanonicalInteger(bytes, start, end) : undefined;
    if (value === undefined) this.addText(bytes, start, end);
    else this.addInteger(value);
  }

  addInteger(value: Integer): void {
    this.addHalves(highHalf(value), lowHalf(value));
  }

  /** Adds a 64-bit integer given as its signed halves. */
  abstract addHalves(high: number, low: number): void;

  /** Adds a string as such, which must not be the canonical form of an integer. */
  abstract addText(bytes: Uint8Array, start: number, end: number): void;

  /** Completes header and end. */
  abstract finish(): void;

  /** Room for `size` more bytes behind `this.size`. */
  protected reserve(size: number): Uint8Array {
    const needed = this.size + size;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
    }
    return this.bytes;
  }

  protected headerCount(): number {
    return Math.min(this.count, COUNT_UNKNOWN);
  }
}

/** Longest copy that a loop does faster than `set`, which needs a view of the source. */
const SHORT_COPY = 32;

/** Copies `source[start, end)` to `target[at …]`. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > SHORT_COPY) {
    target.set(source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end; ) target[to++] = source[from++] as number;
}

/** Writes the `width` low bytes of an integer, lowest first. */
export function putLow(target: Uint8Array, at: number, value: number, width: number): void {
  for (let i = 0, rest = value; i < width; i++, rest >>= 8) target[at + i] = rest;
}
