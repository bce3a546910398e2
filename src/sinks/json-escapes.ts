import { latin1Bytes } from '../bytes/ascii.js';
import { NOT_UTF8, UTF8_WHOLE, utf8State } from '../bytes/utf8.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { putJsonLatin1, putJsonLatin1Piece, putJsonText, putJsonTextPiece } from './json-text.js';
import type { OutputBuffer } from './output-buffer.js';

const QUOTE = 0x22;

/** How bytes become JSON strings; no two byte strings become the same one. */
export abstract class JsonEscapes {
  /** Writes bytes, quotes included. */
  abstract put(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void;

  /** Writes the string that the current token is or begins, to its last fragment. */
  putToken(out: OutputBuffer, token: Token, value: ValueReader): void {
    const { cursor } = value;
    if (token !== Token.fragment) {
      if (cursor.isInteger) cursor.formatInteger();
      this.put(out, cursor.text, cursor.textStart, cursor.textEnd);
      return;
    }
    out.byte(QUOTE);
    for (;;) {
      this.piece(out, cursor.text, cursor.textStart, cursor.textEnd);
      if (cursor.isLast) break;
      value.next();
    }
    this.end(out);
  }

  /** Writes a piece of the inside of a string, which may be cut anywhere. */
  protected abstract piece(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void;

  /** Ends a string that came in pieces. */
  protected end(out: OutputBuffer): void {
    out.byte(QUOTE);
  }
}

/**
 * Text as UTF-8. A byte that belongs to no valid character becomes the lone surrogate U+DC00 plus
 * the byte, escaped (`\udcff` for FF), as Python's `surrogateescape` has it (PEP 383), which turns
 * the text back into the bytes.
 */
export class Utf8Escapes extends JsonEscapes {
  /** Bytes of a character that has not come to its end. */
  private readonly open = new Uint8Array(4);
  private openSize = 0;
  private readonly one = new Uint8Array(1);

  override put(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    if (putJsonText(out, bytes, start, end)) return;
    out.byte(QUOTE);
    this.piece(out, bytes, start, end);
    this.end(out);
  }

  /** Writes a piece: the valid text in it at once, the rest byte by byte. */
  protected override piece(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    for (let from = start; from < end; ) {
      if (this.openSize === 0) {
        const to = plainEnd(bytes, from, end);
        putJsonTextPiece(out, bytes, from, to, UTF8_WHOLE);
        from = to;
      }
      if (from < end) this.step(out, bytes[from++] as number);
    }
  }

  private step(out: OutputBuffer, byte: number): void {
    const { open } = this;
    if (this.openSize === 0 && (byte < FIRST_LEAD || byte > LAST_LEAD)) {
      putSurrogate(out, byte);
      return;
    }
    open[this.openSize++] = byte;
    const state = utf8State(open, 0, this.openSize, UTF8_WHOLE);
    if (state === UTF8_WHOLE) {
      putJsonTextPiece(out, open, 0, this.openSize, UTF8_WHOLE);
      this.openSize = 0;
    } else if (state === NOT_UTF8) {
      const size = this.openSize;
      this.openSize = 0;
      if (size === 1) {
        putSurrogate(out, byte);
        return;
      }
      // What was begun is no character; the byte that shows it may begin another.
      for (let i = 0; i < size - 1; i++) putSurrogate(out, open[i] as number);
      this.one[0] = byte;
      this.piece(out, this.one, 0, 1);
    }
  }

  protected override end(out: OutputBuffer): void {
    for (let i = 0; i < this.openSize; i++) putSurrogate(out, this.open[i] as number);
    this.openSize = 0;
    super.end(out);
  }
}

/** Each byte as the character of its number. */
export class Latin1Escapes extends JsonEscapes {
  override put(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    putJsonLatin1(out, bytes, start, end);
  }

  protected override piece(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    putJsonLatin1Piece(out, bytes, start, end);
  }
}

/** Where the ASCII that a piece begins with ends. */
function plainEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) < 0x80) at++;
  return at;
}

/** No character begins with a byte from 80 on that is not between these. */
const FIRST_LEAD = 0xc2;
const LAST_LEAD = 0xf4;

const SURROGATE = latin1Bytes('\\udc');
const HEX = latin1Bytes('0123456789abcdef');

function putSurrogate(out: OutputBuffer, byte: number): void {
  out.ensure(SURROGATE.length + 2);
  const { bytes } = out;
  for (let i = 0; i < SURROGATE.length; i++) bytes[out.at++] = SURROGATE[i] as number;
  bytes[out.at++] = HEX[byte >> 4] as number;
  bytes[out.at++] = HEX[byte & 15] as number;
}
