import type { LogPart } from '../record.js';

/** Where a transaction began. */
export interface OpenTransaction {
  readonly part: LogPart;
  /** Position of its MULTI in the part. */
  readonly offset: number;
  /** Number of its MULTI in the source, as `LogHead.index`. */
  readonly index: number;
}

/** What the `#TS:` lines that were read said, in Unix seconds. */
export interface LogTimes {
  /** The first; -1 where there was none. */
  first: number;
  /** The greatest; -1 where there was none. */
  last: number;
  /** How often a time was less than the one before it. */
  backwards: number;
  /** How many were later than the moment at which reading began. */
  future: number;
}

/** What the reading of a log carries from one part to the next. */
export interface LogState {
  /** The database selected. */
  db: number;
  /** Unix seconds of the last `#TS:`; -1 before the first. */
  timeSeconds: number;
  /** Commands read. */
  commands: number;
  /** Transactions begun. */
  transactions: number;
  /** The transaction whose EXEC has not come. */
  open: OpenTransaction | undefined;
  readonly times: LogTimes;
  /** Unix seconds behind which a time lies in the future. */
  readonly now: number;
}

/** @param now Unix seconds at which reading begins; without it no time counts as a future one */
export function newLogState(now = Number.POSITIVE_INFINITY): LogState {
  return {
    db: 0,
    timeSeconds: -1,
    commands: 0,
    transactions: 0,
    open: undefined,
    times: { first: -1, last: -1, backwards: 0, future: 0 },
    now,
  };
}

/** Enters the time that a `#TS:` line tells. */
export function enterTime(state: LogState, seconds: number): void {
  const { times } = state;
  if (times.first < 0) times.first = seconds;
  if (seconds > times.last) times.last = seconds;
  if (seconds < state.timeSeconds) times.backwards++;
  if (seconds > state.now) times.future++;
  state.timeSeconds = seconds;
}
