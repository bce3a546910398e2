import { RdbkitError, type RdbkitErrorCode } from './errors.js';
import { defaultLimits } from './limits.js';
import type { KeyHead } from './record.js';

/** What became of the records of one database and type. */
export interface Tally {
  /** Database in the source; -1 for what belongs to none. */
  readonly db: number;
  /** `string`, `hash`, …; `function` and `module-aux` for what is no key. */
  readonly type: string;
  read: number;
  /** Serialized bytes of keys and values read. */
  bytes: number;
  written: number;
  skipped: number;
  failed: number;
}

/** Why a record was not written: the kind of fault, and words that are the same for the same cause. */
export interface Refusal {
  /** `CONFLICT` for a key that exists or collides, else the code of the error. */
  readonly code: RdbkitErrorCode | 'CONFLICT';
  readonly cause: string;
}

/** A record that was not written, for `--rejects`. */
export interface Reject extends Refusal {
  readonly db: number;
  /** A copy. */
  readonly key: Uint8Array;
  /** What was tried: `RESTORE`, `FUNCTION LOAD`, …; undefined when it did not come to that. */
  readonly command: string | undefined;
}

export type Totals = Pick<Tally, 'read' | 'bytes' | 'written' | 'skipped' | 'failed'>;

const SHOWN_REJECTS = 5;
const MAX_CAUSES = 100;

/**
 * The books of one run: every record read ends as written, skipped or failed, by database and
 * type of the source. Kept by `run` and by the sink together.
 */
export class Account {
  readonly tallies: Tally[] = [];
  /** Skipped keys by reason. */
  readonly reasons = new Map<string, number>();
  /** Failed keys by cause; causes beyond the hundredth are counted as `other`. */
  readonly causes = new Map<string, number>();
  /** Reasons and causes of what is no key. */
  readonly besides = new Map<string, number>();
  /** Things worth saying that are no failures, with how often they happened. */
  readonly notes = new Map<string, number>();
  /** The first few rejects, for the terminal. */
  readonly shown: Reject[] = [];
  /** Called for every reject. */
  onReject: ((reject: Reject) => void) | undefined;

  private readonly indexes = new Map<string, number>();
  private lastDb = Number.NaN;
  private lastType = '';
  private lastIndex = -1;

  /** Opens or finds the tally of a database and type. */
  tallyIndex(db: number, type: string): number {
    if (db === this.lastDb && type === this.lastType) return this.lastIndex;
    const name = `${db} ${type}`;
    let index = this.indexes.get(name);
    if (index === undefined) {
      if (this.tallies.length >= defaultLimits.maxDatabases) {
        throw new RdbkitError('LIMIT_EXCEEDED', 'more databases than an account can hold', {
          where: `database ${db}`,
        });
      }
      index = this.tallies.push({ db, type, read: 0, bytes: 0, written: 0, skipped: 0, failed: 0 }) - 1;
      this.indexes.set(name, index);
    }
    this.lastDb = db;
    this.lastType = type;
    this.lastIndex = index;
    return index;
  }

  /** Enters a record as read; its outcome must follow under the index returned. */
  read(db: number, type: string, bytes: number): number {
    const index = this.tallyIndex(db, type);
    const tally = this.tallies[index] as Tally;
    tally.read++;
    tally.bytes += bytes;
    return index;
  }

  /** Adds bytes to a record entered before: those of a value in parts. */
  addBytes(index: number, bytes: number): void {
    (this.tallies[index] as Tally).bytes += bytes;
  }

  written(index: number): void {
    (this.tallies[index] as Tally).written++;
  }

  skipped(index: number, reason: string): void {
    const tally = this.tallies[index] as Tally;
    tally.skipped++;
    count(tally.db < 0 ? this.besides : this.reasons, reason);
  }

  failed(index: number, cause: string): void {
    const tally = this.tallies[index] as Tally;
    tally.failed++;
    count(tally.db < 0 ? this.besides : this.causes, cause);
  }

  /** Names a record that was not written. */
  reject(reject: Reject): void {
    if (this.shown.length < SHOWN_REJECTS) this.shown.push(reject);
    this.onReject?.(reject);
  }

  /** A failed record, named. */
  fail(head: KeyHead, command: string | undefined, refusal: Refusal): void {
    this.failed(head.tally, refusal.cause);
    this.reject({ db: head.db, key: head.key.slice(), command, ...refusal });
  }

  /** Enters every record without outcome as failed, when a run has ended too soon. */
  settle(cause: string): void {
    for (const [index, { read, written, skipped, failed }] of this.tallies.entries()) {
      for (let open = read - written - skipped - failed; open > 0; open--) this.failed(index, cause);
    }
  }

  note(text: string, times = 1): void {
    count(this.notes, text, times);
  }

  /** Sums over the tallies that `select` picks; keys only when it is left out. */
  totals(select: (tally: Tally) => boolean = (tally) => tally.db >= 0): Totals {
    const sum = { read: 0, bytes: 0, written: 0, skipped: 0, failed: 0 };
    for (const tally of this.tallies) {
      if (!select(tally)) continue;
      sum.read += tally.read;
      sum.bytes += tally.bytes;
      sum.written += tally.written;
      sum.skipped += tally.skipped;
      sum.failed += tally.failed;
    }
    return sum;
  }

  /** @throws RdbkitError INTERNAL when a record has no outcome, or two */
  balance(): void {
    for (const { db, type, read, written, skipped, failed } of this.tallies) {
      if (read === written + skipped + failed) continue;
      throw new RdbkitError(
        'INTERNAL',
        `the account of ${type} in database ${db} does not balance: ${read} read, ${written} written, ${skipped} skipped, ${failed} failed`,
      );
    }
  }
}

function count(counts: Map<string, number>, text: string, times = 1): void {
  const name = counts.has(text) || counts.size < MAX_CAUSES ? text : 'other';
  counts.set(name, (counts.get(name) ?? 0) + times);
}
