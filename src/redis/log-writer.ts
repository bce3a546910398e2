import type { Redis } from 'ioredis';
import { positionText, type Refusal } from '../account.js';
import { KeyFinder } from '../aof/command-keys.js';
import { refusalByArguments } from '../aof/replayable.js';
import { RdbkitError } from '../errors.js';
import type { LogBegin, LogCommand, LogHead, LogPart } from '../record.js';
import { framed } from '../resp/command-writer.js';
import { UNFINISHED } from '../stages/whole-transactions.js';
import { hasLongerArgument } from './argument-size.js';
import { type FailedKeys, KEY_REFUSED } from './failed-keys.js';
import { KnownCommands } from './known-commands.js';
import { type Discarded, LogReplies } from './log-replies.js';
import { isRestore, type LoggedPayload, LoggedRestore } from './logged-restore.js';
import { isErrorReply } from './probe.js';
import type { DrainKind, ReplayHooks } from './replay-hooks.js';
import { SentCommands } from './sent-commands.js';
import type { WriteContext } from './write-context.js';

export type { DrainKind, ReplayHooks, ReplayTracker, TransactionalOptions } from './replay-hooks.js';

/** Why commands are skipped whose source never carried them out. */
const GIVEN_UP = 'a discarded transaction';

const TOO_LONG: Refusal = {
  code: 'TARGET_INCOMPATIBLE',
  cause: 'an argument is longer than the target takes (proto-max-bulk-len)',
};

/** So much of a command stands in one chunk, so that its key can be named. */
const HELD_BYTES = 64 * 1024;

const MULTI = framed(1, 'MULTI');
const EXEC = framed(1, 'EXEC');
const DISCARD = framed(1, 'DISCARD');

/** What a log writer works with besides what all writers do. */
export interface LogContext extends WriteContext {
  readonly hooks: ReplayHooks;
  readonly failedKeys: FailedKeys;
  /** The connection on which is asked what must be known first. */
  readonly control: () => Promise<Redis>;
}

/** How far a transaction of the log has come. */
type Phase =
  | 'none'
  /** MULTI was read; it is sent with the first command. */
  | 'begun'
  | 'sent'
  /** One of its commands cannot be sent, so that none is carried out. */
  | 'doomed';

/**
 * Sends the commands of a log, each as the bytes that it has there, and sees to it that they act
 * where and as they did: in their database, and all or none of a transaction. What is written is
 * kept back from the socket until `release`, so that a position can be noted before.
 */
export class LogWriter {
  readonly replies: LogReplies;
  private readonly sent: SentCommands;
  private readonly finder = new KeyFinder();
  private readonly restore: LoggedRestore;
  private known: KnownCommands | undefined;
  private mayMulti = false;
  private phase: Phase = 'none';
  private doom: Refusal = KEY_REFUSED;
  /** MULTI is written and its end is not. */
  private isOpen = false;
  /** The database outside of the transaction that is open. */
  private home = 0;
  /** EXEC and DISCARD written; up to the last EXEC; and up to that before the last MULTI. */
  private ends = 0;
  private endsToExec = 0;
  private endsBefore = 0;
  private batchCommands = 0;
  private batchBytes = 0;
  private unsent = false;
  private part: LogPart = { index: 0, name: '' };
  private endOffset = 0;
  /** What becomes of the bytes of a large command. */
  private large: 'sent' | 'counted' | 'dropped' = 'dropped';

  constructor(private readonly context: LogContext) {
    const { link, account, limits, hooks } = context;
    const { window } = link;
    this.restore = new LoggedRestore(context.target.format, limits);
    const resumeHint = hooks.resumeHint ?? defaultHint;
    this.sent = new SentCommands(window.writer, {
      commands: Math.max(limits.maxTransactionCommands, window.capacity),
      bytes: limits.inFlightBytes,
    });
    const stop = { label: link.label, resumeHint };
    this.replies = new LogReplies(account, this.sent, stop, hooks.transactional !== undefined);
    if (hooks.tracker !== undefined) link.onReplies = () => this.acknowledge();
    const { lostHint } = link;
    link.lostHint = () => {
      const position = this.position;
      return position === '' && hooks.resumeHint === undefined ? lostHint() : resumeHint(position);
    };
  }

  /** All before was carried out; empty when no command was sent. */
  private get position(): string {
    const { sent, replies } = this;
    const { acknowledgedPart: part, acknowledgedEnd: offset } = replies;
    if (part !== undefined) return positionText({ part, offset });
    if (sent.first === sent.next) return '';
    return positionText({ part: sent.partOf(sent.first), offset: sent.offsetOf(sent.first) });
  }

  /** Writes a command, or enters why not. Returns a promise when the next one has to wait. */
  command(record: LogCommand): Promise<void> | undefined {
    switch (record.spec.role) {
      case 'plain':
        return this.plain(record);
      case 'multi':
        return this.beginTransaction();
      case 'exec':
        return this.endTransaction(record);
      case 'discard':
        this.giveUp({ reason: GIVEN_UP });
        return undefined;
      case 'select':
        return undefined;
    }
  }

  /** Starts on a command in parts. */
  async begin(record: LogBegin): Promise<void> {
    this.large = 'dropped';
    await this.ready(record);
    if (!this.admit(record)) return;
    if (this.context.dryRun) {
      this.count(record);
      this.large = 'counted';
      return;
    }
    this.write(record, record.bytes, record.start, record.end);
    this.large = 'sent';
    await this.release();
    this.replies.sentTo = this.sent.next - 1;
  }

  bytes(bytes: Uint8Array): Promise<void> | undefined {
    if (this.large !== 'sent') return undefined;
    const { link } = this.context;
    link.window.writer.piece(bytes, 0, bytes.length);
    return link.socketRoom();
  }

  async end(record: LogBegin): Promise<void> {
    if (this.large !== 'sent') return;
    this.large = 'dropped';
    this.expect();
    this.replies.sentTo = this.sent.next;
    this.unsent = true;
    await this.pace(record.size);
  }

  /** Lets go to the socket what was written, when the tracker knows of it. */
  release(): Promise<void> | undefined {
    const { replies, endsBefore } = this;
    if (!this.unsent) return undefined;
    if (this.context.hooks.transactional !== undefined && replies.ended < endsBefore) {
      return this.releaseBehind(endsBefore);
    }
    const told = this.context.hooks.tracker?.willSend(this.part, this.endOffset);
    if (told instanceof Promise) return told.then(() => this.letGo());
    this.letGo();
    return undefined;
  }

  /** Ends what a `write` of the sink has begun; nothing that was written stays here. */
  flush(): Promise<void> | undefined {
    // What is written within a command would become a piece of its argument.
    if (this.large === 'sent') return undefined;
    if (this.phase === 'none' && this.isOpen) this.commit(this.part, this.endOffset);
    return this.release();
  }

  /** Whether a command of our own may be sent: nothing waits, and no command and no transaction is begun. */
  get isIdle(): boolean {
    return !this.unsent && !this.isOpen && this.large !== 'sent';
  }

  /** Waits for all replies. With the kind `end`, a transaction without EXEC is given up. */
  async drain(kind: DrainKind): Promise<void> {
    const { link, hooks } = this.context;
    if (kind === 'end') this.giveUp({ reason: UNFINISHED });
    await this.flush();
    await link.drain();
    this.acknowledge();
    link.check();
    this.check();
    if (this.isOpen || this.context.dryRun) return;
    await hooks.onDrained?.(link, kind);
  }

  /** @throws RdbkitError once nothing more may be sent */
  check(): void {
    if (this.replies.fatal !== undefined) throw this.replies.fatal;
  }

  /** Waits for the replies to what was sent; what was not is dropped. */
  async abort(reason: RdbkitError): Promise<void> {
    const { link } = this.context;
    await link.until(() => this.sent.answered >= this.replies.sentTo);
    this.acknowledge();
    link.fail(reason);
  }

  private plain(record: LogCommand): Promise<void> | undefined {
    if (!this.isReady(record)) return this.ready(record).then(() => this.plain(record));
    if (!this.admit(record)) return undefined;
    const payload = isRestore(record) ? this.payload(record) : undefined;
    if (payload !== undefined && 'refused' in payload) {
      this.refuse(record, { code: 'TARGET_INCOMPATIBLE', cause: payload.refused });
      return undefined;
    }
    if (this.context.dryRun) {
      this.count(record);
      return undefined;
    }
    if (payload === undefined) this.write(record, record.bytes, record.start, record.end);
    else this.write(record, payload.command, 0, payload.command.length);
    this.expect();
    return this.pace(record.end - record.start);
  }

  /** Whether all is known that must be before a command is written. */
  private isReady({ db, spec }: LogHead): boolean {
    const { databases } = this.context;
    return (
      this.known?.isAsked(spec) === true &&
      (db === databases.selected || databases.isKnown(db) || databases.refusal(db) !== undefined) &&
      (this.mayMulti || !this.needsMulti)
    );
  }

  private get needsMulti(): boolean {
    return !this.isOpen && (this.phase === 'begun' || this.context.hooks.transactional !== undefined);
  }

  /** Asks what has to be known before a command is written. */
  private async ready(record: LogHead): Promise<void> {
    const { control, databases, hooks } = this.context;
    this.known ??= await KnownCommands.ask(await control());
    if (!this.known.isAsked(record.spec)) await this.known.askAll(await control());
    const ownDb = hooks.transactional?.db ?? record.db;
    for (const db of [record.db, ownDb]) {
      if (databases.isKnown(db) || databases.refusal(db) !== undefined) continue;
      const refusal = await databases.askBy(control, db);
      if (refusal !== undefined && hooks.transactional?.db === db) {
        throw new RdbkitError('TARGET_INCOMPATIBLE', refusal.cause, { subject: this.context.link.label });
      }
    }
    if (!this.mayMulti && this.needsMulti) await this.tryMulti();
  }

  /** A server that refuses MULTI would carry out one by one what is written behind it. */
  private async tryMulti(): Promise<void> {
    const client = await this.context.control();
    try {
      await client.call('MULTI');
      await client.call('DISCARD');
      this.mayMulti = true;
    } catch (thrown) {
      if (!isErrorReply(thrown)) throw RdbkitError.from(thrown, 'TARGET_LOST');
      throw new RdbkitError('TARGET_INCOMPATIBLE', `it refuses transactions (${(thrown as Error).message})`, {
        subject: this.context.link.label,
        hint: 'grant the user +multi, +exec and +discard',
      });
    }
  }

  /** Whether a command is sent; enters why not. */
  private admit(record: LogHead): boolean {
    if (this.phase === 'doomed') {
      this.fail(record, this.doom);
      return false;
    }
    const { failedKeys, databases, target } = this.context;
    const refusal =
      (this.known as KnownCommands).refusal(record.spec) ??
      refusalByArguments(record) ??
      databases.refusal(record.db) ??
      (hasLongerArgument(record, target.maxBulkBytes) ? TOO_LONG : undefined) ??
      (!failedKeys.isEmpty && failedKeys.refuses(record) ? KEY_REFUSED : undefined);
    if (refusal === undefined) {
      if (!failedKeys.isEmpty) failedKeys.follow(record);
      return true;
    }
    this.refuse(record, refusal);
    return false;
  }

  /** Leaves a command out, and with it the transaction that it is in. */
  private refuse(record: LogHead, refusal: Refusal): void {
    this.fail(record, refusal);
    if (this.phase === 'none') return;
    this.doom = { ...refusal, cause: `its transaction cannot be carried out: ${refusal.cause}` };
    this.discard(this.doom);
    this.phase = 'doomed';
  }

  /** What the target reads instead of the payload of a RESTORE, where it does not read that. */
  private payload(record: LogHead): LoggedPayload | undefined {
    try {
      return this.restore.translate(record);
    } catch (thrown) {
      const error = RdbkitError.from(thrown);
      if (error.code === 'INTERNAL') throw error;
      return { refused: error.describe() };
    }
  }

  private fail(record: LogHead, refusal: Refusal): void {
    const hasKey = this.finder.find(record) > 0;
    const key = hasKey ? record.argument(this.finder.argumentOf(0)) : undefined;
    this.context.account.failCommand(record, refusal, key);
  }

  /** A command of a dry run, which is written when its transaction is. */
  private count(record: LogHead): void {
    if (this.phase === 'none') {
      this.context.account.written(record.tally);
      return;
    }
    this.phase = 'sent';
    this.sent.add(record.spec, record.part, record.offset, record.endOffset, record.db, record.tally);
  }

  /** Writes a command, or the beginning of a large one, behind what must come before it. */
  private write(record: LogHead, bytes: Uint8Array, start: number, end: number): void {
    const { link, databases } = this.context;
    const { window } = link;
    const { writer } = window;
    const { db, part, offset, endOffset } = record;
    link.holdBack();
    if (this.needsMulti) this.openMulti();
    if (db !== databases.selected) this.select(db);
    this.sent.add(record.spec, part, offset, endOffset, db, record.tally);
    const size = end - start;
    writer.ensure(Math.min(size, HELD_BYTES));
    const from = writer.at;
    this.sent.hold(writer.current, from, Math.min(from + size, writer.chunk.length));
    if (size <= HELD_BYTES) writer.run(bytes, start, end);
    else writer.piece(bytes, start, end);
    this.part = part;
    this.endOffset = endOffset;
    this.unsent = true;
  }

  private expect(): void {
    this.context.link.window.expect(this.isOpen ? this.replies.queued : this.replies.plain);
  }

  /** What has to be waited for behind a command of so many bytes. */
  private pace(bytes: number): Promise<void> | undefined {
    const { link, rate, hooks } = this.context;
    const { transactional } = hooks;
    let waits: Promise<void> | undefined;
    if (transactional !== undefined && this.phase === 'none') {
      this.batchCommands++;
      this.batchBytes += bytes;
      const { maxCommands = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = transactional;
      if (this.batchCommands >= maxCommands || this.batchBytes >= maxBytes) waits = this.flush();
    }
    const ms = rate?.take(bytes) ?? 0;
    if (waits === undefined && ms <= 0 && !link.window.isFull) return undefined;
    return this.wait(waits, ms);
  }

  private async wait(before: Promise<void> | undefined, ms: number): Promise<void> {
    const { link, rate, signal } = this.context;
    await before;
    if (ms > 0 || link.window.isFull) await this.release();
    if (ms > 0) await rate?.wait(ms, signal);
    if (link.window.isFull) await link.room();
  }

  private beginTransaction(): Promise<void> | undefined {
    const waits = this.phase === 'none' ? this.flushBatch() : undefined;
    this.phase = 'begun';
    return waits;
  }

  /** A transaction of the log is a batch by itself, so that it can be given up alone. */
  private flushBatch(): Promise<void> | undefined {
    return this.isOpen ? this.flush() : undefined;
  }

  private endTransaction({ part, endOffset }: LogHead): Promise<void> | undefined {
    const { phase } = this;
    this.phase = 'none';
    if (phase !== 'sent' && !this.isOpen) return undefined;
    if (this.context.dryRun) {
      this.replies.settle(undefined);
      return undefined;
    }
    this.commit(part, endOffset);
    return this.context.hooks.transactional === undefined ? undefined : this.release();
  }

  /** Leaves out a transaction of the log that has begun. */
  private giveUp(outcome: Discarded): void {
    if (this.phase === 'sent' || this.phase === 'begun') this.discard(outcome);
    this.phase = 'none';
  }

  private discard(outcome: Discarded): void {
    if (this.context.dryRun) this.replies.settle(outcome);
    if (!this.isOpen) return;
    const { link, databases } = this.context;
    const { window } = link;
    link.holdBack();
    this.sent.add(undefined, this.part, this.endOffset, this.endOffset, -1, -1);
    window.writer.raw(DISCARD);
    this.replies.willDiscard(outcome);
    window.expect(this.replies.discard);
    databases.wentBack(this.home);
    this.close();
  }

  private openMulti(): void {
    const { link, databases } = this.context;
    link.window.writer.raw(MULTI);
    link.window.expect(this.replies.multi);
    this.isOpen = true;
    this.home = databases.selected;
    this.endsBefore = this.endsToExec;
    this.batchCommands = 0;
    this.batchBytes = 0;
    if (this.phase === 'begun') this.phase = 'sent';
  }

  /**
   * Ends the transaction that is open, in the database where it began: one that is refused never
   * leaves it, and what is written behind it must act in the same.
   */
  private commit(part: LogPart, endOffset: number): void {
    const { link, databases, hooks } = this.context;
    const { window } = link;
    const { writer } = window;
    const { transactional } = hooks;
    link.holdBack();
    if (transactional !== undefined) {
      const { key, db, positionOf } = transactional;
      if (db !== databases.selected) this.select(db);
      this.addOwn();
      writer.begin(3);
      writer.text('SET');
      writer.bytes(key);
      writer.text(positionOf.call(transactional, part, endOffset));
      window.expect(this.replies.queued);
    }
    if (databases.selected !== this.home) this.select(this.home);
    this.sent.add(undefined, part, endOffset, endOffset, -1, -1);
    writer.raw(EXEC);
    window.expect(this.replies.exec);
    this.part = part;
    this.endOffset = endOffset;
    this.close();
    this.endsToExec = this.ends;
  }

  private close(): void {
    this.isOpen = false;
    this.unsent = true;
    this.ends++;
  }

  private select(db: number): void {
    const { databases } = this.context;
    if (!this.isOpen) {
      databases.select(db);
      return;
    }
    this.addOwn();
    databases.select(db, this.replies.queued);
  }

  /** A command of our own inside of a transaction. */
  private addOwn(): void {
    this.sent.add(undefined, this.part, this.endOffset, this.endOffset, -1, -1);
  }

  private async releaseBehind(ends: number): Promise<void> {
    const { link } = this.context;
    await link.until(() => this.replies.ended >= ends || this.replies.fatal !== undefined);
    link.check();
    this.check();
    await this.release();
  }

  private letGo(): void {
    this.unsent = false;
    this.replies.sentTo = this.sent.next;
    this.context.link.letGo();
  }

  private acknowledge(): void {
    const { replies } = this;
    if (!replies.hasNews) return;
    replies.hasNews = false;
    this.context.hooks.tracker?.acknowledged(replies.acknowledgedPart as LogPart, replies.acknowledgedEnd);
  }
}

function defaultHint(position: string): string {
  return `go on from ${position}: all before it was carried out, and some of what follows it may have been, too`;
}
