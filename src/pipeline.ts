import { Account, type Refusal } from './account.js';
import { RdbkitError } from './errors.js';
import type { DumpRecord, FaultRecord, KeyHead, RecordBatch } from './record.js';

/** Where records come from. */
export interface Source {
  readonly name: string;
  /** Bytes of input in total, where known. */
  readonly size: number | undefined;
  /** Bytes of input consumed so far. */
  readonly position: number;
  /** Batches in order; leaving the loop early closes the source. Can be read once. */
  read(signal: AbortSignal): AsyncIterable<RecordBatch>;
}

/** Passes a record on; a stage that does not drops it. */
export interface Emit {
  (record: DumpRecord): void;
  /** Drops the record as failed, with the cause. */
  fail(record: KeyHead, refusal: Refusal): void;
  /** Keeps a key back without dropping it: the stage passes it on, or fails it, by its end. */
  hold(record: KeyHead): void;
  /**
   * Passes records on, each in a batch of its own, before anything else is read. So a stage gives
   * a large value that it has made, a part at a time. It is left early, by `return`, when the run
   * ends or a later stage drops the key.
   */
  pour(records: Iterator<DumpRecord>): void;
}

/**
 * One step of selection or transformation: a plain synchronous function over one record. A stage
 * that drops a `key-begin` is not shown the parts that belong to it. A key that is dropped counts
 * as skipped, with the stage's name as reason.
 */
export interface Stage {
  readonly name: string;
  /** Returning false ends the run once the sink has what was emitted. */
  write(record: DumpRecord, emit: Emit): void | false;
  /** Called once when the source has ended. */
  flush?(emit: Emit): void;
  /** Called once when the run is over, whatever came of it. */
  close?(): void;
}

/** What a sink is told before the first batch. */
export interface RunContext {
  readonly account: Account;
  readonly signal: AbortSignal;
}

/**
 * Where records go. The promise of `write` is the back-pressure. Exactly one of `close` and
 * `abort` is called, once.
 */
export interface Sink<R = void> {
  readonly name: string;
  /**
   * Sinks that say themselves what became of each record; else delivered counts as written. They
   * are not shown faults, which `run` has entered as failed.
   */
  readonly accounts?: boolean;
  open?(context: RunContext): void | Promise<void>;
  /** Returning false ends the run. */
  write(batch: RecordBatch): void | false | Promise<void | false>;
  close(): R | Promise<R>;
  abort(reason: RdbkitError): void | Promise<void>;
}

/** A sink whose result is an object that can be looked at before the end, or after a fault. */
export interface ReportSink<R> extends Sink<R> {
  report(): R;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** The books to keep, so that they can be read when the run fails, too. */
  readonly account?: Account;
  /** Called after every batch. */
  readonly onProgress?: () => void;
}

/** Cause under which records count as failed that were read when the run ended, but not written. */
const NOT_REACHED = 'the run ended before it was written';

/**
 * Runs a source through stages into a sink and returns the sink's report.
 * @throws RdbkitError of the source, a stage or the sink; `abort` of the sink was called then
 */
export async function run<R>(
  source: Source,
  stages: readonly Stage[],
  sink: Sink<R>,
  options: RunOptions = {},
): Promise<R> {
  const account = options.account ?? new Account();
  const signal = options.signal ?? new AbortController().signal;
  // Where nobody looks at the account and no stage may change anything, batches pass untouched.
  const isPlain = stages.length === 0 && options.account === undefined && sink.accounts !== true;
  const chain = isPlain ? undefined : new Chain(stages, account, sink.accounts === true);
  try {
    await sink.open?.({ account, signal });
    let accepted: unknown;
    for await (const batch of source.read(signal)) {
      signal.throwIfAborted();
      chain?.take(batch);
      do {
        const written = sink.write(chain?.batch ?? batch);
        accepted = written instanceof Promise ? await written : written;
        options.onProgress?.();
      } while (accepted !== false && chain?.goOn(signal) === true);
      if (chain?.stopped === true || accepted === false) break;
    }
    signal.throwIfAborted();
    if (accepted !== false && chain?.flush() === true) await sink.write(chain.batch);
  } catch (thrown) {
    const reason = signal.aborted
      ? new RdbkitError('ABORTED', 'interrupted', { cause: thrown })
      : RdbkitError.from(thrown);
    await abort(sink, reason);
    account.settle(NOT_REACHED);
    throw reason;
  } finally {
    chain?.close();
  }
  try {
    const report = await sink.close();
    account.balance();
    return report;
  } catch (thrown) {
    account.settle(NOT_REACHED);
    throw RdbkitError.from(thrown);
  }
}

/** What a sink meets while it gives up must not hide why it has to. */
async function abort(sink: Sink<unknown>, reason: RdbkitError): Promise<void> {
  try {
    await sink.abort(reason);
  } catch (thrown) {
    reason.cause ??= thrown;
  }
}

const NO_KEY = new Uint8Array(0);

/** What the account calls a line that is no record. */
const LINE = 'line';

/** The stages, fused: each calls the next. Collects what comes out for the sink. */
class Chain {
  private readonly records: DumpRecord[] = [];
  readonly batch: RecordBatch = { records: this.records };
  private readonly entry: (record: DumpRecord) => void;
  private readonly flushes: (() => void)[] = [];
  private readonly closes: (() => void)[] = [];
  /** How many of `records` are of this batch. An array that is emptied would lose its memory. */
  private count = 0;
  /** A stage has ended the run. */
  stopped = false;
  /** What stages pour, the last first, and who is next to each. */
  private readonly pours: { readonly records: Iterator<DumpRecord>; readonly emit: Emit }[] = [];
  /** Records of the batch that were entered. */
  private input: readonly DumpRecord[] = [];
  private taken = 0;
  /** Entering is interrupted: the run is ended, or something is poured first. */
  private halted = false;
  private tally = -1;
  /** True while the parts of a value belong to a key that a stage has dropped. */
  private dropping = false;

  constructor(
    stages: readonly Stage[],
    private readonly account: Account,
    private readonly sinkAccounts: boolean,
  ) {
    const last = sinkAccounts
      ? (record: DumpRecord) => {
          this.records[this.count++] = record;
        }
      : (record: DumpRecord) => {
          this.records[this.count++] = record;
          if (record.kind === 'key' || record.kind === 'key-begin') account.written(record.tally);
        };
    this.entry = stages.reduceRight<(record: DumpRecord) => void>(
      (next, stage) => this.link(stage, next),
      last,
    );
  }

  /** Enters a batch's records as read and sends them through. */
  take(batch: RecordBatch): void {
    this.input = batch.records;
    this.taken = 0;
    this.enter();
  }

  /** Goes on with what is poured, then with the rest of the batch; false when there is no more. */
  goOn(signal: AbortSignal): boolean {
    const pour = this.pours.at(-1);
    if (this.stopped || (pour === undefined && this.taken === this.input.length)) return false;
    signal.throwIfAborted();
    if (pour === undefined) {
      this.enter();
      return true;
    }
    this.count = 0;
    const { done, value: record } = pour.records.next();
    if (done === true) {
      this.pours.pop();
    } else if (this.dropping && (record.kind === 'key-part' || record.kind === 'key-end')) {
      this.pours.pop();
      pour.records.return?.();
    } else {
      this.dropping = false;
      pour.emit(record);
    }
    this.records.length = this.count;
    return true;
  }

  /** Ends what was left unfinished. */
  close(): void {
    for (const { records } of this.pours.splice(0)) records.return?.();
    for (const close of this.closes) close();
  }

  /** Enters records until there are no more or something comes first. */
  private enter(): void {
    const { account, entry, input } = this;
    this.count = 0;
    this.halted = false;
    while (this.taken < input.length && !this.halted) {
      const record = input[this.taken++] as DumpRecord;
      switch (record.kind) {
        case 'key':
          record.tally = account.read(
            record.db,
            record.type.family,
            record.keyEnd - record.keyStart + record.size,
          );
          entry(record);
          break;
        case 'key-begin':
          this.tally = account.read(record.db, record.type.family, record.keyEnd - record.keyStart);
          record.tally = this.tally;
          this.dropping = false;
          entry(record);
          break;
        case 'key-part':
          account.addBytes(this.tally, record.bytes.length);
          if (!this.dropping) entry(record);
          break;
        case 'fault':
          this.fail(record);
          break;
        default:
          if (record.kind !== 'key-end' || !this.dropping) entry(record);
      }
    }
    this.records.length = this.count;
  }

  /** Lets stages give what they held back; true when there is any. */
  flush(): boolean {
    this.count = 0;
    for (const flush of this.flushes) flush();
    this.records.length = this.count;
    return this.count > 0;
  }

  /** Enters what could not be read as failed; no stage is shown it. */
  private fail(fault: FaultRecord): void {
    const { account } = this;
    account.failed(account.read(-1, LINE, 0), fault.reason);
    account.reject({
      db: -1,
      key: NO_KEY,
      command: undefined,
      code: fault.code,
      cause: `line ${fault.line}, column ${fault.column}: ${fault.reason}`,
    });
    if (!this.sinkAccounts) this.records[this.count++] = fault;
  }

  private link(stage: Stage, next: (record: DumpRecord) => void): (record: DumpRecord) => void {
    const { account } = this;
    let passed = false;
    const emit: Emit = Object.assign(
      (record: DumpRecord) => {
        passed = true;
        next(record);
      },
      {
        fail: (record: KeyHead, refusal: Refusal) => {
          passed = true;
          if (record.kind === 'key-begin') this.dropping = true;
          account.fail(record, undefined, refusal);
        },
        hold: () => {
          passed = true;
        },
        pour: (records: Iterator<DumpRecord>) => {
          this.pours.push({ records, emit });
          this.halted = true;
        },
      },
    );
    const { flush, close } = stage;
    if (flush !== undefined) this.flushes.push(() => flush.call(stage, emit));
    if (close !== undefined) this.closes.push(() => close.call(stage));
    return (record) => {
      passed = false;
      if (stage.write(record, emit) === false) this.stopped = this.halted = true;
      if (passed) return;
      if (record.kind === 'key') account.skipped(record.tally, stage.name);
      else if (record.kind === 'key-begin') {
        account.skipped(record.tally, stage.name);
        this.dropping = true;
      } else if (this.sinkAccounts && (record.kind === 'function' || record.kind === 'module-aux')) {
        // Such a sink enters them itself, if it is shown them.
        const size = record.kind === 'function' ? record.code.length : record.bytes.length;
        account.skipped(account.read(-1, record.kind, size), stage.name);
      }
    };
  }
}
