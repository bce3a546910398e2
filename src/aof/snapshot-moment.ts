import type { LogHead, LogPart, RecordBatch } from '../record.js';

/**
 * Seconds before a dump's `ctime` in which its snapshot may have been taken: the child that writes
 * the time does so after the fork, and servers stamp commands with a time that they read earlier.
 */
export const SNAPSHOT_DOUBT = 60;

/** A place in a log at which a second begins. */
export interface TimedPlace {
  readonly part: LogPart;
  readonly offset: number;
  readonly timeSeconds: number;
}

/** Places near the moment of a snapshot that are kept to choose from. */
const MOST_PLACES = 8;

/**
 * Looks in a log for the place at which a snapshot was taken, by the time in its header. The place
 * is certain when commands stand well before that time and none in the seconds that are in doubt.
 */
export class SnapshotMoment {
  /** The last command well before the snapshot was met. */
  hasBefore = false;
  /** Commands in the seconds that are in doubt, and those without a time. */
  doubtful = 0;
  /** The first command that is surely behind the snapshot. */
  after: TimedPlace | undefined;
  /** Places in the seconds that are in doubt, and the next behind them. */
  readonly places: TimedPlace[] = [];
  private lastTime = -1;
  private multi: TimedPlace | undefined;

  /** @param ctime Unix seconds, as the dump's header has them */
  constructor(private readonly ctime: number) {}

  get isSettled(): boolean {
    return this.after !== undefined;
  }

  take(batch: RecordBatch): void {
    for (const record of batch.records) {
      if (record.kind !== 'log-command' && record.kind !== 'log-begin') continue;
      this.enter(record);
      if (this.isSettled) return;
    }
  }

  private enter(record: LogHead): void {
    const { part, offset, timeSeconds, transaction, spec } = record;
    const own = { part, offset, timeSeconds };
    if (spec.role === 'multi') this.multi = own;
    const place = transaction > 0 ? (this.multi ?? own) : own;
    const isNew = timeSeconds !== this.lastTime;
    this.lastTime = timeSeconds;
    if (timeSeconds > this.ctime) {
      this.after = place;
      this.keep(place);
    } else if (timeSeconds < 0 || timeSeconds >= this.ctime - SNAPSHOT_DOUBT) {
      this.doubtful++;
      if (isNew) this.keep(place);
    } else {
      this.hasBefore = true;
    }
  }

  private keep(place: TimedPlace): void {
    if (this.places.length === MOST_PLACES) this.places.shift();
    this.places.push(place);
  }
}
