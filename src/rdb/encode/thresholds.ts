import type { TargetFormat } from '../compat.js';

/** Up to where a server packs small values, by its default configuration. Sizes are bytes. */
export interface EncodingThresholds {
  /** `hash-max-listpack-entries` and `-value`, `-ziplist-` before Redis 7.0. */
  readonly hashEntries: number;
  readonly hashValueBytes: number;
  /** `set-max-intset-entries`. */
  readonly intsetEntries: number;
  /** `set-max-listpack-entries` and `-value`, since Redis 7.2. */
  readonly setEntries: number;
  readonly setValueBytes: number;
  /** `zset-max-listpack-entries` and `-value`, `-ziplist-` before Redis 7.0. */
  readonly zsetEntries: number;
  readonly zsetValueBytes: number;
  /** `list-max-ziplist-entries` and `-value`, before Redis 3.2. */
  readonly listEntries: number;
  readonly listValueBytes: number;
  /** `list-max-listpack-size` -2: size of a node of a quicklist. */
  readonly listNodeBytes: number;
  /** Elements above this get a node of their own that is no listpack, since Redis 7.0. */
  readonly listPlainBytes: number;
  /** `stream-node-max-bytes`. */
  readonly streamNodeBytes: number;
  /** `stream-node-max-entries`; 127 at most are put into a node. */
  readonly streamNodeEntries: number;
}

const KiB = 1024;

/** Redis 7.0 and 7.2, up to this RDB version, pack elements of up to 1 GiB; more than this we do not hold. */
const PACKS_LARGE = 11;
const LARGE_PACKED = 1024 * KiB;

/** The defaults of the servers that write an RDB version. */
export function defaultThresholds({ dialect, rdbVersion }: TargetFormat): EncodingThresholds {
  const packsLarge = dialect === 'redis' && rdbVersion <= PACKS_LARGE;
  return {
    hashEntries: 512,
    hashValueBytes: 64,
    intsetEntries: 512,
    setEntries: 128,
    setValueBytes: 64,
    zsetEntries: 128,
    zsetValueBytes: 64,
    listEntries: 512,
    listValueBytes: 64,
    listNodeBytes: 8 * KiB,
    listPlainBytes: packsLarge ? LARGE_PACKED : 8 * KiB,
    streamNodeBytes: 4 * KiB,
    streamNodeEntries: 100,
  };
}
