import type { RdbkitErrorCode } from '../../errors.js';
import { RdbkitError } from '../../errors.js';
import type { Magic } from '../magic.js';
import type { Dialect } from '../types.js';

/** A key that a report names: its first bytes, a copy. */
export interface NamedKey {
  readonly db: number;
  readonly key: Uint8Array;
  /** Bytes of the whole key. */
  readonly size: number;
}

/** Bytes of an input that could not be kept. */
export interface LostRange {
  readonly from: number;
  readonly to: number;
  readonly code: RdbkitErrorCode;
  readonly reason: string;
  /** The key whose record this is, or begins with, where that could be read. */
  readonly damaged: NamedKey | undefined;
  /** The last key kept before it, and the first behind it. */
  readonly before: NamedKey | undefined;
  readonly after: NamedKey | undefined;
  /**
   * False when the keys behind, up to the next SELECTDB, may belong to another database: one may
   * have been selected in the range. They stay in the one selected before.
   */
  readonly dbCertain: boolean;
  /** True when another database was selected in the range for certain. */
  readonly dbChanged: boolean;
  /** True when the key behind may have had an expiry that was lost with the range. */
  readonly expiryUnknown: boolean;
}

/** A database of which more was kept than the dump says that it has. */
export interface Excess {
  readonly db: number;
  /** By RESIZEDB. */
  readonly declared: number;
  readonly kept: number;
}

/** What begins in the last lost range and goes on to where the input ends. */
export interface CutValue {
  readonly offset: number;
  readonly db: number;
}

/** Items one after another that are kept, `[from, to)`, and the database selected before them. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly db: number;
}

/** What of a damaged dump can be kept. */
export interface SalvagePlan {
  readonly magic: Magic;
  /** As the header says, or an aux field behind it. */
  readonly dialect: Dialect;
  readonly segments: SegmentList;
  /** The first of them in full. */
  readonly lost: readonly LostRange[];
  readonly lostRanges: number;
  /** Bytes of the lost ranges in which nothing was looked for, as too much before came to nothing. */
  readonly unsearched: number;
  readonly lostBytes: number;
  /** Keys in the segments, names that come twice included. */
  readonly keys: number;
  /** Bytes of header, EOF and checksum, which are written anew. */
  readonly frameBytes: number;
  /** Bytes behind the end of the dump. */
  readonly trailingBytes: number;
  readonly hasEnd: boolean;
  /** Of the whole input; `unknown` where it has no end. */
  readonly checksum: 'ok' | 'absent' | 'bad' | 'unknown';
  readonly cut: CutValue | undefined;
  /** Databases in which keys are among those kept that are none, or twice. */
  readonly excess: readonly Excess[];
}

/** Damaged places that are told in full. */
export const MOST_TOLD = 1000;

const WORDS = 3;
const MOST_SEGMENTS = 1 << 20;

/** Segments in flat memory, 24 bytes each. */
export class SegmentList implements Iterable<Segment> {
  length = 0;
  private words = new Float64Array(16 * WORDS);

  /** @throws RdbkitError LIMIT_EXCEEDED beyond a million */
  add({ from, to, db }: Segment): void {
    if (this.length >= MOST_SEGMENTS) {
      throw new RdbkitError('LIMIT_EXCEEDED', `more than ${MOST_SEGMENTS} damaged places`, { offset: from });
    }
    const at = this.length++ * WORDS;
    if (at >= this.words.length) {
      const grown = new Float64Array(2 * this.words.length);
      grown.set(this.words);
      this.words = grown;
    }
    this.words[at] = from;
    this.words[at + 1] = to;
    this.words[at + 2] = db;
  }

  /** Bytes of all. */
  get bytes(): number {
    let sum = 0;
    for (const { from, to } of this) sum += to - from;
    return sum;
  }

  *[Symbol.iterator](): Generator<Segment> {
    const { words } = this;
    for (let i = 0; i < this.length; i++) {
      const at = i * WORDS;
      yield { from: words[at] as number, to: words[at + 1] as number, db: words[at + 2] as number };
    }
  }
}
