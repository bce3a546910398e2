import type { Integer } from '../../bytes/integer.js';
import type { StreamId } from '../values/value.js';
import { compareIds } from './stream-nodes.js';

/** What a stream knows besides its entries and groups. */
export interface StreamState {
  /** Id of the last entry ever added; that of the last entry when left out. */
  readonly lastId?: StreamId | undefined;
  /** Smallest id; that of the first entry when left out. */
  readonly firstId?: StreamId | undefined;
  /** Largest id ever deleted. */
  readonly maxDeletedId?: StreamId | undefined;
  /** Entries ever added; those that are there when left out, as for a stream from before Redis 7.0. */
  readonly entriesAdded?: Integer | undefined;
}

export const ZERO_ID: StreamId = { ms: 0, seq: 0 };

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
