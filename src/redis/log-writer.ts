import { positionText, type Refusal } from '../account.js';
import { KeyFinder } from '../aof/command-keys.js';
import { RdbkitError } from '../errors.js';
import type { LogBegin, LogCommand, LogHead, LogPart } from '../record.js';
import { UNFINISHED } from '../stages/whole-transactions.js';
import { CommandGate } from './command-gate.js';
import { KEY_REFUSED } from './failed-keys.js';
import { type Discarded, LogReplies } from './log-replies.js';
import { isRestore, type LoggedPayload, LoggedRestore } from './logged-restore.js';
import { PositionBatch } from './position-batch.js';
import type { DrainKind } from './replay-hooks.js';
import { SentCommands } from './sent-commands.js';
import { TransactionFrame } from './transaction-frame.js';
import type { LogContext } from './write-context.js';

/** Why commands are skipped whose source never carried them out. */
const GIVEN_UP = 'a discarded transaction';

/** So much of a command stands in one chunk, so that its key can be named. */
const HELD_BYTES = 64 * 1024;

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
  private readonly gate: CommandGate;
  private readonly frame: TransactionFrame;
  private readonly batch: PositionBatch | undefined;
  private phase: Phase = 'none';
  private doom: Refusal = KEY_REFUSED;
  private unsent = false;
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
    this.gate = new CommandGate(context);
    this.batch = hooks.transactional && new PositionBatch(hooks.transactional);
    this.frame = new TransactionFrame(context, this.sent, this.replies, this.batch);
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
    await this.gate.ready(record, this.needsMulti);
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
    const { replies, batch, frame } = this;
    if (!this.unsent) return undefined;
    if (batch !== undefined && replies.ended < batch.endsBefore) {
      return this.releaseBehind(batch.endsBefore);
    }
    const told = this.context.hooks.tracker?.willSend(frame.part, frame.endOffset);
    if (told instanceof Promise) return told.then(() => this.letGo());
    this.letGo();
    return undefined;
  }

  /** Ends what a `write` of the sink has begun; nothing that was written stays here. */
  flush(): Promise<void> | undefined {
    // What is written within a command would become a piece of its argument.
    if (this.large === 'sent') return undefined;
    if (this.phase === 'none' && this.frame.isOpen) this.commit(this.frame.part, this.frame.endOffset);
    return this.release();
  }

  /** Whether a command of our own may be sent: nothing waits, and no command and no transaction is begun. */
  get isIdle(): boolean {
    return !this.unsent && !this.frame.isOpen && this.large !== 'sent';
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
    if (this.frame.isOpen || this.context.dryRun) return;
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
    if (!this.gate.isReady(record, this.needsMulti)) {
      return this.gate.ready(record, this.needsMulti).then(() => this.plain(record));
    }
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

  private get needsMulti(): boolean {
    return !this.frame.isOpen && (this.phase === 'begun' || this.batch !== undefined);
  }

  /** Whether a command is sent; enters why not. */
  private admit(record: LogHead): boolean {
    if (this.phase === 'doomed') {
      this.fail(record, this.doom);
      return false;
    }
    const refusal = this.gate.refusal(record);
    if (refusal === undefined) return true;
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
    const { frame } = this;
    const { link, databases } = this.context;
    const { writer } = link.window;
    const { db, part, offset, endOffset } = record;
    link.holdBack();
    if (this.needsMulti) {
      frame.open();
      if (this.phase === 'begun') this.phase = 'sent';
    }
    if (db !== databases.selected) frame.select(db);
    this.sent.add(record.spec, part, offset, endOffset, db, record.tally);
    const size = end - start;
    writer.ensure(Math.min(size, HELD_BYTES));
    const from = writer.at;
    this.sent.hold(writer.current, from, Math.min(from + size, writer.chunk.length));
    if (size <= HELD_BYTES) writer.run(bytes, start, end);
    else writer.piece(bytes, start, end);
    frame.part = part;
    frame.endOffset = endOffset;
    this.unsent = true;
  }

  private expect(): void {
    this.context.link.window.expect(this.frame.isOpen ? this.replies.queued : this.replies.plain);
  }

  /** What has to be waited for behind a command of so many bytes. */
  private pace(bytes: number): Promise<void> | undefined {
    const { link, rate } = this.context;
    const { batch } = this;
    let waits: Promise<void> | undefined;
    if (batch !== undefined && this.phase === 'none') {
      batch.add(bytes);
      if (batch.isFull) waits = this.flush();
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
    return this.frame.isOpen ? this.flush() : undefined;
  }

  private endTransaction({ part, endOffset }: LogHead): Promise<void> | undefined {
    const { phase } = this;
    this.phase = 'none';
    if (phase !== 'sent' && !this.frame.isOpen) return undefined;
    if (this.context.dryRun) {
      this.replies.settle(undefined);
      return undefined;
    }
    this.commit(part, endOffset);
    return this.batch === undefined ? undefined : this.release();
  }

  /** Leaves out a transaction of the log that has begun. */
  private giveUp(outcome: Discarded): void {
    if (this.phase === 'sent' || this.phase === 'begun') this.discard(outcome);
    this.phase = 'none';
  }

  private discard(outcome: Discarded): void {
    if (this.context.dryRun) this.replies.settle(outcome);
    if (!this.frame.isOpen) return;
    this.frame.discard(outcome);
    this.unsent = true;
  }

  private commit(part: LogPart, endOffset: number): void {
    this.frame.commit(part, endOffset);
    this.unsent = true;
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
