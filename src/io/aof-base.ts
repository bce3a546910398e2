import { RdbkitError } from '../errors.js';
import { checkRdb } from './check-rdb.js';
import { rdbFile } from './rdb-source.js';
import { readError } from './read-error.js';
import { readHead } from './read-head.js';
import { trailerChecksum } from './trailer-checksum.js';

/** What a salvage made of a damaged dump. */
export interface SalvagedBase {
  /** Position in the source behind the dump: the log goes on there. Undefined when it is not known. */
  readonly end: number | undefined;
  /** Told on in the report of the repair. */
  readonly report: unknown;
}

/** Writes what is whole in a damaged dump as a new dump that must not be there yet. */
export type SalvageBase = (path: string, out: string, signal?: AbortSignal) => Promise<SalvagedBase>;

/** What stands before the commands of a part. */
export interface Preamble {
  /** Position behind it; 0 where there is none. */
  readonly end: number;
  /** Why it cannot be taken as it is. */
  readonly fault: RdbkitError | undefined;
}

const MAGIC = /^(?:REDIS|VALKEY)\d/;

/**
 * Looks whether a part begins with a dump, and whether that is whole: its checksum is right, or
 * every value of it was read.
 * @throws RdbkitError IO, ABORTED
 */
export async function readPreamble(path: string, size: number, signal?: AbortSignal): Promise<Preamble> {
  let head: Uint8Array;
  try {
    head = readHead(path, 16);
  } catch (thrown) {
    throw readError(thrown, path);
  }
  if (!MAGIC.test(String.fromCharCode(...head))) return { end: 0, fault: undefined };
  if ((await trailerChecksum(path)) === 'ok') return { end: size, fault: undefined };
  const check = await checkRdb(rdbFile(path), signal === undefined ? {} : { signal });
  const [fault] = check.faults;
  if (fault === undefined) return { end: size - check.trailingBytes, fault: undefined };
  const { code, message, offset, where } = fault;
  return { end: size, fault: new RdbkitError(code, message, { subject: path, offset, where }) };
}
