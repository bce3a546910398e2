import type { TornTail } from '../aof/decoder.js';
import type { LogState } from '../aof/log-state.js';
import { timeText } from '../aof/position.js';
import { RdbkitError } from '../errors.js';
import type { ReportSink } from '../pipeline.js';
import type { RecordBatch } from '../record.js';
import { type CheckReport, checkReport } from '../reports/check.js';
import { type CommandInfo, logInfoReport } from '../reports/log-info.js';
import type { AofLayout } from './aof-parts.js';
import type { CheckAofOptions, LogCheck, LogFault, PartCheck, PartPlace } from './log-check.js';

/** Faults that are told one by one; what comes behind them is counted. */
const MAX_FAULTS = 1000;

const SHOWN_NAMES = 10;

/** What is counted and collected while a log is checked. */
export class LogFindings {
  readonly parts: PartCheck[] = [];
  private readonly faults: LogFault[] = [];
  /** Faults beyond those. */
  private untold = 0;
  private torn: LogCheck['torn'];
  private open: PartPlace | undefined;
  private readonly values: ReportSink<CheckReport>;
  private readonly log = logInfoReport({ largest: 0, prefixes: 0 });
  private readonly notes: string[] = [];

  constructor(options: CheckAofOptions) {
    this.values = checkReport(options);
  }

  /** Keys that were read. */
  get keys(): number {
    return this.values.report().keys;
  }

  /** Commands that were read. */
  get commands(): number {
    return this.log.report().commands;
  }

  take(batch: RecordBatch): void {
    this.values.write(batch);
    this.log.write(batch);
  }

  fault(error: RdbkitError, place: Pick<LogFault, 'part' | 'to' | 'around'> = {}): void {
    if (this.faults.length === MAX_FAULTS) {
      this.untold++;
      return;
    }
    const { code, message, offset, where } = error;
    this.faults.push({ code, message, offset, where, count: 1, ...place });
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** What is wrong with the manifest, and the files that it names in vain. */
  manifest({ manifest, missing }: AofLayout): void {
    for (const { message, offset, line } of manifest?.faults ?? []) {
      const where = line > 0 ? `line ${line}` : undefined;
      this.fault(new RdbkitError('INPUT_CORRUPT', `manifest: ${message}`, { offset, where }));
    }
    for (const { name, role } of missing) {
      const message = `the manifest names ${name} (${role}), and there is no such file`;
      this.fault(new RdbkitError('INPUT_TRUNCATED', message));
    }
  }

  /** A part that ends within a command, where a server would cut it off, too, if it is the last. */
  tornTail(part: string, { offset, size }: TornTail, isLast: boolean, around?: string): void {
    const message = isLast
      ? `the last command is cut off: ${size} bytes of it are there`
      : `the part ends within a command, of which ${size} bytes are there, and is not the last`;
    const place = around === undefined ? { part } : { part, around };
    this.fault(new RdbkitError('INPUT_TRUNCATED', message, { offset }), place);
    if (isLast) this.torn = { part, offset, size };
  }

  /** A part that ends within a transaction, of which a server carries nothing out. */
  openTransaction({ part, offset }: PartPlace, isLast: boolean): void {
    const message = isLast
      ? 'the log ends within a transaction, whose commands are left out'
      : 'the part ends within a transaction, and is not the last';
    this.fault(new RdbkitError('INPUT_TRUNCATED', message, { offset }), { part });
    if (isLast) this.open = { part, offset };
  }

  /** @param state what was read last: its times */
  report(file: string, layout: AofLayout, { times }: Pick<LogState, 'times'>): LogCheck {
    const values = this.values.report();
    const log = this.log.report();
    const base = this.parts.find(({ checksum }) => checksum !== undefined)?.name;
    const inBase = values.faults.map((fault) => (base === undefined ? fault : { ...fault, part: base }));
    const faults = [...this.faults, ...inBase];
    const atEnd = (this.torn === undefined ? 0 : 1) + (this.open === undefined ? 0 : 1);
    return {
      file,
      format: 'aof',
      ok: faults.length === 0,
      isTornOnly: atEnd > 0 && faults.length === atEnd,
      manifest: layout.manifest?.path,
      parts: this.parts,
      keys: values.keys,
      damaged: values.damaged,
      commands: log.commands,
      transactions: log.transactions,
      byCommand: log.byCommand,
      firstTime: times.first < 0 ? undefined : times.first,
      lastTime: times.last < 0 ? undefined : times.last,
      torn: this.torn,
      open: this.open,
      faults,
      warnings: [
        ...values.warnings,
        ...layout.orphans.map((name) => `${name} is in the folder, but the manifest does not name it`),
        ...timeNotes(times),
        ...unknownNames(log.byCommand),
        ...this.notes,
        ...(this.untold === 0 ? [] : [`there are ${this.untold} more faults, which are not told one by one`]),
      ],
    };
  }
}

function timeNotes({ backwards, future, last }: LogState['times']): string[] {
  return [
    ...(backwards === 0
      ? []
      : [`the time goes back ${times(backwards)}: the clock of the server was set back`]),
    ...(future === 0 ? [] : [`the time is in the future ${times(future)}, at most ${timeText(last)}`]),
  ];
}

function unknownNames(byCommand: readonly CommandInfo[]): string[] {
  const names = byCommand.filter(({ group }) => group === 'unknown').map(({ name }) => name);
  if (names.length === 0) return [];
  const more = names.length > SHOWN_NAMES ? `, and ${names.length - SHOWN_NAMES} more` : '';
  return [`commands that rdbkit does not know: ${names.slice(0, SHOWN_NAMES).join(', ')}${more}`];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** What a check finds, and does not fail with. */
export function isFinding({ code }: RdbkitError): boolean {
  return code.startsWith('INPUT_') || code === 'LIMIT_EXCEEDED';
}
