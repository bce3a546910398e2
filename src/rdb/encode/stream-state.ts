import type { Integer } from '../../bytes/integer.js';
import type { StreamId } from '../values/value.js';

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
