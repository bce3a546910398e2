import type { DumpRecord, LogHead, LogPart, RecordBatch } from '../record.js';

/** Where reading stops: before the first command that stands there or behind, or is later. */
export type CutAt =
  | { readonly kind: 'time'; readonly seconds: number }
  | { readonly kind: 'part-offset'; readonly part: number; readonly offset: number };

/** Where a command stands. */
export interface CommandPlace {
  readonly part: LogPart;
  readonly offset: number;
}

/** Passes the records of a log up to a place. */
export class LogCut {
  /** The command before which it was cut. */
  stoppedAt: CommandPlace | undefined;
  /** The transaction that was begun before and is cut, with how many of its commands were passed. */
  open: (CommandPlace & { readonly commands: number }) | undefined;
  private multi: (CommandPlace & { readonly index: number }) | undefined;
  private readonly kept: DumpRecord[] = [];
  private readonly batch: RecordBatch = { records: this.kept };

  constructor(private readonly at: CutAt) {}

  /** The batch, or what of it stands before the place. */
  take(batch: RecordBatch): RecordBatch {
    const { records } = batch;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as DumpRecord;
      if (record.kind !== 'log-command' && record.kind !== 'log-begin') continue;
      if (record.spec.role === 'multi') {
        this.multi = { part: record.part, offset: record.offset, index: record.index };
      }
      if (!this.isBehind(record)) continue;
      this.stoppedAt = { part: record.part, offset: record.offset };
      if (this.multi !== undefined && record.transaction > 0 && record.spec.role !== 'multi') {
        const { part, offset, index } = this.multi;
        this.open = { part, offset, commands: record.index - index };
      }
      this.kept.length = 0;
      for (let k = 0; k < i; k++) this.kept.push(records[k] as DumpRecord);
      return this.batch;
    }
    return batch;
  }

  private isBehind(record: LogHead): boolean {
    const { at } = this;
    if (at.kind === 'time') return record.timeSeconds > at.seconds;
    return record.part.index > at.part || (record.part.index === at.part && record.offset >= at.offset);
  }
}
