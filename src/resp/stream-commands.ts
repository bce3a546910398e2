import type { Integer } from '../bytes/integer.js';

/** Behind the key of an XADD that makes a stream without entries: the one it adds goes at once. */
export const NO_ENTRIES: readonly string[] = ['MAXLEN', '0', '0-1', 'x', 'y'];

/** Behind the key of XSETID. @param entriesAdded undefined where the server does not count (before Redis 7.0) */
export function stateArguments(
  lastId: string,
  entriesAdded: Integer | undefined,
  maxDeletedId: string,
): readonly string[] {
  if (entriesAdded === undefined) return [lastId];
  return [lastId, 'ENTRIESADDED', String(entriesAdded), 'MAXDELETEDID', maxDeletedId];
}

/** Behind the group of XGROUP CREATE. @param entriesRead undefined where it is not known, or not counted */
export function groupArguments(lastId: string, entriesRead: Integer | undefined): readonly string[] {
  return entriesRead === undefined ? [lastId] : [lastId, 'ENTRIESREAD', String(entriesRead)];
}
