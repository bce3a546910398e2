import { NOT_UTF8, UTF8_NEXT, UTF8_WHOLE, type Utf8State, utf8State } from '../bytes/utf8.js';
import type { OutputBuffer } from './output-buffer.js';

/**
 * Bytes as JSON strings, written without a JS string in between. Two readings of bytes: as UTF-8,
 * which must be valid, and as Latin-1, where each byte is the code point of its number. Escaped is
 * what RFC 8259 demands and nothing else.
 *
 * Strings may come in pieces that are cut anywhere. What the next piece must begin with is then a
 * `Utf8State` that the caller carries from piece to piece, beginning with `UTF8_WHOLE`.
 */

/** See there why it has a name of its own here. */
const NEXT = UTF8_NEXT;

/** What a byte needs: nothing, */
const PLAIN = 0;
/** a backslash before it, */
const BACKSLASH = 1;
/** an escape instead of it, */
const CONTROL = 2;
/** or a look at its neighbours. */
const HIGH = 3;

const KIND = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x20) return CONTROL;
  if (byte >= 0x80) return HIGH;
  return byte === 0x22 || byte === 0x5c ? BACKSLASH : PLAIN;
});

/** The letter of a control character's short escape; 0 where it has none. */
const SHORT = new Uint8Array(0x20);
for (const [byte, letter] of [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
] as const) {
  SHORT[byte] = letter.charCodeAt(0);
}

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const QUOTE = 0x22;
const ESCAPE = 0x5c;

/** Longest form of one byte: `\u001f`. */
const MAX_EXPANSION = 6;

/** Room is made for so many bytes of input at a time. */
const STEP = 16 * 1024;

/**
 * Writes UTF-8 bytes as a JSON string, quotes included. False when they are not UTF-8; then
 * nothing was written.
 */
export function putJsonText(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): boolean {
  // Of a long string a part may be handed on before its end was seen.
  const isLong = end - start > STEP;
  if (isLong && utf8State(bytes, start, end, UTF8_WHOLE) !== UTF8_WHOLE) return false;
  out.ensure(isLong ? 1 : MAX_EXPANSION * (end - start) + 2);
  const { at } = out;
  out.bytes[out.at++] = QUOTE;
  const plainEnd = isLong ? start : putPlain(out, bytes, start, end);
  if (plainEnd < end && putJsonTextPiece(out, bytes, plainEnd, end, UTF8_WHOLE) !== UTF8_WHOLE) {
    out.at = at;
    return false;
  }
  if (isLong) out.ensure(1);
  out.bytes[out.at++] = QUOTE;
  return true;
}

/** Copies up to the first byte that is not plain ASCII, and returns its index. There is room. */
function putPlain(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): number {
  const target = out.bytes;
  const shift = out.at - start;
  let i = start;
  for (const last = end - 4; i <= last; i += 4) {
    const a = bytes[i] as number;
    const b = bytes[i + 1] as number;
    const c = bytes[i + 2] as number;
    const d = bytes[i + 3] as number;
    const kinds = (KIND[a] as number) | (KIND[b] as number) | (KIND[c] as number) | (KIND[d] as number);
    if (kinds !== PLAIN) break;
    const at = i + shift;
    target[at] = a;
    target[at + 1] = b;
    target[at + 2] = c;
    target[at + 3] = d;
  }
  for (; i < end; i++) {
    const byte = bytes[i] as number;
    if (KIND[byte] !== PLAIN) break;
    target[i + shift] = byte;
  }
  out.at = i + shift;
  return i;
}

/** Writes bytes as a JSON string in which each is one character U+0000 to U+00FF, quotes included. */
export function putJsonLatin1(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
  out.byte(QUOTE);
  putJsonLatin1Piece(out, bytes, start, end);
  out.byte(QUOTE);
}

/**
 * Writes a piece of a UTF-8 text as the inside of a JSON string and returns the state behind it.
 * With `NOT_UTF8` an unknown part of the piece was written: the caller goes back to where it began.
 */
export function putJsonTextPiece(
  out: OutputBuffer,
  bytes: Uint8Array,
  start: number,
  end: number,
  state: Utf8State,
): Utf8State {
  let next = state;
  for (let from = start; from < end && next !== NOT_UTF8; from += STEP) {
    const to = from + STEP < end ? from + STEP : end;
    out.ensure(MAX_EXPANSION * (to - from));
    next = putStep(out, bytes, from, to, next);
  }
  return next;
}

/** One step of the above, for which there is room. */
function putStep(
  out: OutputBuffer,
  bytes: Uint8Array,
  start: number,
  end: number,
  state: Utf8State,
): Utf8State {
  const target = out.bytes;
  let { at } = out;
  let next = state;
  let i = start;
  for (;;) {
    // Inside of a character, which a piece may begin with.
    while (next !== UTF8_WHOLE) {
      if (i >= end || next === NOT_UTF8) {
        out.at = at;
        return next;
      }
      const byte = bytes[i++] as number;
      target[at++] = byte;
      next = NEXT[(next << 8) | byte] as number;
    }
    for (;;) {
      if (i >= end) {
        out.at = at;
        return UTF8_WHOLE;
      }
      const byte = bytes[i++] as number;
      const kind = KIND[byte] as number;
      if (kind !== PLAIN) {
        if (kind === HIGH) {
          target[at++] = byte;
          next = NEXT[byte] as number;
          break;
        }
        if (kind === CONTROL) {
          at = putControl(target, at, byte);
          continue;
        }
        target[at++] = ESCAPE;
      }
      target[at++] = byte;
    }
  }
}

/** Writes a piece of a Latin-1 text as the inside of a JSON string. */
export function putJsonLatin1Piece(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
  for (let from = start; from < end; from += STEP) {
    const to = Math.min(from + STEP, end);
    out.ensure(MAX_EXPANSION * (to - from));
    const target = out.bytes;
    let { at } = out;
    for (let i = from; i < to; i++) {
      const byte = bytes[i] as number;
      const kind = KIND[byte] as number;
      if (kind === CONTROL) {
        at = putControl(target, at, byte);
      } else if (kind === HIGH) {
        target[at++] = 0xc0 | (byte >> 6);
        target[at++] = 0x80 | (byte & 0x3f);
      } else {
        if (kind === BACKSLASH) target[at++] = ESCAPE;
        target[at++] = byte;
      }
    }
    out.at = at;
  }
}

function putControl(target: Uint8Array, at: number, byte: number): number {
  target[at] = ESCAPE;
  const letter = SHORT[byte] as number;
  if (letter !== 0) {
    target[at + 1] = letter;
    return at + 2;
  }
  target[at + 1] = 0x75;
  target[at + 2] = 0x30;
  target[at + 3] = 0x30;
  target[at + 4] = HEX[byte >> 4] as number;
  target[at + 5] = HEX[byte & 15] as number;
  return at + 6;
}
