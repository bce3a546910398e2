import type { Redis } from 'ioredis';
import type { Account } from '../account.js';
import type { RdbkitError } from '../errors.js';
import { Spool } from '../io/spool.js';
import { type Limits, withLimits } from '../limits.js';
import type { RunContext, Sink } from '../pipeline.js';
import { ValueConverter } from '../rdb/convert.js';
import type { DumpRecord, RecordBatch } from '../record.js';
import { type Address, type AddressOptions, parseAddress } from './address.js';
import { connectControl, disconnectControl } from './connection.js';
import { DatabaseSelector } from './database-selector.js';
import { requireEmpty } from './empty-target.js';
import { FailedKeys, watchRejects } from './failed-keys.js';
import { FunctionWriter } from './function-writer.js';
import { KeyWriter } from './key-writer.js';
import { LAST_REPLIES_MS, Link } from './link.js';
import { LogWriter } from './log-writer.js';
import { type ConflictPolicy, Outcomes } from './outcome.js';
import { readPosition } from './position-key.js';
import { requireFirst, waitForPredecessor } from './predecessor.js';
import { probeTarget, type Target } from './probe.js';
import { RateLimit } from './rate-limit.js';
import { type RecordWriters, writeRecord } from './record-writers.js';
import type { DrainKind, ReplayHooks } from './replay-hooks.js';
import { RestoreCommand } from './restore-command.js';

export interface RestoreSinkOptions extends AddressOptions, ReplayHooks {
  /** What to do with a key that the target has already; `fail` by default. */
  readonly conflict?: ConflictPolicy;
  /** Keys whose expiry is past when they would be written: left out, or written without expiry. */
  readonly expired?: 'skip' | 'persist';
  /** Writes nothing, but looks for what would collide. */
  readonly dryRun?: boolean;
  /** At most so many keys or bytes a second. */
  readonly maxRate?: { readonly keys?: number; readonly bytes?: number };
  /**
   * Name of the connection that writes, without blanks. It is not opened before one of that name
   * is gone, so that what a run before has sent is carried out first.
   */
  readonly connectionName?: string;
  readonly limits?: Partial<Limits>;
}

/** Servers close connections that are idle for a second, if that is what they are told. */
const KEEP_ALIVE_MS = 500;

/** What an import did. */
export interface ImportReport {
  readonly target: Target;
  readonly dryRun: boolean;
  readonly account: Account;
}

/**
 * A sink that writes records into one Redis or Valkey server by RESTORE.
 * @param address `redis://[user[:password]@]host[:port]`, `rediss://…` or `unix:///path`
 * @throws RdbkitError USAGE when the address cannot be understood
 */
export function restoreSink(address: string, options: RestoreSinkOptions = {}): RestoreSink {
  return new RestoreSink(parseAddress(address, options), options);
}

/** See `restoreSink`. */
export class RestoreSink implements Sink<ImportReport> {
  readonly name: string;
  readonly accounts = true;
  private readonly limits: Limits;
  private control: Redis | undefined;
  private link: Link | undefined;
  private probed: Target | undefined;
  private writing: RecordWriters | undefined;
  private keepAt = 0;

  constructor(
    readonly address: Address,
    private readonly options: RestoreSinkOptions,
  ) {
    this.name = address.label;
    this.limits = withLimits(options.limits);
  }

  /**
   * Connects and asks the target what it takes. May be called before the run, to fail early.
   * @param signal gives it up, for a server that says nothing
   * @throws RdbkitError TARGET_LOST, TARGET_REPLY or TARGET_INCOMPATIBLE
   */
  async connect(signal?: AbortSignal): Promise<Target> {
    if (this.probed !== undefined) return this.probed;
    const control = await connectControl(this.address, signal);
    this.control = control;
    const giveUp = () => disconnectControl(control);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      const target = await probeTarget(control, this.address);
      const { connectionName } = this.options;
      if (connectionName !== undefined) {
        const unknown = await waitForPredecessor(control, connectionName);
        if (unknown !== undefined) target.notes.push(unknown);
      }
      this.link = await Link.open(this.address, this.limits, connectionName);
      if (connectionName !== undefined) await requireFirst(control, this.link, connectionName);
      this.probed = target;
      return target;
    } catch (thrown) {
      this.disconnect();
      throw thrown;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  async open({ account, signal }: RunContext): Promise<void> {
    const target = await this.connect();
    const { options, limits } = this;
    const link = this.link as Link;
    signal.addEventListener('abort', () => link.interrupt(), { once: true });
    const conflict = options.conflict ?? 'fail';
    const outcomes = new Outcomes(account, link, conflict);
    const failedKeys = new FailedKeys(limits.maxCollisions);
    watchRejects(account, failedKeys);
    const { maxRate } = options;
    const context = {
      link,
      databases: new DatabaseSelector(link),
      target,
      limits,
      account,
      outcomes,
      converter: new ValueConverter(
        { ...target.format, asStored: false },
        { makeSpill: () => new Spool(), limits, isExact: true },
      ),
      restore: new RestoreCommand(link.window, target, conflict === 'replace'),
      conflict,
      expired: options.expired ?? 'skip',
      dryRun: options.dryRun === true,
      rate: maxRate === undefined ? undefined : new RateLimit(maxRate.keys, maxRate.bytes),
      signal,
    };
    this.writing = {
      link,
      account,
      outcomes,
      keys: new KeyWriter(context),
      functions: new FunctionWriter(context),
      logs: new LogWriter({
        ...context,
        hooks: options,
        failedKeys,
        control: () => this.liveControl(),
      }),
      isInLog: false,
      large: undefined,
    };
  }

  /**
   * Makes sure that the target holds no key before a log is replayed into it, whose commands would
   * change keys that are there.
   * @param dbs the databases concerned; all when left out
   * @throws RdbkitError TARGET_INCOMPATIBLE when there is a key
   */
  async requireEmpty(dbs?: Iterable<number>): Promise<void> {
    await this.connect();
    await requireEmpty(await this.liveControl(), this.address.label, dbs);
  }

  /**
   * The position that `transactional` has left in the target; undefined when there is none.
   * @throws RdbkitError USAGE when the key is something else than a string
   */
  async readPosition(): Promise<string | undefined> {
    const { transactional } = this.options;
    if (transactional === undefined) return undefined;
    await this.connect();
    return readPosition(await this.liveControl(), transactional);
  }

  /** Waits until all that was written has its reply, for a reader that waits for more. */
  async drain(kind: DrainKind = 'caught-up'): Promise<void> {
    const { keys, logs, link, outcomes } = this.writing as RecordWriters;
    await keys.finish();
    await logs.drain(kind);
    link.check();
    outcomes.check();
  }

  /**
   * Keeps a server from closing the connection as an idle one, while a reader waits for more; to be
   * called between two writes, every now and then.
   * @throws RdbkitError TARGET_LOST when the connection has been lost meanwhile
   */
  keepAlive(): void {
    const { writing } = this;
    if (writing === undefined) return;
    const { link, logs } = writing;
    link.check();
    const now = Date.now();
    if (now < this.keepAt || !logs.isIdle || link.window.pending > 0) return;
    this.keepAt = now + KEEP_ALIVE_MS;
    // Who writes next, or the next call, says that it was lost.
    link.call('PING').catch(() => undefined);
  }

  write(batch: RecordBatch): void | Promise<void> {
    return this.writeFrom(this.writing as RecordWriters, batch.records, 0);
  }

  async close(): Promise<ImportReport> {
    const { account } = this.writing as RecordWriters;
    try {
      await this.drain('end');
    } finally {
      this.disconnect();
    }
    return { target: this.probed as Target, dryRun: this.options.dryRun === true, account };
  }

  /** Waits for the replies that are still to come, so that the account says what was written. */
  async abort(reason: RdbkitError): Promise<void> {
    const { writing } = this;
    if (writing !== undefined) {
      const timer = setTimeout(() => writing.link.fail(reason), LAST_REPLIES_MS);
      await writing.keys.abort(reason);
      if (writing.isInLog) await writing.logs.abort(reason);
      await writing.keys.finish();
      clearTimeout(timer);
    }
    this.disconnect();
  }

  private disconnect(): void {
    this.link?.close();
    if (this.control !== undefined) disconnectControl(this.control);
  }

  /** Writes records until one has to wait; the rest follows when it may. */
  private writeFrom(
    writing: RecordWriters,
    records: readonly DumpRecord[],
    from: number,
  ): void | Promise<void> {
    const { link, outcomes, logs } = writing;
    for (let i = from; i < records.length; i++) {
      const waits = writeRecord(writing, records[i] as DumpRecord);
      if (waits !== undefined) return waits.then(() => this.writeFrom(writing, records, i + 1));
      if (outcomes.fatal !== undefined) throw outcomes.fatal;
      logs.check();
    }
    if (writing.isInLog) return logs.flush()?.then(() => link.check()) ?? link.check();
    link.window.writer.flush();
    link.check();
  }

  /** The control connection, opened anew when the server has closed it, as it may when idle. */
  private async liveControl(): Promise<Redis> {
    if (this.control?.status !== 'ready') {
      if (this.control !== undefined) disconnectControl(this.control);
      this.control = await connectControl(this.address);
    }
    return this.control;
  }
}
