import { MAX_INTEGER_DIGITS, putInteger } from '../bytes/ascii.js';
import { highHalf, type Integer, lowHalf, unsignedInteger } from '../bytes/integer.js';
import type { StreamId } from './values/value.js';

/** An id of a stream entry as a cursor has it: two unsigned 64-bit numbers, each in halves. */
export interface IdHalves {
  readonly msHigh: number;
  readonly msLow: number;
  readonly seqHigh: number;
  readonly seqLow: number;
}

const DASH = 0x2d;

/** Most bytes of `<ms>-<seq>`. */
export const MAX_ID_BYTES = 2 * MAX_INTEGER_DIGITS + 1;

export const ZERO_ID: StreamId = { ms: 0, seq: 0 };

export function idOf({ msHigh, msLow, seqHigh, seqLow }: IdHalves): StreamId {
  return { ms: unsignedInteger(msHigh, msLow), seq: unsignedInteger(seqHigh, seqLow) };
}

/** The four halves of an id. */
export function idHalves({ ms, seq }: StreamId): readonly [number, number, number, number] {
  return [highHalf(ms), lowHalf(ms), highHalf(seq), lowHalf(seq)];
}

/** `1526919030474-55`, as commands take it. */
export function idText({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

/** The text of an id that is in halves. */
export function halvesText({ msHigh, msLow, seqHigh, seqLow }: IdHalves): string {
  return `${unsignedInteger(msHigh, msLow)}-${unsignedInteger(seqHigh, seqLow)}`;
}

/** Writes the text of an id, of `MAX_ID_BYTES` at most, and returns the position behind it. */
export function putIdText(target: Uint8Array, pos: number, ms: Integer, seq: Integer): number {
  const dash = putInteger(target, pos, ms);
  target[dash] = DASH;
  return putInteger(target, dash + 1, seq);
}

/** Negative, zero or positive as `a` is before `b`, the same or behind it. */
export function compareIds(a: StreamId, b: StreamId): number {
  return compareIntegers(a.ms, b.ms) || compareIntegers(a.seq, b.seq);
}

function compareIntegers(a: Integer, b: Integer): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The same of the id whose four halves stand at `ids[at]` and another in halves. */
export function compareHalves(
  ids: Int32Array,
  at: number,
  msHigh: number,
  msLow: number,
  seqHigh: number,
  seqLow: number,
): number {
  return (
    ((ids[at] as number) >>> 0) - (msHigh >>> 0) ||
    ((ids[at + 1] as number) >>> 0) - (msLow >>> 0) ||
    ((ids[at + 2] as number) >>> 0) - (seqHigh >>> 0) ||
    ((ids[at + 3] as number) >>> 0) - (seqLow >>> 0)
  );
}
