import { RdbkitError } from '../errors.js';
import { readError } from './read-error.js';

const DAMAGED = 'see rdbkit check for all that is damaged, and rdbkit repair for a log of what is whole';

/** The error for a fault in a part of a log, in words for a person. */
export function logError(thrown: unknown, path: string): RdbkitError {
  if (thrown instanceof RdbkitError && /^INPUT_(?:CORRUPT|TRUNCATED|CHECKSUM)$/.test(thrown.code)) {
    thrown.hint ??= DAMAGED;
  }
  return readError(thrown, path);
}
