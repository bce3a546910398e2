import type { DoubtfulRange, InsertedSelect, LostRange } from '../aof/lost-ranges.js';
import type { PartPosition } from '../aof/mend-rules.js';

/** A command beside a range that was lost. */
export interface NamedNeighbour {
  readonly offset: number;
  readonly db: number;
  /** Upper case, with its subcommand. */
  readonly name: string;
  /** Its first key, where it has one that can be known. */
  readonly key: Uint8Array | undefined;
}

/** Bytes of a log that a repair leaves out, with the commands around them by name. */
export type LostBytes = Omit<LostRange, 'before' | 'after'> & {
  readonly before: NamedNeighbour | undefined;
  readonly after: NamedNeighbour | undefined;
};

/** Where the bytes of a part, or of all, went: `in` = kept + lost + removed + rewound + salvagedFrom. */
export interface RepairedBytes {
  readonly in: number;
  readonly kept: number;
  readonly lost: number;
  /** Left out because that was asked for. */
  readonly removed: number;
  /** Behind the end that was asked for. */
  readonly rewound: number;
  /** Of a damaged dump, from which another was made … */
  readonly salvagedFrom: number;
  /** … of so many bytes. */
  readonly salvagedTo: number;
  /** SELECTs put in. */
  readonly inserted: number;
  /** kept + salvagedTo + inserted. */
  readonly out: number;
}

export interface RepairedPart {
  readonly name: string;
  readonly role: 'base' | 'increment' | 'single';
  /** `absent` is not in the result: it is missing, is named twice, or lies behind the end asked for. */
  readonly result: 'unchanged' | 'mended' | 'absent';
  readonly bytes: RepairedBytes;
}

/** What a repair of an append-only log did. */
export interface AofRepair {
  readonly source: string;
  readonly output: string;
  readonly kind: 'single' | 'multi';
  readonly parts: readonly RepairedPart[];
  readonly bytes: RepairedBytes;
  /** SELECT, MULTI and EXEC included. Those behind the end that was asked for are not counted. */
  readonly commands: { readonly kept: number; readonly lost: number; readonly removed: number };
  /** The first 10,000 of `lostRanges` of each part. */
  readonly lost: readonly LostBytes[];
  readonly lostRanges: number;
  /** Parts that the manifest names and that are not there, or cannot be taken in, and lines that cannot be read. */
  readonly lostParts: readonly { readonly name: string; readonly reason: string }[];
  /** Commands whose database is not certain, as a SELECT may be lost before them. */
  readonly doubts: readonly DoubtfulRange[];
  readonly doubtfulRanges: number;
  readonly inserted: readonly InsertedSelect[];
  /** Where the log ends because that was asked for. */
  readonly end: PartPosition | undefined;
  /** What the salvage of a damaged base told. */
  readonly salvage: unknown;
  readonly manifestFaults: readonly string[];
  /** Files of the folder that look like parts, and are not taken in. */
  readonly orphans: readonly string[];
  readonly notes: readonly string[];
}

/** 0 when the result holds all that it was asked to hold, 1 when something is lost or in doubt. */
export function repairCode({ bytes, lostParts, doubtfulRanges }: AofRepair): 0 | 1 {
  const { lost, salvagedFrom } = bytes;
  return lost + salvagedFrom + lostParts.length + doubtfulRanges === 0 ? 0 : 1;
}

export const NO_BYTES: RepairedBytes = {
  in: 0,
  kept: 0,
  lost: 0,
  removed: 0,
  rewound: 0,
  salvagedFrom: 0,
  salvagedTo: 0,
  inserted: 0,
  out: 0,
};

export function addBytes(a: RepairedBytes, b: RepairedBytes): RepairedBytes {
  const names = Object.keys(NO_BYTES) as (keyof RepairedBytes)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as RepairedBytes;
}
