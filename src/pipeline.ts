import { Account, type Refusal } from './account.js';
import { Chain } from './chain.js';
import { RdbkitError } from './errors.js';
import type { DumpRecord, KeyHead, LogCommand, LogHead, RecordBatch } from './record.js';

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
  fail(record: KeyHead | LogHead, refusal: Refusal): void;
  /** Passes on a command that the stage has made besides; it is counted as read, too. */
  add(command: LogCommand): void;
  /** Says of a record something that is no failure; counted by its words. */
  note(text: string): void;
  /** Drops the record as skipped, for a reason of its own; also one that was held. */
  skip(record: KeyHead | LogHead, reason: string): void;
  /** Keeps a record back without dropping it: the stage passes it on, or fails it, by its end. */
  hold(record: KeyHead | LogHead): void;
  /**
   * Passes records on, each in a batch of its own, before anything else is read. So a stage gives
   * a large value that it has made, a part at a time. It is left early, by `return`, when the run
   * ends or a later stage drops the key.
   */
  pour(records: Iterator<DumpRecord>): void;
}

/**
 * One step of selection or transformation: a plain synchronous function over one record. A stage
 * that drops a `key-begin` or `log-begin` is not shown the parts that belong to it. A key or
 * command that is dropped counts as skipped, with the stage's name as reason. SELECT, MULTI, EXEC
 * and DISCARD of a log are not counted: they say where and how the others act.
 */
export interface Stage {
  readonly name: string;
  /** Returning false ends the run once the sink has what was emitted. */
  write(record: DumpRecord, emit: Emit): void | false;
  /** Called before what has come out of the stages goes to the sink, a batch at a time. */
  beforeSink?(): void;
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
