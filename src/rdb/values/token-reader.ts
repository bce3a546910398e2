import { type Integer, unsignedInteger } from '../../bytes/integer.js';
import { RdbkitError } from '../../errors.js';
import type { Role } from '../grammar.js';
import type { ValueCursor } from './cursor.js';
import { Token } from './token.js';
import type { StreamId } from './value.js';

/** Takes tokens of a whole value as copies, in the order that the caller expects them. */
export class TokenReader {
  token: Token = Token.end;

  constructor(readonly cursor: ValueCursor) {}

  /** Moves on; false at the end of the value. */
  next(): boolean {
    this.token = this.cursor.next();
    if (this.token === Token.needInput) throw this.unexpected('all of its bytes');
    return this.token !== Token.end;
  }

  get role(): Role {
    return this.cursor.role;
  }

  /** The string that the current token is or begins, as a copy. */
  string(): Uint8Array {
    const { cursor } = this;
    if (this.token === Token.string) {
      if (cursor.isInteger) cursor.formatInteger();
      return cursor.text.slice(cursor.textStart, cursor.textEnd);
    }
    if (this.token !== Token.fragment) throw this.unexpected('a string');
    const whole = new Uint8Array(cursor.total);
    let at = 0;
    for (;;) {
      whole.set(cursor.text.subarray(cursor.textStart, cursor.textEnd), at);
      at += cursor.textEnd - cursor.textStart;
      if (cursor.isLast) return whole;
      this.next();
    }
  }

  nextString(): Uint8Array {
    this.next();
    return this.string();
  }

  /** The next token as an integer. */
  nextInteger(): Integer {
    this.next();
    return this.integer();
  }

  integer(): Integer {
    const value = this.cursor.integer;
    if ((this.token !== Token.number && this.token !== Token.count) || value === undefined) {
      throw this.unexpected('an integer');
    }
    return value;
  }

  /** The next token as the number of turns of a loop. */
  nextCount(): number {
    return Number(this.nextInteger());
  }

  /** The current id or entry. */
  id(): StreamId {
    const { cursor } = this;
    return {
      ms: unsignedInteger(cursor.msHigh, cursor.msLow),
      seq: unsignedInteger(cursor.seqHigh, cursor.seqLow),
    };
  }

  nextId(): StreamId {
    this.next();
    return this.id();
  }

  /** The next two integers as a stream id. */
  nextIdPair(): StreamId {
    return { ms: this.nextInteger(), seq: this.nextInteger() };
  }

  private unexpected(what: string): RdbkitError {
    return new RdbkitError('INTERNAL', `the value reader met token ${this.token} instead of ${what}`);
  }
}
