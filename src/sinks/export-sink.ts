import { Account, type Refusal } from '../account.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import type { RunContext, Sink } from '../pipeline.js';
import { ValueChecker } from '../rdb/values/check.js';
import { locate } from '../rdb/values/decode.js';
import { InlineReader, SpilledReader, type ValueReader } from '../rdb/values/value-reader.js';
import type {
  DumpRecord,
  KeyBegin,
  KeyHead,
  KeyPart,
  KeyRecord,
  LogBegin,
  LogCommand,
  RecordBatch,
} from '../record.js';
import type { MakeSpill, Spill } from '../spill.js';
import { type ByteOutput, OutputBuffer } from './output-buffer.js';
import type { OtherRecord, RecordFormat } from './record-format.js';

/** What an export did. */
export interface ExportReport {
  readonly account: Account;
  /** Bytes of output, before compression. */
  readonly bytes: number;
}

export interface ExportSinkOptions {
  readonly limits?: Partial<Limits>;
  /** Memory of the output buffer to begin with, where there are many sinks. */
  readonly bufferBytes?: number;
}

/** Values up to this size are written at once and taken back on a fault; larger are checked first. */
const TAKEN_BACK = 256 * 1024;

const NAMES: Readonly<Record<OtherRecord['kind'], string>> = {
  function: 'function library',
  'module-aux': 'record of a module outside keys',
  command: 'command',
  aux: 'aux field',
  'slot-info': 'slot info',
};

/** A sink that writes records in a format to an output. */
export class ExportSink implements Sink<ExportReport> {
  readonly name: string;
  readonly accounts = true;
  /** Keys written. */
  keys = 0;
  private readonly limits: Limits;
  private readonly out: OutputBuffer;
  private readonly inline: InlineReader;
  private readonly checker: ValueChecker;
  private account = new Account();
  private signal: AbortSignal | undefined;
  private big:
    | { readonly head: KeyBegin; readonly spill: Spill | undefined; fault: Refusal | undefined }
    | undefined;

  /** @param makeSpill opens a place for a value that is too large for memory */
  constructor(
    private readonly format: RecordFormat,
    private readonly output: ByteOutput,
    private readonly makeSpill: MakeSpill,
    options: ExportSinkOptions = {},
  ) {
    this.name = format.name;
    this.limits = withLimits(options.limits);
    this.out = new OutputBuffer(output, options.bufferBytes);
    this.inline = new InlineReader(this.limits);
    this.checker = new ValueChecker(this.limits, false);
  }

  /** Bytes of output so far, before compression. */
  get bytes(): number {
    return this.out.position;
  }

  open({ account, signal }: Pick<RunContext, 'account'> & Partial<RunContext>): void {
    this.account = account;
    this.signal = signal;
    this.format.begin?.(this.out, account);
  }

  write({ records }: RecordBatch): void | Promise<void> {
    for (const record of records) this.take(record);
    this.out.spill();
    return this.output.settle?.(this.signal);
  }

  async close(): Promise<ExportReport> {
    try {
      this.finish();
      await this.output.settle?.(this.signal);
      this.output.close();
    } catch (thrown) {
      this.output.abort();
      throw thrown;
    }
    return { account: this.account, bytes: this.bytes };
  }

  /** Writes the end, for several outputs of one run: each is closed when all are finished. */
  finish(): void {
    this.format.end?.(this.out);
    this.out.flush();
    this.output.finish?.();
  }

  abort(reason: RdbkitError): void {
    const { big } = this;
    if (big !== undefined) this.refuse(big.head, { code: reason.code, cause: reason.message });
    this.endBig();
    this.output.abort();
  }

  /** Writes one record, which is borrowed until this returns. */
  take(record: DumpRecord): void {
    switch (record.kind) {
      case 'key':
        this.key(record);
        break;
      case 'key-begin':
        this.beginBig(record);
        break;
      case 'key-part':
        this.part(record);
        break;
      case 'key-end':
        this.end();
        break;
      case 'log-command':
      case 'log-begin':
        this.command(record);
        break;
      case 'log-part':
        this.format.commands?.bytes(record.bytes, this.out);
        break;
      case 'log-end':
        this.format.commands?.end(this.out);
        break;
      case 'fault':
        break;
      default:
        this.other(record);
    }
  }

  /** Whether the format takes the key, and how; what it does not take is entered. */
  private admit(head: KeyHead): 'read' | 'copy' | undefined {
    const { format } = this;
    const usual = head.kind === 'key-begin' && format.parts !== undefined ? 'copy' : 'read';
    const handling = format.handling?.(head) ?? usual;
    if (typeof handling === 'string') return handling;
    if ('skipped' in handling) this.account.skipped(head.tally, handling.skipped);
    else this.refuse(head, handling.refused);
    return undefined;
  }

  private key(record: KeyRecord): void {
    const way = this.admit(record);
    if (way === undefined) return;
    const isLarge = record.size > TAKEN_BACK || record.largestString > TAKEN_BACK;
    const fault = isLarge && way === 'read' ? this.checker.check(record) : undefined;
    if (fault === undefined) this.put(record, this.inline.use(record), isLarge);
    else this.refuse(record, refusalOf(fault));
  }

  private put(head: KeyHead, value: ValueReader, isLarge: boolean): void {
    const { out } = this;
    if (!isLarge) out.spill();
    const start = out.at;
    const { base } = out;
    out.mayFlush = isLarge;
    try {
      this.format.key(head, value, out);
      this.enterWritten(head);
    } catch (thrown) {
      const error = locate(thrown, head);
      if (error.code === 'INTERNAL' || error.code === 'IO') throw error;
      // What was handed on cannot be taken back; a value that was checked must not come to this.
      if (out.base !== base) throw new RdbkitError('INTERNAL', error.describe(), { cause: thrown });
      out.at = start;
      this.refuse(head, refusalOf(error));
    } finally {
      out.mayFlush = true;
    }
  }

  private beginBig(head: KeyBegin): void {
    const way = this.admit(head);
    if (way === undefined) return;
    const parts = way === 'copy' ? this.format.parts : undefined;
    parts?.begin(head, this.out);
    const spill = parts === undefined ? this.makeSpill() : undefined;
    if (spill !== undefined) this.checker.begin(head);
    this.big = { head, spill, fault: undefined };
  }

  private part(part: KeyPart): void {
    const { big } = this;
    if (big === undefined) return;
    if (big.spill === undefined) {
      this.format.parts?.part(part.bytes, this.out);
      this.out.spill();
      return;
    }
    if (big.fault !== undefined) return;
    big.spill.write(part.bytes);
    const fault = this.checker.part(part);
    if (fault !== undefined) big.fault = refusalOf(fault);
  }

  private end(): void {
    const { big } = this;
    if (big === undefined) return;
    const fault =
      big.spill === undefined || big.fault !== undefined ? undefined : this.checker.part(undefined);
    if (fault !== undefined) big.fault = refusalOf(fault);
    if (big.fault !== undefined) this.refuse(big.head, big.fault);
    else if (big.spill !== undefined)
      this.put(big.head, new SpilledReader(big.head, big.spill, this.limits), true);
    else {
      this.format.parts?.end(this.out);
      this.enterWritten(big.head);
    }
    this.endBig();
  }

  private endBig(): void {
    this.big?.spill?.close();
    this.big = undefined;
  }

  /** Writes a record that is no key without entering it; returns why not, if it was not written. */
  offer(record: OtherRecord): string | undefined {
    const taken = this.format.other?.(record, this.out) ?? false;
    if (taken === true) return undefined;
    return taken === false ? `${this.format.name} has no place for a ${NAMES[record.kind]}` : taken;
  }

  private other(record: OtherRecord): void {
    enterOther(this.account, record, this.offer(record));
  }

  private command(record: LogCommand | LogBegin): void {
    const { commands } = this.format;
    if (commands !== undefined) {
      if (record.kind === 'log-command') commands.command(record, this.out);
      else commands.begin(record, this.out);
      if (record.tally >= 0) this.account.written(record.tally);
    } else if (record.tally >= 0) {
      this.account.failCommand(record, {
        code: 'USAGE',
        cause: `${this.format.name} has no place for the commands of a log`,
      });
    }
  }

  private enterWritten(head: KeyHead): void {
    this.keys++;
    this.account.written(head.tally);
  }

  private refuse(head: KeyHead, refusal: Refusal): void {
    this.account.fail(head, undefined, refusal);
  }
}

/** Enters what became of a record that is no key, where it is something to be told of. */
export function enterOther(account: Account, record: OtherRecord, leftOut: string | undefined): void {
  if (record.kind === 'aux' || record.kind === 'slot-info') return;
  const size = record.kind === 'function' ? record.code.length : record.bytes.length;
  const tally = account.read(-1, record.kind, size);
  if (leftOut === undefined) account.written(tally);
  else if (record.kind === 'command') account.failed(tally, leftOut);
  else account.skipped(tally, leftOut);
}

/** What is damaged is named with its place; what the target cannot have is the same for many keys. */
function refusalOf(error: RdbkitError): Refusal {
  return {
    code: error.code,
    cause: error.code === 'TARGET_INCOMPATIBLE' ? error.message : error.describe(),
  };
}
