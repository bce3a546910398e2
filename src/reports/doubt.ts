import { positionText } from '../account.js';
import { KeyFinder } from '../aof/command-keys.js';
import { isRepeatable } from '../aof/repeatable.js';
import type { ReportSink } from '../pipeline.js';
import type { LogHead, RecordBatch } from '../record.js';

/** A command that must not be carried out twice. */
export interface DoubtfulCommand {
  /** `part:offset`. */
  readonly position: string;
  readonly db: number;
  readonly name: string;
  /** The first key; a copy. Undefined where it has none or it cannot be known. */
  readonly key: Uint8Array | undefined;
}

/** What may or may not have been carried out when a replay was ended by force. */
export interface DoubtReport {
  /** Commands in doubt, SELECT, MULTI and EXEC not among them. */
  commands: number;
  /** Of these, such as change something else when they are carried out a second time. */
  once: number;
  /** The first of the latter. */
  readonly first: DoubtfulCommand[];
}

const SHOWN = 20;

/** Finds out whether commands can be sent again without harm. */
export function doubtReport(): ReportSink<DoubtReport> {
  const report: DoubtReport = { commands: 0, once: 0, first: [] };
  const keys = new KeyFinder();
  const take = (command: LogHead): void => {
    if (command.spec.role !== 'plain') return;
    report.commands++;
    if (isRepeatable(command)) return;
    report.once++;
    if (report.first.length === SHOWN) return;
    const key = keys.find(command) > 0 ? command.argument(keys.argumentOf(0)).slice() : undefined;
    report.first.push({ position: positionText(command), db: command.db, name: command.spec.name, key });
  };
  return {
    name: 'doubt',
    write({ records }: RecordBatch) {
      for (const record of records) {
        if (record.kind === 'log-command' || record.kind === 'log-begin') take(record);
      }
    },
    report: () => report,
    close: () => report,
    abort() {},
  };
}
