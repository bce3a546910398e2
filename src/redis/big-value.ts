import { randomBytes } from 'node:crypto';
import type { Refusal } from '../account.js';
import { RdbkitError } from '../errors.js';
import { Spool } from '../io/spool.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import { ValueChecker } from '../rdb/values/check.js';
import { ValueCursor } from '../rdb/values/cursor.js';
import { locate, openRecord, valueTypeOf } from '../rdb/values/decode.js';
import { Token } from '../rdb/values/token.js';
import { SpilledReader } from '../rdb/values/value-reader.js';
import type { KeyBegin, KeyHead, KeyRecord } from '../record.js';
import type { Reply } from '../resp/reply.js';
import { BuildContext, type Builder } from './build-context.js';
import { EXISTS, EXPIRED, LOST, refusalOf, refusalOfValue } from './outcome.js';
import { PAYLOAD_OVERHEAD } from './restore-command.js';
import { temporaryKey } from './temporary-key.js';
import { builderFor } from './value-builders.js';
import type { WriteContext } from './write-context.js';

/** A temporary key that is left behind, as by a lost connection, goes by itself after so long. */
const GUARD_MS = 24 * 3600 * 1000;

/** Families whose values commands rebuild less exactly than RESTORE, or not at all. */
const WHOLE: ReadonlySet<string> = new Set(['stream', 'module', 'opaque']);

/**
 * Writes one value that is too large for one command in memory. Element by element it is built
 * under a temporary key, which gets the real name at the end, so that nobody sees half a value.
 * A stream or a module's value is put aside in a temporary file and then restored whole, as long
 * as the target takes an argument of that size.
 */
export class BigValue {
  private context: BuildContext | undefined;
  private builder: Builder | undefined;
  /** The temporary key goes by itself if this run cannot take it away. */
  private isGuarded = false;
  private readonly cursor: ValueCursor;
  private spool: Spool | undefined;
  private checker: ValueChecker | undefined;
  /** Why the key is not written; set once. */
  private refusal: Refusal | undefined;
  /** Its expiry passed while it was built. */
  private hasExpired = false;
  private command = 'RESTORE';
  private isWritten = false;
  private isConcluded = false;

  constructor(
    private readonly run: WriteContext,
    private readonly head: KeyHead,
  ) {
    this.cursor = new ValueCursor(run.limits);
  }

  /** Starts on a value in parts. */
  async begin(): Promise<void> {
    const { head, run } = this;
    if (await this.exists()) return;
    if (WHOLE.has(head.type.family)) {
      this.spool = new Spool();
      this.checker = new ValueChecker(run.limits);
      this.checker.begin(head as KeyBegin);
    } else {
      this.beginBuild();
      this.cursor.openParts(valueTypeOf(head.type), head.valueOffset, head.templates);
    }
  }

  async part(bytes: Uint8Array): Promise<void> {
    if (this.refusal !== undefined) return;
    if (this.spool !== undefined) {
      this.spool.write(bytes);
      this.note(this.checker?.part({ kind: 'key-part', bytes }));
      return;
    }
    await this.guarded(async () => {
      this.cursor.feed(bytes);
      await this.pump();
      this.guard();
    });
  }

  /** The value is complete: writes it for good, or says why not. */
  async end(): Promise<void> {
    if (this.spool !== undefined && this.refusal === undefined) {
      this.note(this.checker?.part(undefined));
      if (this.refusal === undefined) await this.endSpool(this.spool);
    } else {
      await this.guarded(async () => {
        this.cursor.finish();
        await this.pump();
      });
    }
    await this.conclude();
  }

  /** Writes a value that is in memory but longer than the target takes as one argument. */
  async whole(record: KeyRecord): Promise<void> {
    if (!(await this.exists())) {
      await this.guarded(async () => {
        this.beginBuild();
        openRecord(this.cursor, record);
        await this.pump();
      });
    }
    await this.conclude();
  }

  /** Writes a value that was encoded anew and is larger than one batch may be. */
  async encoded(value: EncodedValue): Promise<void> {
    try {
      if (!(await this.exists())) await this.restorePieces(value.type.code, value.size, value.pieces());
    } finally {
      value.close();
    }
    await this.conclude();
  }

  /** Gives up in the middle of the value; it counts as failed. */
  async abort(reason: RdbkitError): Promise<void> {
    this.refusal ??= { code: reason.code, cause: reason.message };
    await this.abandon();
    await this.conclude();
  }

  private async exists(): Promise<boolean> {
    const { run, head } = this;
    if (run.conflict === 'replace') return false;
    const reply = await run.link.call('EXISTS', head.key);
    if (reply.kind === 'integer' && reply.value === 1) this.refusal = EXISTS;
    return this.refusal !== undefined;
  }

  private beginBuild(): void {
    const { link, target, limits } = this.run;
    const key = temporaryKey(this.head.key, randomBytes(6).toString('hex'));
    this.context = new BuildContext(link, target, limits, key);
    this.command = `commands under ${String.fromCharCode(...key.subarray(0, 23))}`;
    this.builder = builderFor(this.head, this.context);
  }

  /** Runs one step; a fault of the value or the target ends the value, not the run. */
  private async guarded(step: () => Promise<void>): Promise<void> {
    if (this.refusal !== undefined) return;
    try {
      await step();
      this.noteReply();
    } catch (thrown) {
      this.run.link.check();
      if (!(thrown instanceof RdbkitError) || thrown.code === 'INTERNAL') throw thrown;
      this.refusal = refusalOfValue(locate(thrown, this.head));
      await this.abandon();
    }
  }

  /** Turns tokens into commands until more of the value is needed. */
  private async pump(): Promise<void> {
    const { cursor, builder, context } = this;
    const { link } = this.run;
    if (builder === undefined || context === undefined) return;
    for (;;) {
      const token = cursor.next();
      if (token === Token.needInput) return;
      if (token === Token.end) {
        builder.finish();
        return;
      }
      builder.take(token, cursor);
      if (builder.isOpen) {
        if (link.window.isFull) await link.socketRoom();
        continue;
      }
      if (context.refused !== undefined) return;
      if (!this.isGuarded && context.sent > 0) this.guard();
      if (link.window.isFull) await link.room();
    }
  }

  /** Sets the expiry that takes the temporary key away if we cannot. */
  private guard(): void {
    const { context, refusal, builder } = this;
    if (context === undefined || refusal !== undefined || builder?.isOpen === true) return;
    this.isGuarded = true;
    context.begin('PEXPIRE', 1);
    context.link.window.writer.integer(GUARD_MS);
    context.end();
  }

  private async abandon(): Promise<void> {
    const { link } = this.run;
    while (link.failure === undefined && this.builder?.isOpen === true) {
      this.builder.abandon();
      await link.socketRoom();
    }
  }

  private note(fault: RdbkitError | undefined): void {
    if (fault !== undefined) this.refusal ??= { code: fault.code, cause: fault.describe() };
  }

  /** The value is in the file: RESTORE if one argument can hold it, else commands. */
  private async endSpool(spool: Spool): Promise<void> {
    const { target } = this.run;
    let converted: EncodedValue | undefined;
    await this.guarded(async () => {
      converted = this.convert(spool);
    });
    if (this.refusal !== undefined) return;
    const size = converted?.size ?? spool.size;
    try {
      if (size + PAYLOAD_OVERHEAD > target.maxBulkBytes) await this.buildFrom(spool);
      else {
        const { code } = converted?.type ?? this.head.type;
        await this.restorePieces(code, size, converted?.pieces() ?? spool.read());
      }
    } finally {
      converted?.close();
    }
  }

  /** The value in the form of the target; undefined when it has that. */
  private convert(spool: Spool): EncodedValue | undefined {
    const { head, checker } = this;
    const { target, converter, limits } = this.run;
    const wrongWidths = target.format.backlen === 'new' ? checker?.oldWidths : checker?.newWidths;
    if (converter.readsType(head) && wrongWidths === 0) return undefined;
    return converter.convert(head, new SpilledReader(head as KeyBegin, spool, limits), () => {});
  }

  private async buildFrom(spool: Spool): Promise<void> {
    await this.guarded(async () => {
      this.beginBuild();
      this.cursor.openParts(valueTypeOf(this.head.type), this.head.valueOffset, this.head.templates);
      for (const piece of spool.read()) {
        this.cursor.feed(piece);
        await this.pump();
      }
      this.cursor.finish();
      await this.pump();
    });
  }

  private async restorePieces(code: number, size: number, pieces: Iterable<Uint8Array>): Promise<void> {
    const { link, restore, account } = this.run;
    const { head } = this;
    restore.begin(head);
    restore.beginPayload(head, code, size);
    for (const piece of pieces) {
      restore.piece(piece, 0, piece.length);
      await link.socketRoom();
    }
    restore.endPayload();
    restore.options(head);
    const replied = link.expectReply();
    link.window.writer.flush();
    const reply = await replied;
    if (reply.kind === 'error') {
      this.refusal = refusalOf(reply.text);
    } else {
      this.isWritten = true;
      account.written(head.tally);
    }
  }

  /** Gives the temporary key its expiry and name, or takes it away; enters the outcome. */
  private async conclude(): Promise<void> {
    const { run, head } = this;
    if (this.isConcluded) return;
    this.isConcluded = true;
    try {
      if (!this.isWritten && this.context !== undefined) await this.concludeBuild(this.context);
    } catch (thrown) {
      if (run.link.failure === undefined) throw thrown;
      this.refusal ??= LOST;
    }
    this.spool?.close();
    if (this.isWritten) return;
    if (this.hasExpired) run.account.skipped(head.tally, EXPIRED);
    else run.outcomes.record(head.tally, head.db, head.key.slice(), this.command, this.refusal ?? LOST);
  }

  private async concludeBuild(context: BuildContext): Promise<void> {
    const { link, target, conflict, account } = this.run;
    const { head } = this;
    await link.drain();
    link.check();
    this.noteReply();
    if (this.refusal === undefined) {
      const expiry = head.expireAtMs;
      if (expiry === undefined) await link.call('PERSIST', context.key);
      else await link.call('PEXPIREAT', context.key, String(expiry));
      this.noteRename(await link.call(conflict === 'replace' ? 'RENAME' : 'RENAMENX', context.key, head.key));
    }
    if (this.refusal === undefined && !this.hasExpired) {
      this.isWritten = true;
      account.written(head.tally);
    } else {
      await link.call(target.absoluteTtl || target.multiHset ? 'UNLINK' : 'DEL', context.key);
    }
  }

  private noteReply(): void {
    const refused = this.context?.refused;
    if (refused !== undefined) this.refusal ??= refusalOf(refused);
  }

  private noteRename(reply: Reply): void {
    if (reply.kind === 'integer' && reply.value === 0) this.refusal = EXISTS;
    else if (reply.kind !== 'error') return;
    else if (/no such key/i.test(reply.text)) this.hasExpired = true;
    else this.refusal = refusalOf(reply.text);
  }
}
