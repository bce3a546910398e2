import type { Limits } from '../../limits.js';
import type { KeyBegin, KeyRecord } from '../../record.js';
import type { Spill } from '../../spill.js';
import { ValueCursor } from './cursor.js';
import { openRecord, valueTypeOf } from './decode.js';
import { Token } from './token.js';

/** A value that a format may read any number of times, in memory or put aside. */
export interface ValueReader {
  /** Where the tokens are read from; move on by `next` of the reader only. */
  readonly cursor: ValueCursor;
  /** Serialized size in bytes. */
  readonly size: number;
  /** Starts at the beginning, also again. To be called before `next`. */
  open(): void;
  /** Moves to the next token; never `needInput`. @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED */
  next(): Token;
  /** The serialized value in pieces, each borrowed until the next. */
  pieces(): Iterable<Uint8Array>;
}

/** Reads values that are in memory as a whole. Kept for many records. */
export class InlineReader implements ValueReader {
  readonly cursor: ValueCursor;
  private record: KeyRecord | undefined;

  constructor(limits: Limits) {
    this.cursor = new ValueCursor(limits);
  }

  use(record: KeyRecord): this {
    this.record = record;
    return this;
  }

  get size(): number {
    return (this.record as KeyRecord).size;
  }

  open(): void {
    openRecord(this.cursor, this.record as KeyRecord);
  }

  next(): Token {
    return this.cursor.next();
  }

  pieces(): Iterable<Uint8Array> {
    return [(this.record as KeyRecord).value];
  }
}

/** Reads a value in parts that was put aside. */
export class SpilledReader implements ValueReader {
  readonly cursor: ValueCursor;
  private readonly piece: Uint8Array;
  private fedTo = 0;

  constructor(
    private readonly head: KeyBegin,
    private readonly spill: Spill,
    limits: Limits,
  ) {
    this.cursor = new ValueCursor(limits);
    this.piece = new Uint8Array(limits.partBytes);
  }

  get size(): number {
    return this.spill.size;
  }

  open(): void {
    this.fedTo = 0;
    this.cursor.openParts(valueTypeOf(this.head.type), this.head.valueOffset, this.head.templates);
  }

  next(): Token {
    for (;;) {
      const token = this.cursor.next();
      if (token !== Token.needInput) return token;
      const size = Math.min(this.piece.length, this.spill.size - this.fedTo);
      if (size === 0) {
        this.cursor.finish();
        continue;
      }
      const piece = this.piece.subarray(0, size);
      this.spill.readAt(this.fedTo, piece);
      this.fedTo += size;
      this.cursor.feed(piece);
    }
  }

  pieces(): Iterable<Uint8Array> {
    return this.spill.read();
  }
}
