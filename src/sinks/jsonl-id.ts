import { MAX_INTEGER_DIGITS, putInteger } from '../bytes/ascii.js';
import { type Integer, unsignedInteger } from '../bytes/integer.js';
import type { OutputBuffer } from './output-buffer.js';

const QUOTE = 0x22;
const DASH = 0x2d;

/** Most bytes of `"<ms>-<seq>"`. */
const MAX_ID_BYTES = 2 * MAX_INTEGER_DIGITS + 3;

/** Writes a stream id from its four halves as a JSON string. */
export function putId(
  out: OutputBuffer,
  msHigh: number,
  msLow: number,
  seqHigh: number,
  seqLow: number,
): void {
  putIdPair(out, unsignedInteger(msHigh, msLow), unsignedInteger(seqHigh, seqLow));
}

/** Writes a stream id from its two numbers as a JSON string. */
export function putIdPair(out: OutputBuffer, ms: Integer, seq: Integer): void {
  out.ensure(MAX_ID_BYTES);
  const { bytes } = out;
  bytes[out.at] = QUOTE;
  let at = putInteger(bytes, out.at + 1, ms);
  bytes[at++] = DASH;
  at = putInteger(bytes, at, seq);
  bytes[at] = QUOTE;
  out.at = at + 1;
}
