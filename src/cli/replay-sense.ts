import { RdbkitError } from '../index.js';
import type { ReplayOptions } from './replay-options.js';

/** The options of a replay whose address names a database. @throws RdbkitError USAGE with another one */
export function intoDb(options: ReplayOptions, db: number): ReplayOptions {
  if (options.mapDb !== undefined || options.toDb !== undefined) {
    throw new RdbkitError('USAGE', 'the address names a database, and --map-db or --to-db another', {
      hint: 'give one of them',
    });
  }
  return { ...options, toDb: db };
}

/** @throws RdbkitError USAGE for options that make no sense, or not together */
export function requireSense(
  name: string,
  { transactional, onDoubt, follow, until, positionDb, dryRun, from, afterRdb, expired }: ReplayOptions,
): void {
  const refuse = (message: string, hint: string) => {
    throw new RdbkitError('USAGE', message, { hint });
  };
  if (name === '-')
    refuse('a replay needs a log in files, to begin where it should', 'give the file or the folder');
  if (transactional !== undefined && onDoubt !== 'stop') {
    refuse('--transactional leaves no doubt', 'leave --on-doubt out');
  }
  if (from !== undefined && afterRdb !== undefined) {
    refuse('--from and --after-rdb exclude each other', 'give one of them');
  }
  if (expired === 'keep') {
    refuse('--expired keep makes no sense with a log, which says itself what has expired', 'leave it out');
  }
  if (positionDb !== undefined && transactional === undefined) {
    refuse('--position-db names the database of a key that is not given', 'give --transactional, too');
  }
  if (follow === true && until !== undefined)
    refuse('--follow has no end, and --until is one', 'give one of them');
  if (follow === true && dryRun === true)
    refuse('--dry-run of a log that is followed has no end', 'leave --follow out');
  if (positionDb !== undefined && !(Number.isInteger(positionDb) && positionDb >= 0)) {
    refuse('--position-db is no database', 'give its number');
  }
}
