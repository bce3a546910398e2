import { RdbkitError, type RdbkitErrorCode } from './errors.js';
import { defaultLimits } from './limits.js';
import type { KeyHead, LogHead } from './record.js';

/** What a tally counts: keys, commands of a log, or what is neither. */
export type Unit = 'key' | 'command' | 'other';

/** What became of the records of one database and type. */
export interface Tally {
  readonly unit: Unit;
  /** Database in the source; -1 for what belongs to none. */
  readonly db: number;
  /** `string`, `hash`, …; `SET`, `XGROUP CREATE`, …; `function` and `module-aux` for what is neither. */
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
  /** Where a command of a log stands: `part:offset`. */
  readonly position?: string | undefined;
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
  /** The same of commands. */
  readonly commandReasons = new Map<string, number>();
  readonly commandCauses = new Map<string, number>();
  /** Reasons and causes of what is neither. */
  readonly besides = new Map<string, number>();
  /** Things worth saying that are no failures, with how often they happened. */
  readonly notes = new Map<string, number>();
  /** How many of these notes say that a target was not in the state in which it should have been. */
  differences = 0;
  /** The first few rejects, for the terminal. */
  readonly shown: Reject[] = [];
  /** Called for every reject. */
  onReject: ((reject: Reject) => void) | undefined;

  private readonly indexes = new Map<string, number>();
  private lastDb = Number.NaN;
  private lastType = '';
  private lastUnit: Unit = 'key';
  private lastIndex = -1;

  /** Opens or finds the tally of a database and type. */
  tallyIndex(db: number, type: string, unit: Unit = db < 0 ? 'other' : 'key'): number {
    if (db === this.lastDb && type === this.lastType && unit === this.lastUnit) return this.lastIndex;
    const name = `${db} ${unit} ${type}`;
    let index = this.indexes.get(name);
    if (index === undefined) {
      if (this.tallies.length >= defaultLimits.maxDatabases) {
        throw new RdbkitError('LIMIT_EXCEEDED', 'more databases than an account can hold', {
          where: `database ${db}`,
        });
      }
      index = this.tallies.push({ unit, db, type, read: 0, bytes: 0, written: 0, skipped: 0, failed: 0 }) - 1;
      this.indexes.set(name, index);
    }
    this.lastDb = db;
    this.lastType = type;
    this.lastUnit = unit;
    this.lastIndex = index;
    return index;
  }

  /** Enters a record as read; its outcome must follow under the index returned. */
  read(db: number, type: string, bytes: number): number {
    return this.readAt(this.tallyIndex(db, type), bytes);
  }

  /** The same for the index of a tally. */
  readAt(index: number, bytes: number): number {
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
    count({ key: this.reasons, command: this.commandReasons, other: this.besides }[tally.unit], reason);
  }

  failed(index: number, cause: string): void {
    const tally = this.tallies[index] as Tally;
    tally.failed++;
    count({ key: this.causes, command: this.commandCauses, other: this.besides }[tally.unit], cause);
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

  /**
   * A failed command of a log, named by its name and position.
   * @param key the key concerned, borrowed; empty where there is none
   */
  failCommand(command: LogHead, refusal: Refusal, key: Uint8Array = NO_KEY): void {
    this.failed(command.tally, refusal.cause);
    this.reject({
      db: command.db,
      key: key.slice(),
      command: command.spec.name,
      position: positionText(command),
      ...refusal,
    });
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

  /** A note that says that a target was in another state than the commands of a log build on. */
  differ(text: string): void {
    this.differences++;
    this.note(text);
  }

  /** Sums over the tallies that `select` picks; keys only when it is left out. */
  totals(select: (tally: Tally) => boolean = (tally) => tally.unit === 'key'): Totals {
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

/** Where a command of a log stands, as users give it back to us: `part:offset`. */
export function positionText({ part, offset }: Pick<LogHead, 'part' | 'offset'>): string {
  return `${part.name}:${offset}`;
}

const NO_KEY = new Uint8Array(0);

function count(counts: Map<string, number>, text: string, times = 1): void {
  const name = counts.has(text) || counts.size < MAX_CAUSES ? text : 'other';
  counts.set(name, (counts.get(name) ?? 0) + times);
}
