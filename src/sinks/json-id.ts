import { type Integer, unsignedInteger } from '../bytes/integer.js';
import { type IdHalves, MAX_ID_BYTES, putIdText } from '../rdb/stream-id.js';
import type { OutputBuffer } from './output-buffer.js';

const QUOTE = 0x22;

/** Writes the id of an entry or id token as a JSON string. */
export function putId(out: OutputBuffer, { msHigh, msLow, seqHigh, seqLow }: IdHalves): void {
  putIdPair(out, unsignedInteger(msHigh, msLow), unsignedInteger(seqHigh, seqLow));
}

/** Writes a stream id from its two numbers as a JSON string. */
export function putIdPair(out: OutputBuffer, ms: Integer, seq: Integer): void {
  out.ensure(MAX_ID_BYTES + 2);
  const { bytes } = out;
  bytes[out.at] = QUOTE;
  const end = putIdText(bytes, out.at + 1, ms, seq);
  bytes[end] = QUOTE;
  out.at = end + 1;
}
