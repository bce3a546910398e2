import { positionText } from '../account.js';
import { KeyFinder } from '../aof/command-keys.js';
import { jsonText } from '../bytes/text.js';
import type { ReportSink } from '../pipeline.js';
import type { DumpRecord, LogHead, RecordBatch } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { PrefixCounts } from './prefix-counts.js';
import { type TimeBucket, TimeBuckets } from './time-buckets.js';

export interface CommandInfo {
  readonly name: string;
  /** As servers group their commands; `unknown` for those that no table has. */
  readonly group: string;
  readonly isWrite: boolean;
  commands: number;
  /** Bytes in the log. */
  bytes: number;
}

/** Commands by something: a database, a prefix of keys. */
export interface CommandSum {
  commands: number;
  bytes: number;
}

export interface PrefixInfo extends CommandSum {
  /** Undefined for all that had no place of their own. */
  readonly prefix: string | undefined;
  readonly bytesAs?: 'latin1';
}

export interface LargeCommandInfo {
  /** `part:offset`. */
  readonly position: string;
  readonly name: string;
  readonly db: number;
  readonly size: number;
  /** Its first key, where it has one. */
  readonly key?: string;
  readonly bytes?: 'latin1';
}

/** What is in a log, besides its base. */
export interface LogInfoReport {
  /** Commands, those that only say where and how others act (SELECT, MULTI, EXEC) included. */
  readonly commands: number;
  readonly bytes: number;
  /** MULTI … EXEC. */
  readonly transactions: number;
  /** The commonest first. */
  readonly byCommand: CommandInfo[];
  readonly byDb: Record<string, CommandSum>;
  /** By the part of the first key up to its first separator, the commonest first. */
  readonly byPrefix: PrefixInfo[];
  /** Unix seconds of the first and the last `#TS:`; undefined where there are none. */
  readonly firstTime: number | undefined;
  readonly lastTime: number | undefined;
  /** How often the time went back. */
  readonly backwards: number;
  /** Commands by time, in spans of equal length. */
  readonly rate: TimeBucket[];
  readonly largest: LargeCommandInfo[];
}

/** Counts what is in a log. `largest` and `prefixes` are how many of each to name. */
export function logInfoReport(
  options: { largest?: number; prefixes?: number } = {},
): ReportSink<LogInfoReport> {
  return new LogInfoSink(options.largest ?? 10, options.prefixes ?? 20);
}

interface Large {
  readonly position: string;
  readonly name: string;
  readonly db: number;
  readonly size: number;
  readonly key: Uint8Array | undefined;
}

class LogInfoSink implements ReportSink<LogInfoReport> {
  readonly name = 'log-info';
  private commands = 0;
  private bytes = 0;
  private transactions = 0;
  private firstTime: number | undefined;
  private lastTime: number | undefined;
  private backwards = 0;
  private readonly bySpec: CommandInfo[] = [];
  private readonly byDb = new Map<number, CommandSum>();
  private readonly prefixes = new PrefixCounts();
  private readonly times = new TimeBuckets();
  private readonly keys = new KeyFinder();
  private readonly large: Large[] = [];
  private largeFrom: number;

  constructor(
    private readonly largestCount: number,
    private readonly prefixCount: number,
  ) {
    this.largeFrom = largestCount > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  write({ records }: RecordBatch): void {
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as DumpRecord;
      if (record.kind === 'log-command') this.count(record, record.end - record.start);
      else if (record.kind === 'log-begin') this.count(record, record.size);
    }
  }

  close(): LogInfoReport {
    return this.report();
  }

  report(): LogInfoReport {
    const { commands, bytes, transactions, firstTime, lastTime, backwards } = this;
    return {
      commands,
      bytes,
      transactions,
      byCommand: this.bySpec
        .filter((info) => info !== undefined)
        .sort((a, b) => b.commands - a.commands || (a.name < b.name ? -1 : 1)),
      byDb: Object.fromEntries([...this.byDb].sort(([a], [b]) => a - b)),
      byPrefix: this.prefixes
        .list()
        .slice(0, this.prefixCount)
        .map(({ prefix, ...sum }) => {
          if (prefix === undefined) return { prefix, ...sum };
          const { text, bytes: bytesAs } = jsonText(prefix);
          return { prefix: text, ...(bytesAs === undefined ? {} : { bytesAs }), ...sum };
        }),
      firstTime,
      lastTime,
      backwards,
      rate: this.times.list(),
      largest: this.large.map(({ key, ...large }) => {
        if (key === undefined) return large;
        const { text, ...form } = jsonText(key);
        return { ...large, key: text, ...form };
      }),
    };
  }

  abort(): void {}

  private count(command: LogHead, size: number): void {
    const { spec, timeSeconds } = command;
    this.commands++;
    this.bytes += size;
    const info = (this.bySpec[spec.index] ??= infoOf(spec));
    info.commands++;
    info.bytes += size;
    if (timeSeconds >= 0) {
      this.times.add(timeSeconds, size);
      if (timeSeconds !== this.lastTime) this.tick(timeSeconds);
    }
    if (spec.role !== 'plain') {
      if (spec.role === 'exec') this.transactions++;
      return;
    }
    const db = this.byDb.get(command.db);
    if (db === undefined) this.byDb.set(command.db, { commands: 1, bytes: size });
    else {
      db.commands++;
      db.bytes += size;
    }
    if (this.prefixCount > 0 && this.keys.find(command) > 0) {
      const key = this.keys.argumentOf(0);
      this.prefixes.add(command.bytes, command.argumentStart(key), command.argumentEnd(key), size);
    }
    if (size >= this.largeFrom) this.keepLarge(command, size);
  }

  private tick(timeSeconds: number): void {
    this.firstTime ??= timeSeconds;
    if (timeSeconds < (this.lastTime ?? timeSeconds)) this.backwards++;
    this.lastTime = timeSeconds;
  }

  private keepLarge(command: LogHead, size: number): void {
    const { large, keys } = this;
    const at = large.findIndex((entry) => size > entry.size);
    const key = keys.find(command) > 0 ? command.argument(keys.argumentOf(0)).slice() : undefined;
    const entry = { position: positionText(command), name: command.spec.name, db: command.db, size, key };
    large.splice(at < 0 ? large.length : at, 0, entry);
    if (large.length > this.largestCount) large.pop();
    if (large.length === this.largestCount) this.largeFrom = (large.at(-1)?.size ?? 0) + 1;
  }
}

function infoOf({ name, group, isWrite }: CommandSpec): CommandInfo {
  return { name, group, isWrite, commands: 0, bytes: 0 };
}
