import type { Integer } from '../bytes/integer.js';
import { knownEntriesRead } from '../rdb/entries-read.js';
import { Role } from '../rdb/grammar.js';
import { halvesText } from '../rdb/stream-id.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import type { Token } from '../rdb/values/token.js';
import type { Reply } from '../resp/reply.js';
import { groupArguments, NO_ENTRIES, stateArguments } from '../resp/stream-commands.js';
import { hasCounts } from '../sinks/resp-target.js';
import { type BuildContext, type Builder, requireBulk, Unbuildable } from './build-context.js';
import type { Expectation } from './window.js';

/** Pending entries of one group that are held to be claimed, 100 bytes each at most. */
const MAX_PENDING = 200_000;

/**
 * A stream by XADD, XSETID, XGROUP and XCLAIM, for one that is too large for RESTORE. Commands
 * cannot say when a consumer was last seen, and cannot make a pending entry whose message is
 * deleted: such a stream is refused rather than written without it.
 */
export class StreamBuilder implements Builder {
  private adding = 0;
  private dropping = 0;
  private added = 0;
  private readonly last: Integer[] = [];
  private readonly maxDeleted: Integer[] = [];
  private entriesAdded: Integer | undefined;
  private stateSet = false;

  private group: Uint8Array = new Uint8Array(0);
  private groupLast: Integer[] = [];
  private entriesRead: Integer | undefined;
  private groupMade = true;
  private readonly pending = new Map<string, { at: Integer; deliveries: Integer }>();
  private pendingId = '';
  private pendingAt: Integer = 0;
  private consumer: Uint8Array = this.group;

  constructor(private readonly context: BuildContext) {}

  take(_: Token, cursor: ValueCursor): void {
    switch (cursor.role) {
      case Role.streamEntry:
        this.entry(cursor);
        break;
      case Role.field:
      case Role.value:
        this.text(cursor);
        break;
      case Role.streamLastMs:
      case Role.streamLastSeq:
        this.last.push(cursor.integer as Integer);
        break;
      case Role.streamMaxDeletedMs:
      case Role.streamMaxDeletedSeq:
        this.maxDeleted.push(cursor.integer as Integer);
        break;
      case Role.streamEntriesAdded:
        this.entriesAdded = cursor.integer;
        break;
      case Role.idmpProducers:
        if (cursor.integer !== 0)
          throw new Unbuildable('its idempotent producers cannot be rebuilt by commands');
        break;
      default:
        this.takeGroup(cursor);
    }
  }

  get isOpen(): boolean {
    return this.adding > 0;
  }

  finish(): void {
    this.makeGroup();
    this.setState();
  }

  abandon(): void {
    const { writer } = this.context.link.window;
    for (; this.adding > 0; this.adding--) writer.text('');
    this.context.end();
  }

  private entry(cursor: ValueCursor): void {
    const { pairs, deleted } = cursor;
    if (deleted) {
      this.dropping = 2 * pairs;
      return;
    }
    this.context.begin('XADD', 1 + 2 * pairs);
    this.context.link.window.writer.text(halvesText(cursor));
    this.adding = 2 * pairs;
    this.added++;
  }

  private text(cursor: ValueCursor): void {
    if (this.dropping > 0) {
      this.dropping--;
      return;
    }
    if (cursor.isInteger) cursor.formatInteger();
    requireBulk(this.context, cursor.textEnd - cursor.textStart);
    this.context.link.window.writer.bytes(cursor.text, cursor.textStart, cursor.textEnd);
    if (--this.adding === 0) this.context.end();
  }

  private takeGroup(cursor: ValueCursor): void {
    switch (cursor.role) {
      case Role.streamGroups:
        this.setState();
        break;
      case Role.groupName:
        this.makeGroup();
        this.group = this.nameOf(cursor);
        this.groupLast = [];
        this.entriesRead = undefined;
        this.groupMade = false;
        this.pending.clear();
        break;
      case Role.groupLastMs:
      case Role.groupLastSeq:
        this.groupLast.push(cursor.integer as Integer);
        break;
      case Role.groupEntriesRead:
        this.entriesRead = knownEntriesRead(cursor.integer);
        break;
      case Role.groupPending:
        if ((cursor.integer as Integer) > MAX_PENDING) {
          throw new Unbuildable(
            `a group has ${cursor.integer} pending entries, too many to rebuild by commands`,
          );
        }
        break;
      case Role.pendingId:
        this.pendingId = halvesText(cursor);
        break;
      case Role.pendingDeliveredAt:
        this.pendingAt = cursor.integer as Integer;
        break;
      case Role.pendingDeliveries:
        this.pending.set(this.pendingId, { at: this.pendingAt, deliveries: cursor.integer as Integer });
        break;
      case Role.consumerName:
        this.makeGroup();
        this.makeConsumer(this.nameOf(cursor));
        break;
      case Role.consumerPendingId:
        this.claim(halvesText(cursor));
        break;
      case Role.nackedId:
        throw new Unbuildable('its entries that nobody holds cannot be rebuilt by commands');
      default:
    }
  }

  /** Last id and counters. A stream without entries must be made first. */
  private setState(): void {
    if (this.stateSet) return;
    this.stateSet = true;
    if (this.added === 0) this.send('XADD', NO_ENTRIES);
    const entriesAdded = hasCounts(this.context.target.format) ? this.entriesAdded : undefined;
    this.send('XSETID', stateArguments(this.last.join('-'), entriesAdded, this.maxDeleted.join('-')));
  }

  private send(name: string, behind: readonly string[]): void {
    const { context } = this;
    context.begin(name, behind.length);
    for (const argument of behind) context.link.window.writer.text(argument);
    context.end();
  }

  private makeGroup(): void {
    if (this.groupMade) return;
    this.groupMade = true;
    const { context } = this;
    const { writer } = context.link.window;
    const entriesRead = hasCounts(context.target.format) ? this.entriesRead : undefined;
    const behind = groupArguments(this.groupLast.join('-'), entriesRead);
    this.beginGroup('CREATE', behind.length);
    for (const argument of behind) writer.text(argument);
    context.end();
  }

  private makeConsumer(name: Uint8Array): void {
    this.consumer = name;
    this.beginGroup('CREATECONSUMER', 1);
    this.context.link.window.writer.bytes(name);
    this.context.end();
  }

  private beginGroup(subcommand: string, argumentCount: number): void {
    const { writer } = this.context.link.window;
    writer.begin(4 + argumentCount);
    writer.text('XGROUP');
    writer.text(subcommand);
    writer.bytes(this.context.key);
    writer.bytes(this.group);
  }

  private nameOf(cursor: ValueCursor): Uint8Array {
    if (cursor.isInteger) cursor.formatInteger();
    requireBulk(this.context, cursor.textEnd - cursor.textStart);
    return cursor.text.slice(cursor.textStart, cursor.textEnd);
  }

  private claim(id: string): void {
    const { context } = this;
    const { writer } = context.link.window;
    const entry = this.pending.get(id);
    if (entry === undefined) throw new Unbuildable(`a consumer holds ${id}, which its group does not list`);
    context.begin('XCLAIM', 10);
    writer.bytes(this.group);
    writer.bytes(this.consumer);
    for (const argument of [
      '0',
      id,
      'TIME',
      String(entry.at),
      'RETRYCOUNT',
      String(entry.deliveries),
      'FORCE',
      'JUSTID',
    ]) {
      writer.text(argument);
    }
    context.end(new ClaimReply(context));
  }
}

/** XCLAIM answers with the ids that it claimed: none when the message is deleted. */
class ClaimReply implements Expectation {
  constructor(private readonly context: BuildContext) {}

  onOk(): void {}

  onReply(slot: number, reply: Reply): void {
    this.context.onReply(slot, reply);
    if (reply.kind === 'array' && reply.size !== 1) {
      this.context.refused ??= 'a pending entry whose message is deleted cannot be rebuilt by commands';
    }
  }

  onLost(): void {}
}
