/** A command that stands beside a range that was lost. */
export interface Neighbour {
  /** Position in the part. */
  readonly offset: number;
  readonly db: number;
}

/** Bytes of a log that are left out because they cannot be read, or make no sense any more. */
export interface LostRange {
  /** Name of the part. */
  readonly part: string;
  readonly from: number;
  /** Position behind the last byte. */
  readonly to: number;
  readonly bytes: number;
  /** Whole commands in it that were given up with it. */
  readonly commands: number;
  readonly reason: string;
  /** The last command before it that is kept, of the same part. */
  before: Neighbour | undefined;
  /** The first command behind it that is kept, of the same part. */
  after: Neighbour | undefined;
}

/** Commands whose database is not certain. */
export interface DoubtfulRange {
  readonly part: string;
  readonly from: number;
  /** Position behind the last byte. */
  readonly to: number;
  /** Where they go: the database that was selected before the gap. */
  readonly db: number;
}

/** A SELECT that was put before a command, because the one that told its database is lost. */
export interface InsertedSelect {
  readonly part: string;
  /** Position in the source of the command behind it. */
  readonly offset: number;
  readonly db: number;
  readonly bytes: number;
}

/** So many of each are listed; the totals count all. */
const MOST_LISTED = 10_000;

/** How much is lost, up to some place. */
export interface LostCounts {
  readonly lostRanges: number;
  readonly lostBytes: number;
  readonly lostCommands: number;
}

export const NOTHING_LOST: LostCounts = { lostRanges: 0, lostBytes: 0, lostCommands: 0 };

/** What is listed of one part while it is mended; all of it can be taken back to a position. */
export class PartFindings {
  readonly lost: LostRange[] = [];
  readonly doubts: DoubtfulRange[] = [];
  readonly inserted: InsertedSelect[] = [];
  /** Ranges that were lost, and what is in them, listed or not. */
  lostRanges = 0;
  lostBytes = 0;
  lostCommands = 0;
  doubtfulRanges = 0;
  insertedBytes = 0;

  constructor(readonly part: string) {}

  lose(from: number, to: number, commands: number, reason: string, before: Neighbour | undefined): void {
    if (from === to) return;
    this.lostRanges++;
    this.lostBytes += to - from;
    this.lostCommands += commands;
    if (this.lost.length === MOST_LISTED) return;
    const { part } = this;
    this.lost.push({ part, from, to, bytes: to - from, commands, reason, before, after: undefined });
  }

  doubt(from: number, to: number, db: number): void {
    this.doubtfulRanges++;
    if (this.doubts.length < MOST_LISTED) this.doubts.push({ part: this.part, from, to, db });
  }

  insert(offset: number, db: number, bytes: number): void {
    this.insertedBytes += bytes;
    if (this.inserted.length < MOST_LISTED) this.inserted.push({ part: this.part, offset, db, bytes });
  }

  /** A command is kept. */
  keep(offset: number, db: number): void {
    const last = this.lost.at(-1);
    if (last !== undefined && last.after === undefined) last.after = { offset, db };
  }

  /** What was kept from `offset` on is given up. */
  takeBack(offset: number, insertedFrom = offset): void {
    const { lost, doubts, inserted } = this;
    const range = lost.at(-1);
    if (range?.after !== undefined && range.after.offset >= offset) range.after = undefined;
    while ((doubts.at(-1)?.from ?? -1) >= offset) {
      doubts.pop();
      this.doubtfulRanges--;
    }
    const last = doubts.at(-1);
    if (last !== undefined && last.to > offset) doubts[doubts.length - 1] = { ...last, to: offset };
    while ((inserted.at(-1)?.offset ?? -1) >= insertedFrom) {
      this.insertedBytes -= (inserted.pop() as InsertedSelect).bytes;
    }
  }

  lostCounts(): LostCounts {
    const { lostRanges, lostBytes, lostCommands } = this;
    return { lostRanges, lostBytes, lostCommands };
  }

  /** Ranges from `offset` on are part of one that takes their place. @param counts those before */
  takeBackLost(offset: number, { lostRanges, lostBytes, lostCommands }: LostCounts): void {
    while ((this.lost.at(-1)?.from ?? -1) >= offset) this.lost.pop();
    this.lostRanges = lostRanges;
    this.lostBytes = lostBytes;
    this.lostCommands = lostCommands;
  }

  /** Sets the neighbours right of ranges that only others part, or what others took along. */
  settle(): void {
    const { lost } = this;
    for (let i = 1; i < lost.length; i++) {
      const range = lost[i] as LostRange;
      const last = lost[i - 1] as LostRange;
      if (range.before !== undefined && range.before.offset >= last.from) {
        if (range.before.offset < last.to) range.before = last.before;
      }
    }
    for (let i = lost.length - 2; i >= 0; i--) {
      const range = lost[i] as LostRange;
      range.after ??= (lost[i + 1] as LostRange).after;
    }
  }
}
