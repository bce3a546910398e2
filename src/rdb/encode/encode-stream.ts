import type { Integer } from '../../bytes/integer.js';
import { knownEntriesRead } from '../entries-read.js';
import { Role } from '../grammar.js';
import { halvesText, idOf, idText } from '../stream-id.js';
import type { ValueType } from '../types.js';
import type { ValueCursor } from '../values/cursor.js';
import { HeldText } from '../values/held-text.js';
import { Token } from '../values/token.js';
import type { StreamId } from '../values/value.js';
import type { ValueReader } from '../values/value-reader.js';
import { takeString } from './encode-tokens.js';
import {
  ACTIVE_TIMES,
  COUNTERS,
  NACKS,
  PRODUCERS,
  revisionOf,
  type StreamBuilder,
} from './stream-builder.js';
import type { StreamState } from './stream-state.js';

/** Writes the tokens of a stream of one revision in the layout of another. Deleted entries are left out. */
export class StreamTranscoder {
  private revision = 1;
  private skipped = 0;
  private open = 0;
  private inGroup = false;
  private readonly numbers: Integer[] = [];
  /** Of the group or consumer that is begun next. */
  private readonly name = new HeldText();
  private pendingId: StreamId = { ms: 0, seq: 0 };
  /** Nacked ids by the index of their group, where the target has none. */
  private nacked: readonly ReadonlySet<string>[] = [];

  constructor(private readonly builder: StreamBuilder) {}

  /** Gives the stream to the builder, which was begun. */
  encode(type: ValueType, value: ValueReader): void {
    this.revision = revisionOf(type);
    this.open = 0;
    this.skipped = 0;
    this.inGroup = false;
    this.numbers.length = 0;
    const losesNacked = this.revision >= NACKS && this.builder.revision < NACKS;
    this.nacked = losesNacked ? this.findNacked(value) : [];
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) this.take(token, value.cursor);
    this.endGroup();
  }

  /** A group from before there were nacked entries has none. */
  private endGroup(): void {
    const { builder } = this;
    if (this.inGroup && this.revision < NACKS && builder.revision >= NACKS) builder.groups.length(0);
    this.inGroup = false;
  }

  private take(token: Token, cursor: ValueCursor): void {
    const { builder } = this;
    switch (cursor.role) {
      case Role.streamEntry:
        this.entry(cursor);
        break;
      case Role.field:
      case Role.value:
        this.entryString(token, cursor);
        break;
      case Role.streamGroups:
        builder.state(this.state());
        break;
      case Role.groupName:
        if (token === Token.string || cursor.isFirst) this.endGroup();
        this.name.add(token, cursor);
        break;
      case Role.groupPending:
        this.beginPending(Number(cursor.integer));
        break;
      case Role.groupLastMs:
      case Role.groupLastSeq:
      case Role.groupEntriesRead:
      case Role.pendingDeliveredAt:
      case Role.consumerSeenAt:
      case Role.consumerActiveAt:
      case Role.streamLastMs:
      case Role.streamLastSeq:
      case Role.streamFirstMs:
      case Role.streamFirstSeq:
      case Role.streamMaxDeletedMs:
      case Role.streamMaxDeletedSeq:
      case Role.streamEntriesAdded:
        this.numbers.push(cursor.integer as Integer);
        break;
      case Role.pendingId:
        this.pendingId = idOf(cursor);
        break;
      case Role.pendingDeliveries:
        this.pending(cursor.integer as Integer);
        break;
      case Role.groupConsumers:
        builder.groups.length(cursor.integer as Integer);
        break;
      case Role.consumerName:
        this.name.add(token, cursor);
        break;
      case Role.consumerPending:
        this.beginConsumer(cursor.integer as Integer);
        break;
      case Role.consumerPendingId:
        builder.groups.id(cursor.msHigh, cursor.msLow, cursor.seqHigh, cursor.seqLow);
        break;
      case Role.groupNacked:
        if (builder.revision >= NACKS) builder.groups.length(cursor.integer as Integer);
        break;
      case Role.nackedId:
        if (builder.revision >= NACKS)
          builder.groups.id(cursor.msHigh, cursor.msLow, cursor.seqHigh, cursor.seqLow);
        break;
      default:
        this.producers(token, cursor);
    }
  }

  private entry(cursor: ValueCursor): void {
    const { nodes } = this.builder;
    if (cursor.deleted) {
      this.skipped = 2 * cursor.pairs;
      return;
    }
    nodes.beginEntry(cursor.msHigh, cursor.msLow, cursor.seqHigh, cursor.seqLow);
    this.open = 2 * cursor.pairs;
    if (this.open === 0) nodes.endEntry();
  }

  private entryString(token: Token, cursor: ValueCursor): void {
    if (this.skipped > 0) {
      this.skipped--;
      return;
    }
    takeString(token, cursor, this.builder.nodes);
    if (--this.open === 0) this.builder.nodes.endEntry();
  }

  private state(): StreamState {
    const [lastMs, lastSeq, firstMs, firstSeq, deletedMs, deletedSeq, entriesAdded] = this.numbers.splice(0);
    const lastId = { ms: lastMs as Integer, seq: lastSeq as Integer };
    if (this.revision < COUNTERS) return { lastId };
    return {
      lastId,
      firstId: { ms: firstMs as Integer, seq: firstSeq as Integer },
      maxDeletedId: { ms: deletedMs as Integer, seq: deletedSeq as Integer },
      entriesAdded,
    };
  }

  private beginPending(count: number): void {
    const [ms, seq, entriesRead] = this.numbers.splice(0);
    const { builder, name } = this;
    const read = knownEntriesRead(entriesRead);
    this.inGroup = true;
    builder.groupHead(name.bytes, 0, name.size, { ms: ms as Integer, seq: seq as Integer }, read);
    builder.groups.length(count - (this.nacked[builder.groupCount - 1]?.size ?? 0));
  }

  private pending(deliveries: Integer): void {
    const [deliveredAt] = this.numbers.splice(0);
    const { builder, pendingId } = this;
    if (this.nacked[builder.groupCount - 1]?.has(idText(pendingId)) === true) return;
    builder.pendingEntry(pendingId, deliveredAt as Integer, deliveries);
  }

  private beginConsumer(held: Integer): void {
    const [seenAt, activeAt] = this.numbers.splice(0);
    const { builder, name } = this;
    builder.consumer(
      name.bytes,
      0,
      name.size,
      seenAt as Integer,
      this.revision >= ACTIVE_TIMES ? activeAt : undefined,
    );
    builder.groups.length(held);
  }

  /** Producers are copied as they come: numbers and strings in stored order. */
  private producers(token: Token, cursor: ValueCursor): void {
    const { builder } = this;
    if (cursor.role < Role.idmpDuration || cursor.role > Role.idmpDuplicates) return;
    if (cursor.role === Role.idmpProducers) builder.keepsProducers(Number(cursor.integer));
    if (builder.revision < PRODUCERS) {
      if (SETTINGS.has(cursor.role)) this.numbers.push(cursor.integer as Integer);
      if (cursor.role === Role.idmpDuplicates) builder.keepsIdempotence(this.numbers.splice(0));
      return;
    }
    if (token === Token.string || token === Token.fragment) takeString(token, cursor, builder.producerNames);
    else builder.producers.length(cursor.integer as Integer);
  }

  /** Reads the stream once for the entries that nobody holds, to leave them out. */
  private findNacked(value: ValueReader): Set<string>[] {
    const { cursor } = value;
    const found: Set<string>[] = [];
    let total = 0;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.groupName) found.push(new Set());
      else if (cursor.role === Role.nackedId) {
        found.at(-1)?.add(halvesText(cursor));
        total++;
      }
    }
    this.builder.keepsNacked(total);
    return found;
  }
}

/** What is said of producers besides them, in stored order. */
const SETTINGS: ReadonlySet<Role> = new Set([
  Role.idmpDuration,
  Role.idmpMaxSize,
  Role.idmpAdded,
  Role.idmpDuplicates,
]);
