import { highHalf, type Integer, lowHalf, putInt32BE, putInt32LE } from '../../bytes/integer.js';
import { copyBytes } from '../../encodings/packed-writer.js';
import type { MakeSpill, Spill } from '../../spill.js';
import { putLength } from '../string-header.js';
import { NO_TYPE, type ValueType } from '../types.js';
import type { EncodedValue } from './encoded-value.js';

/** Room before the content for what is only known at the end: a time and a count. */
const FRONT = 32;

const MAX_LENGTH_BYTES = 9;

/**
 * A serialized value while it is written, and once it is: in memory up to a bound, then in a
 * temporary file. Kept for many values.
 */
export class ValueBuffer implements EncodedValue {
  type: ValueType = NO_TYPE;
  private bytes = new Uint8Array(1024);
  private start = FRONT;
  private at = FRONT;
  private spill: Spill | undefined;
  private readonly word = new DataView(new ArrayBuffer(8));

  /** @param bound bytes held in memory */
  constructor(
    private readonly bound: number,
    private readonly makeSpill: MakeSpill,
  ) {}

  /** Starts on another value; what was written before is gone. */
  begin(): this {
    this.close();
    this.start = FRONT;
    this.at = FRONT;
    return this;
  }

  get size(): number {
    return this.at - this.start + (this.spill?.size ?? 0);
  }

  put(source: Uint8Array, start = 0, end = source.length): void {
    const size = end - start;
    if (size > this.bound) {
      this.toSpill().write(source.subarray(start, end));
      return;
    }
    copyBytes(this.reserve(size), this.at, source, start, end);
    this.at += size;
  }

  byte(value: number): void {
    this.reserve(1)[this.at++] = value;
  }

  /** A length in its shortest form, taken as unsigned 64-bit. */
  length(value: Integer): void {
    this.at = putWideLength(this.reserve(MAX_LENGTH_BYTES), this.at, value);
  }

  /** A signed integer, 8 bytes little-endian. */
  int64(value: Integer): void {
    const bytes = this.reserve(8);
    putInt32LE(bytes, this.at, lowHalf(value));
    putInt32LE(bytes, this.at + 4, highHalf(value));
    this.at += 8;
  }

  /** A double, 8 bytes little-endian. */
  double(value: number): void {
    const { word } = this;
    word.setFloat64(0, value, true);
    const bytes = this.reserve(8);
    putInt32LE(bytes, this.at, word.getInt32(0, true));
    putInt32LE(bytes, this.at + 4, word.getInt32(4, true));
    this.at += 8;
  }

  /** The four halves of a stream id, 16 bytes big-endian. */
  id(msHigh: number, msLow: number, seqHigh: number, seqLow: number): void {
    const bytes = this.reserve(16);
    putInt32BE(bytes, this.at, msHigh);
    putInt32BE(bytes, this.at + 4, msLow);
    putInt32BE(bytes, this.at + 8, seqHigh);
    putInt32BE(bytes, this.at + 12, seqLow);
    this.at += 16;
  }

  /** Puts what another buffer holds behind everything. */
  append(other: ValueBuffer): void {
    for (const piece of other.pieces()) this.put(piece);
  }

  /** Puts a length in front of everything; room is there for two and a time. */
  lengthInFront(value: Integer): void {
    const length = new Uint8Array(MAX_LENGTH_BYTES);
    this.putInFront(length.subarray(0, putWideLength(length, 0, value)));
  }

  /** Puts a signed integer, 8 bytes little-endian, in front of everything. */
  int64InFront(value: Integer): void {
    const bytes = new Uint8Array(8);
    putInt32LE(bytes, 0, lowHalf(value));
    putInt32LE(bytes, 4, highHalf(value));
    this.putInFront(bytes);
  }

  *pieces(): Generator<Uint8Array> {
    const { bytes, start, at, spill } = this;
    if (spill === undefined) {
      yield bytes.subarray(start, at);
      return;
    }
    if (start < FRONT) yield bytes.subarray(start, FRONT);
    yield* spill.read();
    if (at > FRONT) yield bytes.subarray(FRONT, at);
  }

  close(): void {
    this.spill?.close();
    this.spill = undefined;
  }

  private putInFront(bytes: Uint8Array): void {
    this.start -= bytes.length;
    this.bytes.set(bytes, this.start);
  }

  /** Room for `size` more bytes at `at`, which may be at most the bound. */
  private reserve(size: number): Uint8Array {
    if (this.at + size <= this.bytes.length) return this.bytes;
    if (this.at + size - FRONT > this.bound) this.toSpill();
    const needed = this.at + size;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(2 * this.bytes.length, this.bound + FRONT)));
      grown.set(this.bytes.subarray(0, this.at));
      this.bytes = grown;
    }
    return this.bytes;
  }

  private toSpill(): Spill {
    this.spill ??= this.makeSpill();
    if (this.at > FRONT) this.spill.write(this.bytes.subarray(FRONT, this.at));
    this.at = FRONT;
    return this.spill;
  }
}

function putWideLength(target: Uint8Array, at: number, value: Integer): number {
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return putLength(target, at, Number(value));
  target[at] = 0x81;
  putInt32BE(target, at + 1, highHalf(value));
  putInt32BE(target, at + 5, lowHalf(value));
  return at + 9;
}
