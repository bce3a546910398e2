import { RdbkitError } from '../errors.js';

const CR = 0x0d;
const LF = 0x0a;
const ARRAY = 0x2a;
const BULK = 0x24;

/**
 * Finds the end of one command, a RESP array of bulk strings, that begins at `start`.
 * @returns the index behind it, or -1 when bytes are missing
 * @throws RdbkitError INPUT_CORRUPT, with the index as offset, when it is none
 */
export function commandEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = lineEnd(bytes, start, end);
  if (at < 0) return -1;
  const argumentCount = headerNumber(bytes, start, at, ARRAY);
  for (let i = 0; i < argumentCount; i++) {
    const header = at;
    at = lineEnd(bytes, header, end);
    if (at < 0) return -1;
    const length = headerNumber(bytes, header, at, BULK);
    at += length + 2;
    if (at > end) return -1;
    if (bytes[at - 2] !== CR || bytes[at - 1] !== LF) throw corrupt('an argument is not closed', at - 2);
  }
  return at;
}

const LONGEST_HEADER = 32;

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  const stop = Math.min(end, start + LONGEST_HEADER);
  for (let at = start; at < stop; at++) if (bytes[at] === LF) return at + 1;
  if (end - start >= LONGEST_HEADER) throw corrupt('a header line has no end', start);
  return -1;
}

function headerNumber(bytes: Uint8Array, start: number, end: number, mark: number): number {
  if (bytes[start] !== mark || bytes[end - 2] !== CR || end - start < 4) {
    throw corrupt('no command where one should be', start);
  }
  let value = 0;
  for (let at = start + 1; at < end - 2; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) throw corrupt('a header holds no number', at);
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) throw corrupt('a header holds too large a number', start);
  return value;
}

function corrupt(message: string, offset: number): RdbkitError {
  return new RdbkitError('INPUT_CORRUPT', message, { offset });
}
