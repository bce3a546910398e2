import { type Integer, unsignedInteger } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import { knownEntriesRead } from '../rdb/entries-read.js';
import { Role } from '../rdb/grammar.js';
import { MAX_ID_BYTES, putIdText } from '../rdb/stream-id.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { groupArguments, NO_ENTRIES, stateArguments } from '../resp/stream-commands.js';
import type { OutputBuffer } from './output-buffer.js';
import { PendingList } from './pending-list.js';
import { putBulk, putBulkInteger, putBulkString, putBulkText, putCommand } from './resp-framing.js';
import { StreamCheck } from './resp-stream-check.js';
import { type CommandTarget, hasCounts } from './resp-target.js';

const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * A stream by XADD, XSETID, XGROUP and XCLAIM, as servers rewrite it into an append-only file
 * (`rewriteStreamObject` in Redis' aof.c). Commands cannot say when a consumer was last seen or
 * active: that is lost. They cannot make a pending entry whose message is deleted, one that
 * nobody holds, or idempotent producers: such a stream is refused.
 */
export class StreamCommands {
  private key = EMPTY;
  private out: OutputBuffer | undefined;
  private readonly idText = new Uint8Array(MAX_ID_BYTES);
  private readonly pending = new PendingList();
  private readonly sayable = new StreamCheck();
  private group = EMPTY;
  private consumer = EMPTY;
  private added = 0;
  private length: Integer = 0;
  private entriesAdded: Integer | undefined;
  private entriesRead: Integer | undefined;
  private groupMade = true;
  private stateSet = false;
  private ms: Integer = 0;
  private lastId = '';
  private maxDeletedId = '';
  private groupLastId = '';

  constructor(private readonly target: CommandTarget) {}

  /** @throws Unwritable for what commands cannot say, unless `check` has found all well */
  write(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    this.reset(head, out);
    const { cursor } = value;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      this.sayable.take(token, cursor);
      if (token === Token.entry) this.entry(value);
      else this.take(token, value);
    }
    this.makeGroup();
    this.setState();
    if (!out.mayFlush) this.sayable.requireMessages(value);
  }

  private reset(head: KeyHead, out: OutputBuffer): void {
    this.key = head.key;
    this.out = out;
    this.added = 0;
    this.length = 0;
    this.entriesAdded = undefined;
    this.lastId = '';
    this.maxDeletedId = '0-0';
    this.stateSet = false;
    this.groupMade = true;
    this.sayable.begin();
  }

  /** Looks through a large stream, which is handed on while it is written. @throws Unwritable */
  check(value: ValueReader): void {
    this.sayable.check(value);
  }

  private entry(value: ValueReader): void {
    const { cursor } = value;
    const { pairs } = cursor;
    if (cursor.deleted) {
      for (let left = 2 * pairs; left > 0; left--) value.next();
      return;
    }
    const out = this.begin('XADD', 1 + 2 * pairs);
    this.putId(cursor);
    for (let left = 2 * pairs; left > 0; left--) {
      value.next();
      putBulkString(out, cursor);
    }
    this.added++;
  }

  private take(token: Token, value: ValueReader): void {
    const { cursor } = value;
    switch (cursor.role) {
      case Role.streamLength:
        this.length = cursor.integer as Integer;
        break;
      case Role.streamLastMs:
      case Role.streamMaxDeletedMs:
      case Role.groupLastMs:
        this.ms = cursor.integer as Integer;
        break;
      case Role.streamLastSeq:
        this.lastId = `${this.ms}-${cursor.integer}`;
        break;
      case Role.streamMaxDeletedSeq:
        this.maxDeletedId = `${this.ms}-${cursor.integer}`;
        break;
      case Role.streamEntriesAdded:
        this.entriesAdded = cursor.integer;
        break;
      case Role.streamGroups:
        this.setState();
        break;
      default:
        this.takeGroup(token, value);
    }
  }

  private takeGroup(token: Token, value: ValueReader): void {
    const { cursor, pending } = { cursor: value.cursor, pending: this.pending };
    switch (cursor.role) {
      case Role.groupName:
        this.makeGroup();
        this.group = nameOf(token, value);
        this.entriesRead = undefined;
        this.groupMade = false;
        pending.clear();
        break;
      case Role.groupLastSeq:
        this.groupLastId = `${this.ms}-${cursor.integer}`;
        break;
      case Role.groupEntriesRead:
        this.entriesRead = knownEntriesRead(cursor.integer);
        break;
      case Role.pendingId:
        pending.add(cursor);
        break;
      case Role.pendingDeliveredAt:
        pending.setDeliveredAt(cursor);
        break;
      case Role.pendingDeliveries:
        pending.setDeliveries(cursor);
        break;
      case Role.groupConsumers:
        this.makeGroup();
        break;
      case Role.consumerName:
        this.consumer = nameOf(token, value);
        break;
      case Role.consumerPending:
        // Claiming makes the consumer as well; the command for it came later (Redis 6.2).
        if (cursor.integer === 0) this.makeConsumer();
        break;
      case Role.consumerPendingId:
        this.claim(cursor);
        break;
      default:
    }
  }

  /** Last id and counters. A stream without entries must be made first. */
  private setState(): void {
    if (this.stateSet) return;
    this.stateSet = true;
    if (this.added === 0) this.put('XADD', NO_ENTRIES);
    // What a server counts that loads a stream from before 7.0, if it is known to count.
    const counted = this.entriesAdded ?? (this.target === undefined ? undefined : this.length);
    const entriesAdded = hasCounts(this.target) ? counted : undefined;
    this.put('XSETID', stateArguments(this.lastId, entriesAdded, this.maxDeletedId));
  }

  private put(name: string, behind: readonly string[]): void {
    const out = this.begin(name, behind.length);
    for (const argument of behind) putBulkText(out, argument);
  }

  private makeGroup(): void {
    if (this.groupMade) return;
    this.groupMade = true;
    const entriesRead = hasCounts(this.target) ? this.entriesRead : undefined;
    const behind = groupArguments(this.groupLastId, entriesRead);
    const out = this.beginGroup('CREATE', behind.length);
    for (const argument of behind) putBulkText(out, argument);
  }

  private makeConsumer(): void {
    putBulk(this.beginGroup('CREATECONSUMER', 1), this.consumer);
  }

  private claim(cursor: ValueCursor): void {
    const { pending } = this;
    const index = pending.find(cursor);
    if (index < 0)
      throw new RdbkitError('INPUT_CORRUPT', 'a consumer holds an entry that its group does not list');
    const out = this.begin('XCLAIM', 10);
    putBulk(out, this.group);
    putBulk(out, this.consumer);
    putBulkText(out, '0');
    this.putId(cursor);
    putBulkText(out, 'TIME');
    putBulkInteger(out, pending.deliveredAtMs(index));
    putBulkText(out, 'RETRYCOUNT');
    putBulkInteger(out, pending.deliveries(index));
    putBulkText(out, 'FORCE');
    putBulkText(out, 'JUSTID');
  }

  private begin(name: string, argumentCount: number): OutputBuffer {
    const out = this.out as OutputBuffer;
    putCommand(out, 2 + argumentCount);
    putBulkText(out, name);
    putBulk(out, this.key);
    return out;
  }

  private beginGroup(subcommand: string, argumentCount: number): OutputBuffer {
    const out = this.out as OutputBuffer;
    putCommand(out, 4 + argumentCount);
    putBulkText(out, 'XGROUP');
    putBulkText(out, subcommand);
    putBulk(out, this.key);
    putBulk(out, this.group);
    return out;
  }

  /** The id of an entry or id token. */
  private putId({ msHigh, msLow, seqHigh, seqLow }: ValueCursor): void {
    const { idText } = this;
    const size = putIdText(idText, 0, unsignedInteger(msHigh, msLow), unsignedInteger(seqHigh, seqLow));
    putBulk(this.out as OutputBuffer, idText, 0, size);
  }
}

/** The string that the current token is or begins, as a copy. */
function nameOf(token: Token, value: ValueReader): Uint8Array {
  const { cursor } = value;
  if (cursor.isInteger && token !== Token.fragment) cursor.formatInteger();
  const name = new Uint8Array(token === Token.fragment ? cursor.total : cursor.textEnd - cursor.textStart);
  for (let at = 0; ; value.next()) {
    name.set(cursor.text.subarray(cursor.textStart, cursor.textEnd), at);
    at += cursor.textEnd - cursor.textStart;
    if (token !== Token.fragment || cursor.isLast) return name;
  }
}
