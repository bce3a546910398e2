import { RdbkitError, type RdbkitErrorCode } from '../errors.js';
import type { Limits } from '../limits.js';
import type { ReportSink } from '../pipeline.js';
import { ValueChecker } from '../rdb/values/check.js';
import type { DumpRecord, FaultRecord, KeyRecord, RecordBatch } from '../record.js';

/** One kind of fault: the first of it, and how many there are. */
export interface Fault {
  readonly code: RdbkitErrorCode;
  readonly offset: number | undefined;
  readonly where: string | undefined;
  readonly message: string;
  /** Of a line of JSON Lines that is no record: its number. */
  readonly line?: number;
  count: number;
}

/** What the walk through all values found. */
export interface CheckReport {
  keys: number;
  /** Keys whose value is damaged. */
  damaged: number;
  readonly faults: Fault[];
  readonly warnings: string[];
}

const MAX_KINDS = 100;

/** Collects faults by kind: those of one code and message, numbers aside, count as one. */
export class FaultList {
  readonly faults: Fault[] = [];
  private readonly kinds = new Map<string, Fault>();

  /** @param line number of the line, where the fault is one of a line */
  add(error: RdbkitError, line?: number): void {
    const kind = `${error.code} ${error.message.replace(/\d+/g, '#')}`;
    const known = this.kinds.get(kind);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (this.faults.length >= MAX_KINDS) return;
    const fault = {
      code: error.code,
      offset: error.offset,
      where: error.where,
      message: error.message,
      ...(line === undefined ? {} : { line }),
      count: 1,
    };
    this.kinds.set(kind, fault);
    this.faults.push(fault);
  }
}

/** Walks the inside of every value and collects what is wrong. */
export function checkReport(options: { limits?: Partial<Limits> } = {}): ReportSink<CheckReport> {
  return new CheckSink(new ValueChecker(options.limits));
}

class CheckSink implements ReportSink<CheckReport> {
  readonly name = 'check';
  private readonly list = new FaultList();
  private keys = 0;
  private damaged = 0;

  constructor(private readonly checker: ValueChecker) {}

  write(batch: RecordBatch): void {
    const { records } = batch;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as DumpRecord;
      if (record.kind === 'key') {
        this.keys++;
        this.note(this.checker.check(record));
      } else {
        this.part(record);
      }
    }
  }

  close(): CheckReport {
    return this.report();
  }

  report(): CheckReport {
    const { keys, damaged } = this;
    return { keys, damaged, faults: this.list.faults, warnings: this.warnings() };
  }

  abort(): void {}

  private part(record: Exclude<DumpRecord, KeyRecord>): void {
    switch (record.kind) {
      case 'key-begin':
        this.keys++;
        this.checker.begin(record);
        break;
      case 'key-part':
        this.note(this.checker.part(record));
        break;
      case 'key-end':
        this.note(this.checker.part(undefined));
        break;
      case 'fault':
        this.list.add(lineError(record), record.line);
        break;
      default:
    }
  }

  private note(error: RdbkitError | undefined): void {
    if (error === undefined) return;
    this.damaged++;
    this.list.add(error);
  }

  private warnings(): string[] {
    const { oldWidths, newWidths } = this.checker;
    const warnings: string[] = [];
    if (oldWidths > 0) {
      warnings.push(
        `${oldWidths} listpack entries have a size that Redis 8.8, Valkey 9.1 and newer read in another form: they cannot load this file; rdbkit import rewrites them`,
      );
    }
    if (newWidths > 0) {
      warnings.push(
        `${newWidths} listpack entries have a size that Redis before 8.8 and Valkey before 9.1 read in another form: they cannot load this file; rdbkit import rewrites them`,
      );
    }
    return warnings;
  }
}

function lineError({ code, line, column, reason, offset }: FaultRecord): RdbkitError {
  return new RdbkitError(code, reason, { offset, where: `line ${line}, column ${column}` });
}
