import type { LogHead, LogPart, RecordBatch } from '../record.js';

/** What is looked for: the first command so late, or the one that stands at a position of a part. */
export type Wanted =
  | { readonly kind: 'time'; readonly seconds: number }
  | { readonly kind: 'offset'; readonly offset: number };

/** A place between two commands, outside of transactions, and what holds there. */
export interface FoundPlace {
  readonly part: LogPart;
  readonly offset: number;
  readonly db: number;
  readonly timeSeconds: number;
}

/** Positions that may be used instead of one that may not. */
export interface Misfit {
  readonly why: 'inside a command' | 'inside a transaction' | 'behind the end' | 'inside the dump';
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/**
 * Finds a place in the records of a log. What lies in a transaction belongs to the place of its
 * MULTI, so that a time never cuts one.
 */
export class PlaceFinder {
  found: FoundPlace | undefined;
  /** Set where an offset is none at which reading can begin or end. */
  misfit: Misfit | undefined;
  /** Commands before the first that has a time. */
  timeless = 0;
  hasTimes = false;
  /** A time was found that is late enough. */
  isLateEnough = false;
  private multi: FoundPlace | undefined;
  /** Behind the last command, or the dump. */
  private reached = 0;
  /** A position in a transaction was met; its end is waited for. */
  private waiting: Misfit | undefined;

  constructor(private readonly wanted: Wanted) {}

  get isSettled(): boolean {
    return this.found !== undefined || this.misfit !== undefined;
  }

  /** Begins a part, or what follows its dump. */
  begin(offset: number): void {
    this.reached = offset;
    const { wanted } = this;
    if (wanted.kind === 'offset' && wanted.offset < offset) {
      this.misfit = { why: 'inside the dump', before: undefined, after: offset };
    }
  }

  take(batch: RecordBatch): void {
    for (const record of batch.records) {
      if (record.kind !== 'log-command' && record.kind !== 'log-begin') continue;
      if (record.spec.role === 'multi') this.multi = placeOf(record);
      if (this.wanted.kind === 'time') this.matchTime(record, this.wanted.seconds);
      else this.matchOffset(record, this.wanted.offset);
      if (this.isSettled) return;
      this.reached = record.endOffset;
    }
  }

  /**
   * Says that the part ends at `place`, behind its last command, within a transaction or not.
   * @param isLast no other part is searched
   */
  end(place: FoundPlace, isOpen: boolean, isLast: boolean): void {
    const { wanted } = this;
    if (this.isSettled) return;
    if (wanted.kind === 'time') {
      // Nothing is so late yet: what comes next may be.
      if (isLast) this.found = isOpen ? this.multi : place;
    } else if (this.waiting !== undefined) {
      this.misfit = this.waiting;
    } else if (wanted.offset !== place.offset && wanted.offset !== this.reached) {
      const before = isOpen ? this.multi?.offset : this.reached;
      this.misfit = { why: 'behind the end', before, after: undefined };
    } else if (isOpen) {
      this.misfit = this.inTransaction();
    } else {
      this.found = place;
    }
  }

  private matchTime(record: LogHead, seconds: number): void {
    if (record.timeSeconds < 0) this.timeless++;
    else this.hasTimes = true;
    if (record.timeSeconds < seconds) return;
    this.isLateEnough = true;
    this.found = record.transaction > 0 ? (this.multi ?? placeOf(record)) : placeOf(record);
  }

  private matchOffset(record: LogHead, offset: number): void {
    const { role } = record.spec;
    if (this.waiting === undefined) {
      if (offset >= record.endOffset) return;
      if (record.transaction > 0 && role !== 'multi') this.waiting = this.inTransaction();
      else if (offset === record.offset || offset === this.reached) this.found = placeOf(record);
      else {
        const after = role === 'multi' ? undefined : record.endOffset;
        this.misfit = { why: 'inside a command', before: record.offset, after };
      }
    }
    if (this.waiting !== undefined && (role === 'exec' || role === 'discard')) {
      this.misfit = { ...this.waiting, after: record.endOffset };
    }
  }

  private inTransaction(): Misfit {
    return { why: 'inside a transaction', before: this.multi?.offset, after: undefined };
  }
}

function placeOf(record: LogHead): FoundPlace {
  const { part, offset, db, timeSeconds } = record;
  return { part, offset, db, timeSeconds };
}
