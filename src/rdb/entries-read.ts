import type { Integer } from '../bytes/integer.js';
import { compareIds } from './stream-id.js';
import type { StreamId } from './values/value.js';

/** What stands in a dump for an unknown number of entries that a group has read: -1 as an unsigned integer. */
export const UNKNOWN_ENTRIES_READ = 0xffff_ffff_ffff_ffffn;

/** The entries that a group has read, undefined where the dump says that it is not known. */
export function knownEntriesRead(stored: Integer | undefined): Integer | undefined {
  return stored === UNKNOWN_ENTRIES_READ ? undefined : stored;
}

/**
 * Entries that a group has read whose source did not count them (Redis before 7.0), where that is
 * certain: a server that loads such a stream says the same (`streamEstimateDistanceFromFirstEverEntry`
 * in t_stream.c).
 */
export function entriesReadBefore7(
  groupLast: StreamId,
  length: number,
  first: StreamId,
  last: StreamId,
): Integer | undefined {
  if (length === 0) return 0;
  const toLast = compareIds(groupLast, last);
  if (toLast >= 0) return toLast === 0 ? length : undefined;
  const toFirst = compareIds(groupLast, first);
  if (toFirst < 0) return 0;
  return toFirst === 0 ? 1 : undefined;
}
