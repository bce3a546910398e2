import type { Integer } from '../bytes/integer.js';
import { readInt32BE, unsignedInteger } from '../bytes/integer.js';
import { MAX_EXPANSION } from '../codec/lzf.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';

/** How a string is stored. */
export const StringForm = { raw: 0, integer: 1, lzf: 2 } as const;
export type StringForm = (typeof StringForm)[keyof typeof StringForm];

const TWO_32 = 0x1_0000_0000;

/** Sizes below are within every limit. */
const SMALL = 0x1_0000;

/**
 * Reads the two primitives of RDB, lengths and string headers, from a window of the input.
 * Each `read…` returns false and moves nothing when bytes are missing, so that it can be called
 * again when more have come.
 */
export class Scanner {
  bytes: Uint8Array = new Uint8Array(0);
  /** Index in `bytes` of the next byte. */
  at = 0;
  /** Index in `bytes` behind the last byte. */
  end = 0;
  /** Position in the input of `bytes[0]`. */
  base = 0;
  /** Size of the whole input where it is known, else Infinity. */
  inputEnd = Number.POSITIVE_INFINITY;

  /** Halves of the length that was read. */
  high = 0;
  low = 0;

  /** Of the string whose header was read: how it is stored, */
  form: StringForm = StringForm.raw;
  /** the bytes it takes from `at` on, */
  stored = 0;
  /** and how many it stands for (not for integers). */
  size = 0;

  constructor(protected readonly limits: Limits) {}

  /** Shows the scanner the unread input; `at` is kept. */
  view(bytes: Uint8Array, end: number, base: number): void {
    this.bytes = bytes;
    this.end = end;
    this.base = base;
  }

  /** The length that was read, exactly. */
  get length(): Integer {
    return unsignedInteger(this.high, this.low);
  }

  /**
   * Reads a length into `high` and `low`.
   * @throws RdbkitError INPUT_CORRUPT when the first byte announces no length
   */
  readLength(): boolean {
    const { bytes, at, end } = this;
    if (at >= end) return false;
    const first = bytes[at] as number;
    if (first < 0x40) {
      this.high = 0;
      this.low = first;
      this.at = at + 1;
      return true;
    }
    if (first < 0x80) {
      if (at + 2 > end) return false;
      this.high = 0;
      this.low = ((first & 0x3f) << 8) | (bytes[at + 1] as number);
      this.at = at + 2;
      return true;
    }
    if (first === 0x80) {
      if (at + 5 > end) return false;
      this.high = 0;
      this.low = readInt32BE(bytes, at + 1);
      this.at = at + 5;
      return true;
    }
    if (first === 0x81) {
      if (at + 9 > end) return false;
      this.high = readInt32BE(bytes, at + 1);
      this.low = readInt32BE(bytes, at + 5);
      this.at = at + 9;
      return true;
    }
    throw this.corrupt(`byte 0x${first.toString(16)} where a length should be`);
  }

  /**
   * Reads a length that counts things which take a byte each at least.
   * @returns the count, or -1 when bytes are missing
   */
  readCount(): number {
    const start = this.at;
    if (!this.readLength()) return -1;
    if (this.high === 0 && this.low >= 0 && this.at + this.low <= this.end) return this.low;
    const count = (this.high >>> 0) * TWO_32 + (this.low >>> 0);
    if (count > Number.MAX_SAFE_INTEGER) {
      this.at = start;
      throw this.corrupt(`declares ${this.length} elements`);
    }
    this.requireInput(count, start, 'elements');
    return count;
  }

  /** Reads the header of a string; its stored bytes begin at `at` then. */
  readStringHeader(): boolean {
    const { bytes, at, end } = this;
    if (at >= end) return false;
    const first = bytes[at] as number;
    if (first < 0xc0) {
      if (!this.readLength()) return false;
      this.form = StringForm.raw;
      this.stored = this.declaredSize(at);
      this.size = this.stored;
      this.requireInput(this.stored, at, 'bytes');
      return true;
    }
    if (first < 0xc3) {
      this.form = StringForm.integer;
      this.stored = 1 << (first - 0xc0);
      this.at = at + 1;
      return true;
    }
    if (first !== 0xc3) throw this.corrupt(`byte 0x${first.toString(16)} where a string should be`);
    this.at = at + 1;
    if (this.readLength()) {
      const stored = this.declaredSize(at);
      if (this.readLength()) {
        this.form = StringForm.lzf;
        this.stored = stored;
        this.size = this.declaredSize(at);
        if (this.size > stored * MAX_EXPANSION || stored > 2 * this.size) {
          this.at = at;
          throw this.corrupt(`an LZF block of ${stored} bytes cannot stand for the ${this.size} it declares`);
        }
        this.requireInput(stored, at, 'bytes');
        return true;
      }
    }
    this.at = at;
    return false;
  }

  /** Signed value of the stored integer string at `at`, which must be wholly in view. */
  storedInteger(): number {
    const { bytes, at } = this;
    if (this.stored === 1) return ((bytes[at] as number) << 24) >> 24;
    if (this.stored === 2) {
      return (((bytes[at] as number) | ((bytes[at + 1] as number) << 8)) << 16) >> 16;
    }
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    );
  }

  /** The size just read, when it can be believed. `start` is where the string begins. */
  private declaredSize(start: number): number {
    // Small integers stay small: a double here would cost an allocation a string.
    if (this.high === 0 && this.low >= 0 && this.low < SMALL) return this.low;
    const size = (this.high >>> 0) * TWO_32 + (this.low >>> 0);
    if (size > this.limits.maxDeclaredString) {
      const exact = this.length;
      this.at = start;
      throw size > Number.MAX_SAFE_INTEGER
        ? this.corrupt(`declares a string of ${exact} bytes`)
        : this.error(
            'LIMIT_EXCEEDED',
            `declares a string of ${exact} bytes, more than the limit of ${this.limits.maxDeclaredString}`,
          );
    }
    return size;
  }

  /** Refuses a number of things that the rest of the input cannot hold. */
  private requireInput(count: number, start: number, what: string): void {
    if (this.at + count <= this.end) return;
    const left = this.inputEnd - this.base - this.at;
    if (count <= left) return;
    this.at = start;
    throw this.error(
      'INPUT_TRUNCATED',
      `declares ${count} ${what} where ${left} bytes are left: the file is cut off or the length is damaged`,
    );
  }

  protected corrupt(message: string): RdbkitError {
    return this.error('INPUT_CORRUPT', message);
  }

  protected error(
    code: 'INPUT_CORRUPT' | 'INPUT_TRUNCATED' | 'INPUT_UNSUPPORTED' | 'LIMIT_EXCEEDED',
    message: string,
  ): RdbkitError {
    return new RdbkitError(code, message, { offset: this.base + this.at });
  }
}
