/** The value of a stream in the corpus' truth. */
export interface StreamTruth {
  readonly entries: readonly [id: string, fields: readonly string[]][];
  readonly length: number;
  readonly lastId: string;
  readonly groups: readonly { readonly lastId: string }[];
}

/**
 * A stream from before 7.0 does not count what was added and read. Servers since then work that
 * out when they load it: no entry was deleted, as far as they know, and what a group has read they
 * know only if it is nothing, the first entry, or all.
 */
export function counted(stream: StreamTruth): unknown {
  const { entries, length, lastId, groups } = stream;
  const first = entries[0]?.[0];
  const read = (id: string): number | null => {
    if (length === 0) return 0;
    if (id === lastId) return length;
    if (id === first) return 1;
    return first !== undefined && isBefore(id, first) ? 0 : null;
  };
  return {
    ...stream,
    maxDeletedId: '0-0',
    entriesAdded: length,
    groups: groups.map((group) => ({ ...group, entriesRead: read(group.lastId) })),
  };
}

function isBefore(a: string, b: string): boolean {
  const [ams = 0n, aseq = 0n] = a.split('-').map(BigInt);
  const [bms = 0n, bseq = 0n] = b.split('-').map(BigInt);
  return ams < bms || (ams === bms && aseq < bseq);
}
