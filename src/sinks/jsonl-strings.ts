import { MAX_INTEGER_DIGITS, putInteger } from '../bytes/ascii.js';
import { signedInteger } from '../bytes/integer.js';
import { UTF8_WHOLE, type Utf8State, utf8State } from '../bytes/utf8.js';
import type { PackedReader } from '../encodings/packed.js';
import { RdbkitError } from '../errors.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { putJsonLatin1, putJsonLatin1Piece, putJsonText, putJsonTextPiece } from './json-text.js';
import type { OutputBuffer } from './output-buffer.js';

const QUOTE = 0x22;

/**
 * Writes the strings of a line as JSON strings, all in one reading. Each method returns false for
 * a string that is no UTF-8 where UTF-8 is asked for; the caller goes back to before it then.
 */
export class LineStrings {
  /** Whether bytes are read as Latin-1, else as UTF-8. */
  isLatin1 = false;

  put(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.isLatin1) return putJsonText(out, bytes, start, end);
    putJsonLatin1(out, bytes, start, end);
    return true;
  }

  /** Writes the string that a token is or begins, and reads on to its last fragment. */
  putToken(out: OutputBuffer, value: ValueReader, token: Token): boolean {
    const { cursor } = value;
    if (token !== Token.string) return this.putFragments(out, value, token);
    if (!cursor.isInteger) return this.put(out, cursor.text, cursor.textStart, cursor.textEnd);
    putQuotedInteger(out, cursor.valueHigh, cursor.valueLow);
    return true;
  }

  /** Writes the current entry of a packed blob. */
  putEntry(out: OutputBuffer, entry: PackedReader): boolean {
    if (!entry.isInteger) return this.put(out, entry.bytes, entry.start, entry.end);
    putQuotedInteger(out, entry.high, entry.low);
    return true;
  }

  private putFragments(out: OutputBuffer, value: ValueReader, first: Token): boolean {
    const { cursor } = value;
    let state = UTF8_WHOLE;
    out.byte(QUOTE);
    for (let token = first; ; token = value.next()) {
      requireFragment(token);
      const { text, textStart, textEnd } = cursor;
      if (this.isLatin1) putJsonLatin1Piece(out, text, textStart, textEnd);
      else state = putJsonTextPiece(out, text, textStart, textEnd, state);
      if (cursor.isLast) break;
    }
    out.byte(QUOTE);
    return state === UTF8_WHOLE;
  }
}

/** Writes the integer of a string token in quotes. */
function putQuotedInteger(out: OutputBuffer, high: number, low: number): void {
  out.ensure(MAX_INTEGER_DIGITS + 2);
  const { bytes } = out;
  bytes[out.at] = QUOTE;
  const integer = high === low >> 31 ? low : signedInteger(high, low);
  const end = putInteger(bytes, out.at + 1, integer);
  bytes[end] = QUOTE;
  out.at = end + 1;
}

/**
 * Reads a value through and says whether all of its strings are UTF-8.
 * @param counts is shown every token; strings for which it is false may be anything
 * @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED of the value, or what `counts` throws
 */
export function isUtf8Value(
  value: ValueReader,
  counts?: (token: Token, cursor: ValueCursor) => boolean,
): boolean {
  const { cursor } = value;
  let isUtf8 = true;
  let state: Utf8State = UTF8_WHOLE;
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (counts?.(token, cursor) === false || !isUtf8) continue;
    if (token === Token.string) {
      isUtf8 =
        cursor.isInteger ||
        utf8State(cursor.text, cursor.textStart, cursor.textEnd, UTF8_WHOLE) === UTF8_WHOLE;
    } else if (token === Token.fragment) {
      state = utf8State(cursor.text, cursor.textStart, cursor.textEnd, cursor.isFirst ? UTF8_WHOLE : state);
      if (cursor.isLast) isUtf8 = state === UTF8_WHOLE;
    }
  }
  return isUtf8;
}

function requireFragment(token: Token): void {
  if (token === Token.fragment) return;
  throw new RdbkitError('INTERNAL', `a JSON writer met token ${token} instead of a string`);
}
