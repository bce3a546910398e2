import type { OutputBuffer } from './output-buffer.js';

const LETTERS = Uint8Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  (letter) => letter.charCodeAt(0),
);
const PADDING = 0x3d;
const QUOTE = 0x22;

/** Room is made for so many bytes of input at a time; three make four letters. */
const STEP = 3 * 4096;

/** Writes bytes that come in pieces as one JSON string of base64 (RFC 4648, with padding). */
export function putBase64(out: OutputBuffer, pieces: Iterable<Uint8Array>): void {
  // Up to two bytes that wait for a third, and how many they are.
  let waiting = 0;
  let count = 0;
  out.byte(QUOTE);
  for (const piece of pieces) {
    let i = 0;
    for (; count > 0 && count < 3 && i < piece.length; count++)
      waiting = (waiting << 8) | (piece[i++] as number);
    if (count === 3) {
      out.ensure(4);
      putLetters(out, waiting);
      count = 0;
    }
    if (count > 0) continue;
    const whole = piece.length - ((piece.length - i) % 3);
    while (i < whole) {
      const stop = Math.min(whole, i + STEP);
      out.ensure(((stop - i) / 3) * 4);
      for (; i < stop; i += 3) {
        putLetters(
          out,
          ((piece[i] as number) << 16) | ((piece[i + 1] as number) << 8) | (piece[i + 2] as number),
        );
      }
    }
    waiting = 0;
    for (; i < piece.length; count++) waiting = (waiting << 8) | (piece[i++] as number);
  }
  out.ensure(5);
  if (count > 0) {
    putLetters(out, waiting << (8 * (3 - count)));
    out.bytes.fill(PADDING, out.at - 3 + count, out.at);
  }
  out.byte(QUOTE);
}

/** Writes 24 bits as four letters, for which there is room. */
function putLetters(out: OutputBuffer, bits: number): void {
  const { bytes, at } = out;
  bytes[at] = LETTERS[bits >> 18] as number;
  bytes[at + 1] = LETTERS[(bits >> 12) & 63] as number;
  bytes[at + 2] = LETTERS[(bits >> 6) & 63] as number;
  bytes[at + 3] = LETTERS[bits & 63] as number;
  out.at = at + 4;
}
