import { Account } from '../account.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import type { RunContext, Sink } from '../pipeline.js';
import type { DumpRecord, KeyHead, RecordBatch } from '../record.js';
import type { MakeSpill } from '../spill.js';
import { ExportSink, enterOther } from './export-sink.js';
import type { ByteOutput } from './output-buffer.js';
import type { OtherRecord, RecordFormat } from './record-format.js';
import type { SplitRule } from './split-rules.js';

/** An output that a key was found for. */
export interface SplitPart {
  /** From 1. */
  readonly number: number;
  /** Its label by the rule: `0-5460`, `3`, `hash`, `user`, `1`. */
  readonly label: string;
}

export interface SplitSinkOptions {
  /** Opens the output of a part; throws an RdbkitError where that cannot be. */
  readonly open: (part: SplitPart) => ByteOutput;
  /** The format of one part: each needs one of its own. */
  readonly format: () => RecordFormat;
  readonly makeSpill: MakeSpill;
  readonly limits?: Partial<Limits>;
  /** The most outputs; 256 by default. */
  readonly maxOutputs?: number;
}

/** What a split did. */
export interface SplitReport {
  readonly account: Account;
  readonly parts: readonly (SplitPart & { readonly keys: number; readonly bytes: number })[];
}

const MAX_OUTPUTS = 256;

/** Memory that each output begins with: there may be many. */
const BUFFER_BYTES = 64 * 1024;

/** What a field takes besides its bytes. */
const FIELD_BYTES = 128;

const LOG_COMMANDS = 'the commands of a log are not split: make a dump of them first';
const COMMANDS = 'commands inside a dump are not carried over';
const NO_OUTPUT = 'there was no output to put it in';

interface Part extends SplitPart {
  readonly sink: ExportSink;
  readonly output: ByteOutput;
  isFinished: boolean;
}

/**
 * Deals keys out to several outputs, each of which is whole by itself and gets the aux fields.
 * Functions and data of modules go into every output of a cluster's slots, for every shard needs
 * them; else into one, so that the parts can be brought together again. All outputs are finished
 * before the first is closed.
 */
export class SplitSink implements Sink<SplitReport> {
  readonly name = 'split';
  readonly accounts = true;
  private readonly limits: Limits;
  private readonly parts: Part[] = [];
  private account = new Account();
  /** What a part that is begun later has to get: fields, and until there is one, all else. */
  private readonly held: OtherRecord[] = [];
  private heldBytes = 0;
  /** Where the parts of the value go that has begun. */
  private big: Part | undefined;

  constructor(
    private readonly rule: SplitRule,
    private readonly options: SplitSinkOptions,
  ) {
    this.limits = withLimits(options.limits);
  }

  open({ account }: Pick<RunContext, 'account'>): void {
    this.account = account;
    if (this.rule.isFixed) for (let i = 0; i < this.rule.labels.length; i++) this.begin();
  }

  write({ records }: RecordBatch): void {
    for (const record of records) this.take(record);
  }

  close(): SplitReport {
    try {
      for (const record of this.held) if (record.kind !== 'aux') this.enter(record, NO_OUTPUT);
      for (const part of this.parts) finish(part);
      for (const { output } of this.parts) output.close();
    } catch (thrown) {
      for (const { output } of this.parts) output.abort();
      throw thrown;
    }
    const parts = this.parts.map(({ number, label, sink }) => {
      return { number, label, keys: sink.keys, bytes: sink.bytes };
    });
    return { account: this.account, parts };
  }

  abort(reason: RdbkitError): void {
    for (const { sink } of this.parts) sink.abort(reason);
  }

  private take(record: DumpRecord): void {
    switch (record.kind) {
      case 'key':
        this.partOf(record)?.sink.take(record);
        break;
      case 'key-begin':
        this.big = this.partOf(record);
        this.big?.sink.take(record);
        break;
      case 'key-part':
        this.big?.sink.take(record);
        break;
      case 'key-end':
        this.big?.sink.take(record);
        this.big = undefined;
        break;
      case 'log-command':
      case 'log-begin':
        if (record.tally >= 0) this.account.failCommand(record, { code: 'USAGE', cause: LOG_COMMANDS });
        break;
      case 'log-part':
      case 'log-end':
      case 'fault':
      case 'slot-info':
        break;
      default:
        this.other(record);
    }
  }

  private partOf(head: KeyHead): Part | undefined {
    const { parts, rule, account } = this;
    const index = rule.route(head, parts.at(-1)?.sink.bytes ?? 0);
    if (index < 0) {
      account.skipped(head.tally, rule.nowhere);
      return undefined;
    }
    return parts[index] ?? this.begin();
  }

  /** Begins the next part; with the first, what was waiting for one goes into it. */
  private begin(): Part {
    const { parts, rule, options, account } = this;
    const number = parts.length + 1;
    const label = rule.labels[number - 1] as string;
    const maxOutputs = options.maxOutputs ?? MAX_OUTPUTS;
    if (number > maxOutputs) {
      throw new RdbkitError(
        'LIMIT_EXCEEDED',
        `cut by ${rule.name} this makes more than ${maxOutputs} files`,
        {
          hint: 'cut more coarsely, or select some of the keys first',
        },
      );
    }
    const before = parts.at(-1);
    if (rule.isSequential && before !== undefined) finish(before);
    const output = options.open({ number, label });
    const sink = new ExportSink(options.format(), output, options.makeSpill, {
      limits: this.limits,
      bufferBytes: BUFFER_BYTES,
    });
    const part = { number, label, sink, output, isFinished: false };
    parts.push(part);
    sink.open({ account });
    this.release(part);
    return part;
  }

  private release({ sink }: Part): void {
    const waiting = this.held.splice(0);
    for (const record of waiting) {
      const leftOut = sink.offer(record);
      if (record.kind === 'aux') this.held.push(record);
      else this.enter(record, leftOut);
    }
  }

  private other(record: OtherRecord): void {
    const { parts, rule } = this;
    if (record.kind === 'command') {
      this.enter(record, COMMANDS);
      return;
    }
    const all = rule.isFixed || record.kind === 'aux' ? parts : parts.slice(-1);
    const outcomes = all.filter((part) => !part.isFinished).map(({ sink }) => sink.offer(record));
    if (record.kind === 'aux' ? !rule.isFixed : outcomes.length === 0) this.hold(record);
    else this.enter(record, outcomes[0]);
  }

  private hold(record: OtherRecord): void {
    this.held.push(record);
    this.heldBytes += sizeOf(record);
    if (this.heldBytes > this.limits.maxHeldString) {
      throw new RdbkitError(
        'LIMIT_EXCEEDED',
        `fields and functions of more than ${this.limits.maxHeldString} bytes stand before the keys`,
      );
    }
  }

  private enter(record: OtherRecord, leftOut: string | undefined): void {
    enterOther(this.account, record, leftOut);
  }
}

function finish(part: Part): void {
  if (part.isFinished) return;
  part.isFinished = true;
  part.sink.finish();
}

function sizeOf(record: OtherRecord): number {
  switch (record.kind) {
    case 'aux':
      return FIELD_BYTES + record.name.length + record.value.length;
    case 'function':
      return record.code.length;
    case 'slot-info':
      return 0;
    default:
      return record.bytes.length;
  }
}
