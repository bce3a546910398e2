import { CommandLookup } from '../aof/command-lookup.js';
import { damageOf } from '../aof/damaged-command.js';
import { type LogState, newLogState } from '../aof/log-state.js';
import { PartDecoder } from '../aof/part-decoder.js';
import { findBehind, findInTail } from '../aof/resync.js';
import { type TransactionFault, TransactionWatch } from '../aof/transaction-watch.js';
import { printable } from '../bytes/escape.js';
import { RdbkitError } from '../errors.js';
import type { LogHead, RecordBatch } from '../record.js';
import type { AofLayout, AofPartFile } from './aof-parts.js';
import type { AofCheck, CheckAofOptions, LogCheck } from './log-check.js';
import { isFinding, LogFindings } from './log-findings.js';
import { PartFile, pending } from './part-file.js';
import { readError } from './read-error.js';
import { Spool } from './spool.js';

/** Places of damage behind which reading goes on; a log with more is no log. */
const MAX_GAPS = 1000;

/** Bytes that are shown before a fault, and from it on. */
const BEFORE = 32;
const BEHIND = 48;

/** Bytes of a dump's checksum. */
const CHECKSUM = 8;

const TRANSACTION_FAULTS: Readonly<Record<TransactionFault['kind'], string>> = {
  nested: 'MULTI inside of a transaction',
  'no-multi': 'EXEC without MULTI',
  'no-exec': 'a transaction has no EXEC',
};

/** A check of a log in plain files. */
export class CheckParts implements AofCheck {
  readonly size: number;
  private before = 0;
  private file: PartFile | undefined;

  constructor(
    readonly name: string,
    private readonly layout: AofLayout,
  ) {
    this.size = layout.parts.reduce((sum, { size }) => sum + size, 0);
  }

  get position(): number {
    return this.before + (this.file?.position ?? 0);
  }

  async run(options: CheckAofOptions = {}): Promise<LogCheck> {
    const { layout } = this;
    const findings = new LogFindings(options);
    findings.manifest(layout);
    const reading = new Reading(findings, options);
    const seen = new Set<string>();
    for (const part of layout.parts) {
      // A line that comes twice is a fault of the manifest; the file is one all the same.
      if (!seen.has(part.path)) await this.readPart(part, reading);
      seen.add(part.path);
      this.before += part.size;
    }
    return findings.report(this.name, layout, reading.state);
  }

  private async readPart(part: AofPartFile, reading: Reading): Promise<void> {
    try {
      this.file = new PartFile(part);
      await reading.read(this.file, part === this.layout.parts.at(-1));
    } catch (thrown) {
      throw readError(thrown, part.path);
    } finally {
      this.file?.close();
      this.file = undefined;
    }
  }
}

/** What goes on from part to part. */
class Reading {
  readonly state: LogState = newLogState(Math.floor(Date.now() / 1000));
  private readonly lookup = new CommandLookup();
  private readonly signal: AbortSignal;
  private readonly transactions = new TransactionWatch(({ kind, part, offset }) => {
    const code = kind === 'no-exec' ? 'INPUT_TRUNCATED' : 'INPUT_CORRUPT';
    const around = this.file === undefined ? {} : { around: bytesAround(this.file, offset) };
    const error = new RdbkitError(code, TRANSACTION_FAULTS[kind], { offset });
    this.findings.fault(error, { part: part.name, ...around });
  });
  private gaps = 0;
  private file: PartFile | undefined;
  private checksum: string | undefined;

  constructor(
    private readonly findings: LogFindings,
    private readonly options: CheckAofOptions,
  ) {
    this.signal = options.signal ?? new AbortController().signal;
  }

  /** Reads a part to its end, what stands behind damage included. */
  async read(file: PartFile, isLast: boolean): Promise<void> {
    const { findings } = this;
    const { name, role } = file.part;
    const bytes = file.freeze();
    const keys = findings.keys;
    const commands = findings.commands;
    this.file = file;
    this.checksum = undefined;
    for (let from: number | undefined = 0; from !== undefined; )
      from = await this.readFrom(file, from, isLast);
    const open = this.transactions.endPart();
    if (open !== undefined) findings.openTransaction({ part: name, offset: open.offset }, isLast);
    // Servers load each file for itself.
    this.state.open = undefined;
    findings.parts.push({
      name,
      role,
      bytes,
      keys: findings.keys - keys,
      commands: findings.commands - commands,
      ...(this.checksum === undefined ? {} : { checksum: this.checksum }),
    });
  }

  /** Reads from a position to the end or to damage; returns where to go on behind it. */
  private async readFrom(file: PartFile, from: number, isLast: boolean): Promise<number | undefined> {
    const { part, end } = file;
    const { limits } = this.options;
    const decoder = new PartDecoder(part, this.state, this.lookup, () => new Spool(), {
      base: from,
      inputBytes: end,
      looseTransactions: true,
      ...(limits === undefined ? {} : { limits }),
    });
    file.position = from;
    try {
      for await (const batch of file.batches(decoder, this.signal)) this.take(batch);
      decoder.end();
      for await (const batch of pending(decoder, this.signal)) this.take(batch);
      this.checksum = decoder.checksum ?? this.checksum;
      const { torn } = decoder;
      if (torn === undefined) return undefined;
      const goesOn = findInTail(file, torn);
      if (goesOn === undefined) {
        this.findings.tornTail(part.name, torn, isLast, bytesAround(file, torn.offset));
        return undefined;
      }
      const message = 'an argument claims to be longer than the file, and commands stand in it';
      return this.goOn(
        file,
        decoder,
        new RdbkitError('INPUT_CORRUPT', message, { offset: torn.offset }),
        goesOn,
      );
    } catch (thrown) {
      const error = RdbkitError.from(thrown);
      if (this.signal.aborted || !isFinding(error)) throw error;
      return this.goOn(file, decoder, error);
    } finally {
      decoder.close();
    }
  }

  private take(batch: RecordBatch): void {
    this.findings.take(batch);
    for (const record of batch.records) {
      if (record.kind === 'log-command' || record.kind === 'log-begin') this.look(record);
    }
    this.transactions.take(batch);
    this.options.onProgress?.();
  }

  /** Enters a command that frames well and is none that a server has written. */
  private look(record: LogHead): void {
    const message = damageOf(record);
    if (message === undefined) return;
    const { offset, part, endOffset: to } = record;
    const around = this.file === undefined ? {} : { around: bytesAround(this.file, offset) };
    this.findings.fault(new RdbkitError('INPUT_CORRUPT', message, { offset }), {
      ...{ part: part.name, to },
      ...around,
    });
  }

  /** Enters damage; returns where commands go on behind it, where they do. */
  private goOn(
    file: PartFile,
    decoder: PartDecoder,
    error: RdbkitError,
    goesOn?: number,
  ): number | undefined {
    const offset = error.offset ?? 0;
    const next = decoder.isInDump
      ? this.behindDump(file, error)
      : this.behindGap(file, offset, decoder.offset, goesOn);
    this.findings.fault(error, {
      part: file.part.name,
      ...(next === undefined ? {} : { to: next }),
      around: bytesAround(file, offset),
    });
    return next;
  }

  /** Behind a dump that is damaged nobody knows where the commands begin, but for its checksum. */
  private behindDump(file: PartFile, error: RdbkitError): number | undefined {
    const isWhole = error.code === 'INPUT_CHECKSUM' && error.offset !== undefined;
    this.checksum = isWhole ? 'bad' : 'unknown';
    if (isWhole) {
      const end = (error.offset as number) + CHECKSUM;
      return end < file.end ? end : undefined;
    }
    if (file.part.role === 'single') {
      this.findings.note('commands behind the dump were not read: where they begin is not known');
    }
    return undefined;
  }

  /** @param command where the damaged one begins; @param goesOn where commands go on, if that is known */
  private behindGap(
    file: PartFile,
    offset: number,
    command: number,
    goesOn: number | undefined,
  ): number | undefined {
    this.transactions.gap();
    const place = `${file.part.name}:${offset}`;
    if (++this.gaps > MAX_GAPS) {
      this.findings.note(`damage in more than ${MAX_GAPS} places: the part was not read on behind ${place}`);
      return undefined;
    }
    const next = goesOn ?? findBehind(file, command, command + 1, file.end)?.offset;
    if (next === undefined) {
      this.findings.note(`no command follows behind ${place}: ${file.end - offset} bytes are lost`);
    }
    return next;
  }
}

/** The bytes before and behind a position. */
function bytesAround(file: PartFile, offset: number): string {
  const start = Math.max(0, offset - BEFORE);
  const bytes = new Uint8Array(BEFORE + BEHIND);
  const count = file.readAt(start, bytes);
  const at = offset - start;
  return `${printable(bytes.subarray(0, Math.min(at, count)))} > ${printable(bytes.subarray(at, count))}`;
}
