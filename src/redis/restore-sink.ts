import type { Redis } from 'ioredis';
import type { Account } from '../account.js';
import { latin1Text } from '../bytes/ascii.js';
import type { RdbkitError } from '../errors.js';
import { Spool } from '../io/spool.js';
import { type Limits, withLimits } from '../limits.js';
import type { RunContext, Sink } from '../pipeline.js';
import { ValueConverter } from '../rdb/convert.js';
import type { DumpRecord, RecordBatch } from '../record.js';
import { type Address, type AddressOptions, parseAddress } from './address.js';
import { connectControl } from './connection.js';
import { FunctionWriter } from './function-writer.js';
import { KeyWriter } from './key-writer.js';
import { LAST_REPLIES_MS, Link } from './link.js';
import { type ConflictPolicy, Outcomes } from './outcome.js';
import { probeTarget, type Target } from './probe.js';
import { RateLimit } from './rate-limit.js';
import { RestoreCommand } from './restore-command.js';

export interface RestoreSinkOptions extends AddressOptions {
  /** What to do with a key that the target has already; `fail` by default. */
  readonly conflict?: ConflictPolicy;
  /** Keys whose expiry is past when they would be written: left out, or written without expiry. */
  readonly expired?: 'skip' | 'persist';
  /** Writes nothing, but looks for what would collide. */
  readonly dryRun?: boolean;
  /** At most so many keys or bytes a second. */
  readonly maxRate?: { readonly keys?: number; readonly bytes?: number };
  readonly limits?: Partial<Limits>;
}

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
  private writing: Writing | undefined;

  constructor(
    readonly address: Address,
    private readonly options: RestoreSinkOptions,
  ) {
    this.name = address.label;
    this.limits = withLimits(options.limits);
  }

  /**
   * Connects and asks the target what it takes. May be called before the run, to fail early.
   * @throws RdbkitError TARGET_LOST, TARGET_REPLY or TARGET_INCOMPATIBLE
   */
  async connect(): Promise<Target> {
    if (this.probed !== undefined) return this.probed;
    this.control = await connectControl(this.address);
    try {
      const target = await probeTarget(this.control, this.address);
      this.link = await Link.open(this.address, this.limits);
      this.probed = target;
      return target;
    } catch (thrown) {
      this.control.disconnect();
      throw thrown;
    }
  }

  async open({ account, signal }: RunContext): Promise<void> {
    const target = await this.connect();
    const { options, limits } = this;
    const link = this.link as Link;
    signal.addEventListener('abort', () => link.interrupt(), { once: true });
    const conflict = options.conflict ?? 'fail';
    const outcomes = new Outcomes(account, link, conflict);
    const { maxRate } = options;
    const context = {
      link,
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
    };
  }

  write(batch: RecordBatch): void | Promise<void> {
    return this.writeFrom(this.writing as Writing, batch.records, 0);
  }

  async close(): Promise<ImportReport> {
    const { keys, link, outcomes, account } = this.writing as Writing;
    await keys.finish();
    this.disconnect();
    link.check();
    outcomes.check();
    return { target: this.probed as Target, dryRun: this.options.dryRun === true, account };
  }

  /** Waits for the replies that are still to come, so that the account says what was written. */
  async abort(reason: RdbkitError): Promise<void> {
    const { writing } = this;
    if (writing !== undefined) {
      const timer = setTimeout(() => writing.link.fail(reason), LAST_REPLIES_MS);
      await writing.keys.abort(reason);
      await writing.keys.finish();
      clearTimeout(timer);
    }
    this.disconnect();
  }

  private disconnect(): void {
    this.link?.close();
    this.control?.disconnect();
  }

  /** Writes records until one has to wait; the rest follows when it may. */
  private writeFrom(writing: Writing, records: readonly DumpRecord[], from: number): void | Promise<void> {
    const { link, outcomes } = writing;
    for (let i = from; i < records.length; i++) {
      const waits = writeRecord(writing, records[i] as DumpRecord);
      if (waits !== undefined) return waits.then(() => this.writeFrom(writing, records, i + 1));
      if (outcomes.fatal !== undefined) throw outcomes.fatal;
    }
    link.window.writer.flush();
    link.check();
  }
}

interface Writing {
  readonly link: Link;
  readonly account: Account;
  readonly outcomes: Outcomes;
  readonly keys: KeyWriter;
  readonly functions: FunctionWriter;
}

function writeRecord({ account, keys, functions }: Writing, record: DumpRecord): Promise<void> | undefined {
  switch (record.kind) {
    case 'key':
      return keys.key(record);
    case 'key-begin':
      return keys.begin(record);
    case 'key-part':
      return keys.part(record.bytes);
    case 'key-end':
      return keys.end();
    case 'function':
      functions.write(record);
      break;
    case 'module-aux':
      account.skipped(
        account.read(-1, 'module-aux', record.bytes.length),
        'data of a module outside keys, which no command restores',
      );
      break;
    case 'command':
      account.failed(
        account.read(-1, 'command', record.bytes.length),
        'commands inside a dump are not carried out',
      );
      break;
    case 'aux':
      if (latin1Text(record.name) === 'keydb-subexpire-key') {
        account.note('expiries of set members and hash fields of KeyDB are not carried over');
      }
      break;
    default:
  }
  return undefined;
}
