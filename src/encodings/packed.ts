import { RdbkitError } from '../errors.js';

/**
 * Walks the entries of one packed blob without building anything. After `next` returned true the
 * current entry is either the integer `high:low` or the bytes `[start, end)` of `bytes`.
 */
export interface PackedReader {
  /** Name of the encoding in errors. */
  readonly encoding: string;
  readonly bytes: Uint8Array;
  /** Number of entries passed, the current one included. */
  readonly count: number;
  readonly isInteger: boolean;
  /** Upper half of the integer, as a signed 32-bit number. */
  readonly high: number;
  /** Lower half of the integer, as a signed 32-bit number. */
  readonly low: number;
  readonly start: number;
  readonly end: number;
  /** @throws RdbkitError INPUT_CORRUPT when the header contradicts the size of the blob */
  open(bytes: Uint8Array, start: number, end: number): void;
  /** @throws RdbkitError INPUT_CORRUPT when the entry is malformed */
  next(): boolean;
}

/** The error for a fault inside a packed blob; the caller adds the file offset. */
export function corruptBlob(encoding: string, entry: number, message: string): RdbkitError {
  return new RdbkitError('INPUT_CORRUPT', message, { where: `${encoding} entry ${entry}` });
}

export function corruptHeader(encoding: string, message: string): RdbkitError {
  return new RdbkitError('INPUT_CORRUPT', message, { where: `${encoding} header` });
}
