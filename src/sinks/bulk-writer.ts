import { putInteger } from '../bytes/ascii.js';
import { readInt32LE } from '../bytes/integer.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import type { OutputBuffer } from './output-buffer.js';
import { BULK, FRAME_BYTES, PIECE, putBulk, putBulkInteger, putHeader } from './resp-framing.js';

const CR = 0x0d;
const LF = 0x0a;

/** Up to so many bytes four at a time are copied faster than by `set`, which needs a view of its own. */
const SHORT = 256;

/** Bytes behind the last that copying four at a time may touch. */
const OVERRUN = 4;

/** Memory smaller than this holds the digits of a number; it is not worth another view. */
const LEAST_SOURCE = 256;

/** Bytes of the header of a string that is shorter than ten. */
const ONE_DIGIT_HEADER = 4;

/** Bytes that are written again and again, in words. */
export interface FixedBytes {
  readonly words: Int32Array;
  readonly size: number;
}

/** Bytes as `putFixed` takes them. */
export function fixedBytes(bytes: Uint8Array): FixedBytes {
  const padded = new Uint8Array((bytes.length + 3) & ~3);
  padded.set(bytes);
  const words = Int32Array.from({ length: padded.length >> 2 }, (_, i) => readInt32LE(padded, 4 * i));
  return { words, size: bytes.length };
}

/** Integers from the negative of this to it have at most nine characters. */
export const SHORT_INTEGER = 99_999_999;

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Writes bulk strings by the million, as the members of sorted sets: four bytes at a time, which
 * takes a third of what a loop over bytes does. It remembers the view of the memory that it reads
 * from and of the one that it writes into, which seldom change.
 */
export class BulkWriter {
  private source = NOTHING;
  private target = NOTHING;
  private sourceView: DataView = new DataView(NOTHING.buffer);
  private targetView: DataView = this.sourceView;

  /** An argument of bytes. */
  put(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size > PIECE) {
      putBulk(out, bytes, start, end);
      return;
    }
    out.ensure(size + FRAME_BYTES + OVERRUN);
    out.at = this.bulk(out.bytes, out.at, bytes, start, end);
  }

  /** Bytes as they are, whatever they belong to. */
  putPiece(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    out.ensure(end - start + OVERRUN);
    this.copy(out.bytes, out.at, bytes, start, end);
    out.at += end - start;
  }

  /** Bytes that are always the same. */
  putFixed(out: OutputBuffer, { words, size }: FixedBytes): void {
    out.ensure(size + OVERRUN);
    if (out.bytes !== this.target) this.writeInto(out.bytes);
    const { targetView } = this;
    for (let i = 0, { at } = out; i < words.length; i++, at += 4) {
      targetView.setInt32(at, words[i] as number, true);
    }
    out.at += size;
  }

  /** Two arguments of bytes. */
  putPair(
    out: OutputBuffer,
    first: Uint8Array,
    firstStart: number,
    firstEnd: number,
    second: Uint8Array,
    secondStart: number,
    secondEnd: number,
  ): void {
    const size = firstEnd - firstStart + secondEnd - secondStart;
    if (size > PIECE) {
      putBulk(out, first, firstStart, firstEnd);
      putBulk(out, second, secondStart, secondEnd);
      return;
    }
    out.ensure(size + 2 * FRAME_BYTES + OVERRUN);
    const at = this.bulk(out.bytes, out.at, first, firstStart, firstEnd);
    out.at = this.bulk(out.bytes, at, second, secondStart, secondEnd);
  }

  /** An integer of at most nine characters and bytes, each an argument. */
  putNumberPair(out: OutputBuffer, value: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start > PIECE) {
      putBulkInteger(out, value);
      putBulk(out, bytes, start, end);
      return;
    }
    out.ensure(end - start + 2 * FRAME_BYTES + OVERRUN);
    const target = out.bytes;
    const { at } = out;
    const digits = at + ONE_DIGIT_HEADER;
    const behind = putInteger(target, digits, value);
    putHeader(target, at, BULK, behind - digits);
    target[behind] = CR;
    target[behind + 1] = LF;
    out.at = this.bulk(target, behind + 2, bytes, start, end);
  }

  /** An argument that is the string of the current token, whole. */
  putString(out: OutputBuffer, cursor: ValueCursor): void {
    if (cursor.isInteger) cursor.formatInteger();
    this.put(out, cursor.text, cursor.textStart, cursor.textEnd);
  }

  /** A bulk string for which there is room; returns the position behind it. */
  private bulk(target: Uint8Array, pos: number, bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    const from = putHeader(target, pos, BULK, size);
    this.copy(target, from, bytes, start, end);
    const to = from + size;
    target[to] = CR;
    target[to + 1] = LF;
    return to + 2;
  }

  /** Copies bytes to `pos`, where there is room for `OVERRUN` more. */
  private copy(target: Uint8Array, pos: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start > SHORT || bytes.length < LEAST_SOURCE || end + OVERRUN > bytes.length) {
      copySlowly(target, pos, bytes, start, end);
      return;
    }
    if (bytes !== this.source) this.readFrom(bytes);
    if (target !== this.target) this.writeInto(target);
    const { sourceView, targetView } = this;
    for (let at = pos, i = start; i < end; at += 4, i += 4) {
      targetView.setInt32(at, sourceView.getInt32(i, true), true);
    }
  }

  private readFrom(bytes: Uint8Array): void {
    this.source = bytes;
    this.sourceView = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  private writeInto(bytes: Uint8Array): void {
    this.target = bytes;
    this.targetView = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

function copySlowly(target: Uint8Array, pos: number, bytes: Uint8Array, start: number, end: number): void {
  if (end - start > SHORT) target.set(bytes.subarray(start, end), pos);
  else for (let i = start, at = pos; i < end; i++) target[at++] = bytes[i] as number;
}
