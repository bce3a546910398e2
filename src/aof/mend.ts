import { latin1Bytes } from '../bytes/ascii.js';
import type { LogHead } from '../record.js';
import { damageOf } from './damaged-command.js';
import { type Neighbour, PartFindings } from './lost-ranges.js';
import { Mark, type MendProgress } from './mend-mark.js';
import type { MendRules, PartPosition } from './mend-rules.js';
import type { PartEdit } from './part-edit.js';
import { UnwantedCommands } from './unwanted-commands.js';

/**
 * Decides what of a log is kept, command by command, and has it copied. What is kept is kept as it
 * is, with its `#TS:` lines and SELECTs.
 *
 * - A transaction is kept whole or not at all. One that damage falls into goes from its MULTI to
 *   its EXEC. Behind damage, an EXEC without a MULTI is the end of a transaction whose MULTI is
 *   lost: everything between the damage and it goes. If a MULTI comes first, or neither, the EXEC
 *   was in what is lost. (Where damage falls into a transaction twice, and its EXEC is in the second
 *   place, what is between cannot be told from commands behind it, and is kept.) An EXEC without
 *   MULTI and without damage before it goes alone.
 * - A MULTI within a transaction means that the EXEC of the first was lost. What followed it cannot
 *   be told from what was in the transaction, so all up to the second MULTI goes.
 * - Where a SELECT that can be read goes with its transaction, a SELECT is put before the next
 *   command. One that may have been in bytes that cannot be read makes the database of what follows
 *   doubtful, up to the next SELECT.
 * - A command that has not as many arguments as it takes is damaged, for no server logs one. So is
 *   one that no server knows and that may have been a SELECT, MULTI or EXEC. Other names that are
 *   not known are a module's, or new: they are kept, and told.
 */
export class LogMend implements MendProgress {
  kept = 0;
  removed = 0;
  removedBytes = 0;
  keptDb = 0;
  plainKept = 0;
  keptEnd = 0;
  lastOffset = -1;
  lastDb = 0;
  /** Where the log ends because that was asked for. */
  end: PartPosition | undefined;
  /** Position behind the last command that was told. */
  lastEnd = 0;
  /** Whether what ends the part is lost. */
  endsInLoss = false;
  /** Names of commands that no table has, and how many came that were no damage by the look of them. */
  readonly unknown = new Map<string, number>();
  findings = new PartFindings('');
  readonly unwanted: UnwantedCommands;
  private edit: PartEdit | undefined;
  private partName = '';
  private untilOffset = Number.POSITIVE_INFINITY;
  /** At the MULTI of the open transaction. */
  private readonly multi = new Mark();
  /** At the end of the last damage, while no MULTI or EXEC came. */
  private readonly gap = new Mark();
  /** Whether a transaction was open at that damage. */
  private isGapInside = false;
  /** Commands kept in the open transaction, and whether one was left out. */
  private inside = 0;
  private removedInside = false;
  private beforeLastOffset = -1;
  private beforeLastDb = 0;
  /** Where the database began to be uncertain; -1 where it is certain. */
  private doubtFrom = -1;
  private doubtKept = 0;
  /** Position behind the last command where it is kept and plain; else before that. */
  private plainEnd = -1;

  constructor(private readonly rules: MendRules = {}) {
    this.unwanted = new UnwantedCommands(rules);
  }

  /** True when the end that was asked for has been reached. */
  get isEnded(): boolean {
    return this.end !== undefined;
  }

  /**
   * Goes on with a part.
   * @param db the database selected at its beginning
   * @param start position behind what stands before the commands
   * @param isBehindLoss whether a part before it is lost
   */
  begin(part: string, edit: PartEdit, db: number, start: number, isBehindLoss: boolean): void {
    const { untilPosition } = this.rules;
    this.partName = part;
    this.edit = edit;
    this.findings = new PartFindings(part);
    this.keptDb = db;
    this.lastOffset = -1;
    this.beforeLastOffset = -1;
    this.plainEnd = -1;
    this.lastEnd = start;
    this.untilOffset = untilPosition?.part === part ? untilPosition.offset : Number.POSITIVE_INFINITY;
    this.unwanted.begin(part);
    this.multi.isSet = false;
    this.gap.isSet = false;
    this.isGapInside = false;
    if (isBehindLoss || this.endsInLoss) this.gap.set(this, edit, start);
    this.endsInLoss = false;
    const isDoubtful = isBehindLoss || this.doubtFrom >= 0;
    this.doubtFrom = isDoubtful ? start : -1;
    this.doubtKept = this.plainKept;
  }

  take(record: LogHead): void {
    const { offset, endOffset, spec, timeSeconds, db } = record;
    const edit = this.edit as PartEdit;
    const { untilSeconds } = this.rules;
    if (endOffset > this.untilOffset || (untilSeconds !== undefined && timeSeconds > untilSeconds)) {
      this.stop(this.lastEnd);
      return;
    }
    const damage = damageOf(record);
    if (damage !== undefined) {
      this.damage(offset, endOffset, damage, 1, spec.group === 'unknown');
      return;
    }
    switch (spec.role) {
      case 'plain':
        if (this.unwanted.has(record)) {
          edit.cut(offset, endOffset);
          this.removed++;
          this.removedBytes += endOffset - offset;
          this.removedInside = true;
          this.lastEnd = endOffset;
          return;
        }
        break;
      case 'select':
        this.keptDb = db;
        this.settle(offset);
        break;
      case 'multi':
        if (this.multi.isSet)
          this.giveUp(this.multi, offset, 'a transaction without EXEC, another begins in it');
        this.gap.isSet = false;
        this.multi.set(this, edit, offset);
        this.selectFor(record);
        this.keep(record);
        this.inside = 0;
        this.removedInside = false;
        return;
      default:
        this.close(record);
        return;
    }
    if (spec.group === 'unknown') this.unknown.set(spec.name, (this.unknown.get(spec.name) ?? 0) + 1);
    this.selectFor(record);
    this.keep(record);
    this.inside++;
    if (spec.role === 'plain') this.plainKept++;
  }

  /**
   * Bytes that are no commands, or are not to be believed.
   * @param commands those that were read in them and are given up
   * @param isHidden whether a SELECT may have been there that cannot be read
   */
  damage(from: number, to: number, reason: string, commands: number, isHidden: boolean): void {
    if (to > this.untilOffset) {
      this.stop(this.lastEnd);
      return;
    }
    const edit = this.edit as PartEdit;
    const isInside = this.multi.isSet;
    if (isInside) this.giveUp(this.multi, from, 'the beginning of a transaction that damage falls into');
    edit.cut(from, to);
    this.findings.lose(from, to, commands, reason, this.last());
    this.lastEnd = to;
    // Between two places of damage in one transaction all is of it, while neither MULTI nor EXEC comes.
    const goesOn = this.gap.isSet && this.isGapInside;
    if (!goesOn) this.gap.set(this, edit, to);
    this.isGapInside = goesOn || isInside;
    if (!isHidden) return;
    this.settle(from);
    this.doubtFrom = to;
    this.doubtKept = this.plainKept;
  }

  /**
   * Takes back the last command where an argument follows it at `from`: its header is what is
   * damaged. Returns where the damage begins.
   */
  suspectLast(from: number): number {
    const { lastOffset } = this;
    if (this.multi.isSet || this.plainEnd !== from) return from;
    this.kept--;
    this.plainKept--;
    this.lastOffset = this.beforeLastOffset;
    this.lastDb = this.beforeLastDb;
    this.plainEnd = -1;
    // A SELECT that was put before it stays.
    this.findings.takeBack(lastOffset, lastOffset + 1);
    return lastOffset;
  }

  /**
   * The part ends.
   * @param end position behind its last byte
   * @param timeSeconds the last time that was read
   * @param torn where it is cut off: from which position on, and in words
   */
  finish(end: number, timeSeconds: number, torn: { offset: number; reason: string } | undefined): void {
    const { untilSeconds } = this.rules;
    if (this.isEnded) return;
    if (this.untilOffset < end || (untilSeconds !== undefined && timeSeconds > untilSeconds)) {
      this.stop(this.lastEnd);
      return;
    }
    const whole = torn?.offset ?? end;
    this.endsInLoss =
      torn !== undefined || this.multi.isSet || (this.gap.isSet && this.lastEnd === this.gap.offset);
    if (this.multi.isSet) this.giveUp(this.multi, whole, 'a transaction without EXEC');
    if (torn !== undefined) {
      this.edit?.cut(whole, end);
      this.findings.lose(whole, end, 0, torn.reason, this.last());
    }
    const isDoubtful = this.doubtFrom >= 0;
    this.settle(whole);
    if (isDoubtful) this.doubtFrom = 0;
    if (this.untilOffset === end) this.end = { part: this.partName, offset: end };
  }

  private keep(record: LogHead): void {
    const { offset, db } = record;
    this.kept++;
    this.beforeLastOffset = this.lastOffset;
    this.beforeLastDb = this.lastDb;
    this.lastOffset = offset;
    this.lastDb = db;
    this.plainEnd = record.spec.role === 'plain' ? record.endOffset : -1;
    this.lastEnd = record.endOffset;
    this.keptEnd = record.endOffset;
    this.findings.keep(offset, db);
  }

  /** EXEC, or DISCARD. */
  private close(record: LogHead): void {
    const { offset, endOffset, spec } = record;
    const { multi, gap } = this;
    const edit = this.edit as PartEdit;
    if (multi.isSet) {
      multi.isSet = false;
      if (!this.removedInside || this.inside > 0) {
        this.keep(record);
        return;
      }
      // Nothing is left of it but its frame.
      const removed = this.removed + 2;
      multi.restore(this, edit);
      this.findings.takeBack(multi.offset);
      edit.cut(multi.offset, endOffset);
      this.removedBytes += endOffset - multi.offset;
      this.removed = removed;
      this.lastEnd = endOffset;
      return;
    }
    if (gap.isSet) {
      this.giveUp(gap, endOffset, 'the end of a transaction whose beginning is lost', 1);
    } else {
      edit.cut(offset, endOffset);
      this.findings.lose(
        offset,
        endOffset,
        1,
        `${spec.name} without MULTI, with nothing lost before it`,
        this.last(),
      );
    }
    this.lastEnd = endOffset;
  }

  /** Leaves out all from a mark to a position. */
  private giveUp(mark: Mark, to: number, reason: string, more = 0): void {
    const edit = this.edit as PartEdit;
    const from = mark.offset;
    const commands = mark.restore(this, edit) + more;
    edit.cut(from, to);
    this.findings.lose(from, to, commands, reason, this.last());
    mark.isSet = false;
    if (this.doubtFrom >= from) {
      this.doubtFrom = to;
      this.doubtKept = this.plainKept;
    }
  }

  /** Ends the log, before an open transaction. */
  private stop(at: number): void {
    const { multi } = this;
    const edit = this.edit as PartEdit;
    let end = at;
    if (multi.isSet) {
      multi.restore(this, edit);
      end = multi.offset;
      this.findings.takeBack(end);
    }
    this.settle(end);
    this.end = { part: this.partName, offset: end };
  }

  /** Puts a SELECT before a command, where the one that was written for it is given up. */
  private selectFor({ db, offset }: LogHead): void {
    if (db === this.keptDb) return;
    const bytes = selectBytes(db);
    this.edit?.insert(offset, bytes);
    this.findings.insert(offset, db, bytes.length);
    this.keptDb = db;
  }

  /** The database is certain from here on. */
  private settle(at: number): void {
    const { doubtFrom } = this;
    this.doubtFrom = -1;
    if (doubtFrom < 0 || this.plainKept === this.doubtKept) return;
    this.findings.doubt(doubtFrom, Math.min(at, this.keptEnd), this.lastDb);
  }

  private last(): Neighbour | undefined {
    return this.lastOffset < 0 ? undefined : { offset: this.lastOffset, db: this.lastDb };
  }
}

function selectBytes(db: number): Uint8Array {
  const digits = String(db);
  return latin1Bytes(`*2\r\n$6\r\nSELECT\r\n$${digits.length}\r\n${digits}\r\n`);
}
