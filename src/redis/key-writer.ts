import type { Refusal } from '../account.js';
import type { Integer } from '../bytes/integer.js';
import type { RdbkitError } from '../errors.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import { parseModuleId } from '../rdb/module-id.js';
import { Scanner } from '../rdb/scanner.js';
import { locate } from '../rdb/values/decode.js';
import { InlineReader } from '../rdb/values/value-reader.js';
import type { KeyBegin, KeyHead, KeyRecord } from '../record.js';
import { BigValue } from './big-value.js';
import type { DatabaseSelector } from './database-selector.js';
import { EXISTS, EXPIRED, refusalOf, refusalOfValue } from './outcome.js';
import { PAYLOAD_OVERHEAD } from './restore-command.js';
import { TrialValue } from './trial-value.js';
import type { Expectation } from './window.js';
import type { WriteContext } from './write-context.js';

/** Note under which keys are counted that were written without the expiry that was past. */
const PERSISTED = 'expired keys written without expiry';

/** Modules whose refusals are remembered. */
const MAX_MODULES = 1000;

/** The converter of an import refuses what it would have to drop. */
const nothingDropped = (): void => {};

/** Writes keys into the target, each by the way that its type and size ask for. */
export class KeyWriter {
  private readonly databases: DatabaseSelector;
  private readonly restored: Expectation;
  private readonly looked: Expectation;
  private readonly ignored: Expectation = { onOk() {}, onReply() {}, onLost() {} };
  private readonly reader: InlineReader;
  private readonly modules = new Map<string, Expectation>();
  private big: BigValue | TrialValue | undefined;
  /** Expiries to be set behind keys that RESTORE could not give an absolute one. */
  private expiries: { db: number; key: Uint8Array; at: Integer }[] = [];

  constructor(private readonly context: WriteContext) {
    const { link, account, outcomes, target, databases } = context;
    this.databases = databases;
    this.reader = new InlineReader(context.limits);
    this.restored = outcomes.expectation('RESTORE');
    this.looked = {
      onOk: () => {},
      onReply: (slot, reply) => {
        if (reply.kind === 'integer' && reply.value === 0) account.written(link.window.tallyOf(slot));
        else outcomes.enter(slot, 'EXISTS', reply.kind === 'error' ? refusalOf(reply.text) : EXISTS);
      },
      onLost: (slot) => this.restored.onLost(slot),
    };
    if (!target.absoluteTtl) this.restored = this.expiring(this.restored);
  }

  /** Writes a key, or enters why not. Returns a promise when the next one has to wait. */
  key(record: KeyRecord): Promise<void> | undefined {
    this.sendExpiries();
    if (!this.admit(record)) return undefined;
    if (this.databases.select(record.db)) return this.send(record);
    return this.inDatabase(record, () => this.send(record));
  }

  /** Starts on a value in parts. */
  begin(head: KeyBegin): Promise<void> | undefined {
    this.sendExpiries();
    this.big = undefined;
    if (!this.admit(head)) return undefined;
    return this.inDatabase(head, async () => {
      const { dryRun, converter } = this.context;
      if (!dryRun) this.big = new BigValue(this.context, head);
      else if (converter.readsType(head)) this.look(head);
      else this.big = new TrialValue(this.context, head, () => this.look(head));
      await this.big?.begin();
    });
  }

  part(bytes: Uint8Array): Promise<void> | undefined {
    return this.big?.part(bytes);
  }

  async end(): Promise<void> {
    await this.big?.end();
    this.big = undefined;
  }

  /** Gives up on a value of which not all parts have come. */
  async abort(reason: RdbkitError): Promise<void> {
    await this.big?.abort(reason);
    this.big = undefined;
  }

  /** Waits for all replies, and for those of what they gave cause for. */
  async finish(): Promise<void> {
    const { link } = this.context;
    await link.drain();
    this.sendExpiries();
    await link.drain();
  }

  /** Whether a key is written, by what is known before its value is looked at; enters why not. */
  private admit(head: KeyHead): boolean {
    const { account, expired, converter } = this.context;
    if (head.expireAtMs !== undefined && head.expireAtMs <= Date.now()) {
      if (expired === 'skip') {
        account.skipped(head.tally, EXPIRED);
        return false;
      }
      head.expireAtMs = undefined;
      account.note(PERSISTED);
    }
    const way = converter.way(head);
    if (typeof way === 'object') {
      account.fail(head, 'RESTORE', { code: 'TARGET_INCOMPATIBLE', cause: way.refused });
      return false;
    }
    const refusal = this.databases.refusal(head.db);
    if (refusal !== undefined) account.fail(head, 'SELECT', refusal);
    return refusal === undefined;
  }

  private async inDatabase(head: KeyHead, write: () => Promise<void> | undefined): Promise<void> {
    if (!this.databases.select(head.db)) {
      const refusal = await this.databases.ask(head.db);
      if (refusal !== undefined) {
        this.context.account.fail(head, 'SELECT', refusal);
        return;
      }
    }
    await write();
  }

  private send(record: KeyRecord): Promise<void> | undefined {
    if (this.context.converter.way(record) === 'look') return this.sendConverted(record);
    const { target, dryRun } = this.context;
    if (dryRun) this.look(record);
    else if (PAYLOAD_OVERHEAD + record.size > target.maxBulkBytes)
      return new BigValue(this.context, record).whole(record);
    else this.restore(record, undefined);
    return this.pace(record.size);
  }

  /** Sends a value that the target may not read as it is stored. */
  private sendConverted(record: KeyRecord): Promise<void> | undefined {
    const { target, dryRun, limits, converter } = this.context;
    let value: EncodedValue | undefined;
    try {
      value = converter.convert(record, this.reader.use(record), nothingDropped);
    } catch (thrown) {
      this.refuse(record, thrown);
      return undefined;
    }
    const size = value?.size ?? record.size;
    if (dryRun) this.look(record);
    else if (PAYLOAD_OVERHEAD + size > target.maxBulkBytes)
      return new BigValue(this.context, record).whole(record);
    else if (value !== undefined && size > limits.maxInlineValue)
      return new BigValue(this.context, record).encoded(value);
    else this.restore(record, value);
    value?.close();
    return this.pace(size);
  }

  /** Keeps to the rate, and to what may be in flight. */
  private pace(size: number): Promise<void> | undefined {
    const { link, rate } = this.context;
    const wait = rate?.take(size) ?? 0;
    if (wait > 0) return this.wait(wait);
    return link.window.isFull ? link.room() : undefined;
  }

  private async wait(ms: number): Promise<void> {
    const { link, rate, signal } = this.context;
    link.window.writer.flush();
    await rate?.wait(ms, signal);
    if (link.window.isFull) await link.room();
  }

  /** Enters why the value of a key cannot be brought to the form of the target. */
  private refuse(record: KeyRecord, thrown: unknown): void {
    const error = locate(thrown, record);
    if (error.code === 'INTERNAL' || error.code === 'IO') throw error;
    this.context.account.fail(record, 'RESTORE', refusalOfValue(error));
  }

  /** Sends the value, or what it was encoded to. */
  private restore(record: KeyRecord, value: EncodedValue | undefined): void {
    const { link, target, restore, conflict } = this.context;
    if (conflict === 'replace' && !target.replace) {
      link.window.writer.begin(2);
      link.window.writer.text('DEL');
      link.window.writer.bytes(record.keyBytes, record.keyStart, record.keyEnd);
      link.window.expect(this.ignored);
    }
    if (value !== undefined) restore.writeEncoded(record, value);
    else restore.write(record, record.type.code, record.valueBytes, record.valueStart, record.valueEnd);
    this.expect(record);
  }

  private expect(record: KeyRecord): void {
    const { window } = this.context.link;
    const expectation = record.type.family === 'module' ? this.ofModule(record) : this.restored;
    const slot = window.expect(expectation, record.db, record.tally);
    if (!this.context.target.absoluteTtl && record.expireAtMs !== undefined)
      this.dueExpiries.set(slot, record.expireAtMs);
  }

  /** A server without the module says only that the data is bad; this says more. */
  private ofModule({ valueBytes, valueStart, valueEnd }: KeyRecord): Expectation {
    const scan = new Scanner(this.context.limits);
    scan.view(valueBytes, valueEnd, 0);
    scan.at = valueStart;
    scan.readLength();
    const { name, version } = parseModuleId(scan.length);
    const id = `${name} version ${version}`;
    let known = this.modules.get(id);
    if (known === undefined) {
      const { outcomes } = this.context;
      const { restored } = this;
      const noModule: Refusal = {
        code: 'TARGET_INCOMPATIBLE',
        cause: `the target has no module that reads ${id}`,
      };
      known = {
        onOk: (slot) => restored.onOk(slot),
        onReply: (slot, reply) => {
          const isBad = reply.kind === 'error' && /bad data format/i.test(reply.text);
          if (isBad) outcomes.enter(slot, 'RESTORE', noModule);
          else restored.onReply(slot, reply);
        },
        onLost: (slot) => restored.onLost(slot),
      };
      if (this.modules.size < MAX_MODULES) this.modules.set(id, known);
    }
    return known;
  }

  /** Asks whether the target has the key. */
  private look(head: KeyHead): void {
    const { link, conflict, account } = this.context;
    if (conflict === 'replace') {
      account.written(head.tally);
      return;
    }
    link.window.writer.begin(2);
    link.window.writer.text('EXISTS');
    link.window.key(head.keyBytes, head.keyStart, head.keyEnd);
    link.window.expect(this.looked, head.db, head.tally);
  }

  private readonly dueExpiries = new Map<number, Integer>();

  /** For targets before 5.0: RESTORE gave what was left of the time, PEXPIREAT sets the exact end. */
  private expiring(restored: Expectation): Expectation {
    const { window } = this.context.link;
    return {
      onOk: (slot) => {
        const at = this.dueExpiries.get(slot);
        if (at !== undefined) this.expiries.push({ db: window.dbOf(slot), key: window.keyOf(slot), at });
        this.dueExpiries.delete(slot);
        restored.onOk(slot);
      },
      onReply: (slot, reply) => {
        this.dueExpiries.delete(slot);
        restored.onReply(slot, reply);
      },
      onLost: (slot) => restored.onLost(slot),
    };
  }

  /** Sends the expiries that have come due; only between two commands. */
  private sendExpiries(): void {
    if (this.expiries.length === 0 || this.context.link.failure !== undefined) return;
    const { window } = this.context.link;
    const { expiries } = this;
    this.expiries = [];
    for (const { db, key, at } of expiries) {
      this.databases.select(db);
      window.writer.begin(3);
      window.writer.text('PEXPIREAT');
      window.writer.bytes(key);
      window.writer.integer(at);
      window.expect(this.ignored);
    }
  }
}
