import { RdbkitError } from '../../errors.js';
import type { Limits } from '../../limits.js';
import type { KeyHead } from '../../record.js';
import { Role } from '../grammar.js';
import { ValueCursor } from '../values/cursor.js';
import { valueTypeOf } from '../values/decode.js';
import { Token } from '../values/token.js';
import type { ValueReader } from '../values/value-reader.js';
import type { RandomAccess } from './file-view.js';

/** Hashes in which the expiry of a field stands behind its value, and always does. */
const EXPIRY_BEHIND: ReadonlySet<string> = new Set([
  'hash-hashtable-2',
  'hash-listpack-ex',
  'hash-listpack-ex-pre-ga',
]);

/**
 * The whole elements of a value that is cut off, as if it ended behind the last of them: of lists,
 * sets, sorted sets and hashes, and the entries of streams, whose groups come behind them and are
 * not among them. Packed blobs count when they are whole.
 */
export class PartialValue implements ValueReader {
  readonly cursor: ValueCursor;
  /** Whole elements. */
  readonly elements: number;
  /** Tokens up to the end of the last of them. */
  private readonly tokens: number;
  private readonly piece: Uint8Array;
  private readAt = 0;
  private taken = 0;
  /** Of the entry of a stream: strings still to come, and whether it was deleted. */
  private entryStrings = 0;
  private isDeleted = false;

  /** @param end where the input ends */
  constructor(
    private readonly input: RandomAccess,
    private readonly head: KeyHead,
    private readonly end: number,
    limits: Limits,
  ) {
    this.cursor = new ValueCursor(limits);
    this.piece = new Uint8Array(limits.partBytes);
    const found = this.count();
    this.elements = found.elements;
    this.tokens = found.tokens;
  }

  /** Bytes that are there. */
  get size(): number {
    return this.end - this.head.valueOffset;
  }

  open(): void {
    this.readAt = this.head.valueOffset;
    this.taken = 0;
    this.cursor.openParts(valueTypeOf(this.head.type), this.head.valueOffset, this.head.templates);
  }

  next(): Token {
    if (this.taken >= this.tokens) return Token.end;
    this.taken++;
    return this.nextThere();
  }

  pieces(): Iterable<Uint8Array> {
    throw new RdbkitError('INTERNAL', 'a value that is cut off has no bytes to hand on');
  }

  /** The next token; `needInput` where the input ends. */
  private nextThere(): Token {
    for (;;) {
      const token = this.cursor.next();
      if (token !== Token.needInput || this.readAt >= this.end) return token;
      const piece = this.piece.subarray(0, Math.min(this.piece.length, this.end - this.readAt));
      this.readAt += this.input.readAt(this.readAt, piece);
      this.cursor.feed(piece);
    }
  }

  private count(): { elements: number; tokens: number } {
    const { name } = valueTypeOf(this.head.type);
    const found = { elements: 0, tokens: 0 };
    let tokens = 0;
    this.open();
    try {
      for (let token = this.nextThere(); token !== Token.needInput && token !== Token.end; ) {
        tokens++;
        if (this.endsElement(token, EXPIRY_BEHIND.has(name))) {
          found.elements++;
          found.tokens = tokens;
        }
        token = this.nextThere();
      }
    } catch (thrown) {
      const { code } = RdbkitError.from(thrown);
      if (code === 'INTERNAL' || code === 'IO') throw thrown;
      // The end of the input can look like damage; what is whole stands before it.
    }
    return found;
  }

  private endsElement(token: Token, expiryBehind: boolean): boolean {
    const { cursor } = this;
    const isString = token === Token.string || (token === Token.fragment && cursor.isLast);
    switch (this.head.type.family) {
      case 'list':
      case 'set':
        return isString;
      case 'zset':
        return cursor.role === Role.score;
      case 'hash':
        return expiryBehind ? cursor.role === Role.fieldExpiry : isString && cursor.role === Role.value;
      case 'stream': {
        if (cursor.role === Role.streamEntry) {
          this.entryStrings = 2 * cursor.pairs;
          this.isDeleted = cursor.deleted;
          return this.entryStrings === 0 && !this.isDeleted;
        }
        if (!isString || (cursor.role !== Role.field && cursor.role !== Role.value)) return false;
        return --this.entryStrings === 0 && !this.isDeleted;
      }
      default:
        return false;
    }
  }
}
