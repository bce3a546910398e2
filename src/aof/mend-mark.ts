import { type LostCounts, NOTHING_LOST, type PartFindings } from './lost-ranges.js';
import type { PartEdit } from './part-edit.js';

/** How far the copy of a log has come: what a mark can take back. */
export interface MendProgress {
  /** Commands kept, SELECT, MULTI and EXEC included. */
  kept: number;
  /** Commands left out by a rule. */
  removed: number;
  removedBytes: number;
  /** Database selected by what is kept. */
  keptDb: number;
  /** Commands kept that are no SELECT, MULTI or EXEC. */
  plainKept: number;
  /** Position behind the last command that is kept. */
  keptEnd: number;
  /** The last command that is kept in the part; -1 for none. */
  lastOffset: number;
  lastDb: number;
  readonly findings: PartFindings;
}

/** State at a place to which the copy may be taken back. */
export class Mark {
  isSet = false;
  offset = 0;
  private size = 0;
  private kept = 0;
  private removed = 0;
  private removedBytes = 0;
  private keptDb = 0;
  private plainKept = 0;
  private keptEnd = 0;
  private lastOffset = -1;
  private lastDb = 0;
  private lost: LostCounts = NOTHING_LOST;

  set(mend: MendProgress, edit: PartEdit, offset: number): void {
    this.isSet = true;
    this.offset = offset;
    this.size = edit.sizeAt(offset);
    this.kept = mend.kept;
    this.removed = mend.removed;
    this.removedBytes = mend.removedBytes;
    this.keptDb = mend.keptDb;
    this.plainKept = mend.plainKept;
    this.keptEnd = mend.keptEnd;
    this.lastOffset = mend.lastOffset;
    this.lastDb = mend.lastDb;
    this.lost = mend.findings.lostCounts();
  }

  /** Takes all back to it; returns how many commands that gives up. */
  restore(mend: MendProgress, edit: PartEdit): number {
    const { findings } = mend;
    const lost = findings.lostCommands - this.lost.lostCommands;
    const commands = mend.kept + mend.removed - this.kept - this.removed + lost;
    findings.takeBack(this.offset);
    findings.takeBackLost(this.offset, this.lost);
    mend.kept = this.kept;
    mend.removed = this.removed;
    mend.removedBytes = this.removedBytes;
    mend.keptDb = this.keptDb;
    mend.plainKept = this.plainKept;
    mend.keptEnd = this.keptEnd;
    mend.lastOffset = this.lastOffset;
    mend.lastDb = this.lastDb;
    edit.takeBack(this.offset, this.size);
    return commands;
  }
}
