import { latin1Text } from '../../bytes/ascii.js';
import type { Integer } from '../../bytes/integer.js';
import { RdbkitError } from '../../errors.js';
import { entriesReadBefore7, UNKNOWN_ENTRIES_READ } from '../entries-read.js';
import { compareIds, idHalves, ZERO_ID } from '../stream-id.js';
import type { ValueType } from '../types.js';
import type { StreamGroup, StreamId, StreamIdempotence } from '../values/value.js';
import type { EncodeContext } from './encode-context.js';
import type { EncodedValue } from './encoded-value.js';
import { GroupPending, NOBODY } from './group-pending.js';
import { StreamNodes } from './stream-nodes.js';
import type { StreamState } from './stream-state.js';
import { StringSequence } from './string-builder.js';
import type { ValueBuffer } from './value-buffer.js';

/** Encodings of streams by the revision of their layout: 1 in Redis 5.0, 2 in 7.0, 3 in 7.2, 4 in 8.6, 5 in 8.8. */
const REVISIONS: readonly string[] = [
  'listpacks',
  'listpacks-2',
  'listpacks-3',
  'listpacks-4',
  'listpacks-5',
];

/** Revisions that brought counters, the active time of consumers, idempotent producers, nacked entries. */
export const COUNTERS = 2;
export const ACTIVE_TIMES = 3;
export const PRODUCERS = 4;
export const NACKS = 5;

/**
 * What a stream has that knows no idempotent producers: seconds and entries for which servers
 * remember them by default, and how many messages of theirs were added and found twice.
 */
const DEFAULT_IDEMPOTENCE = [100, 100, 0, 0] as const;

/** What is said of a group besides its pending entries. */
export type GroupHead = Omit<StreamGroup, 'pending'>;

const NONE = new Int32Array(0);

/**
 * A stream: its entries as nodes, in any order with its state, its groups and its producers; only
 * the state must come before the groups. Layouts before 7.0 have no counters, those before 7.2 no
 * active times: what a server cannot work out by itself is left out there, or refused, by the
 * policy for details. Producers and nacked entries are refused by their own.
 */
export class StreamBuilder {
  /** Where the entries go. */
  readonly nodes: StreamNodes;
  /** The groups in stored order, without their number. */
  readonly groups: ValueBuffer;
  /** Producers in stored order, from the duration on; empty for the defaults. */
  readonly producers: ValueBuffer;
  /** Puts strings there. */
  readonly producerNames: StringSequence;
  /** Groups written. */
  groupCount = 0;
  revision = 1;
  private readonly body: ValueBuffer;
  private known: StreamState = {};

  constructor(private readonly context: EncodeContext) {
    this.body = context.buffer();
    this.groups = context.buffer();
    this.producers = context.buffer();
    this.producerNames = new StringSequence(context, this.producers);
    this.nodes = new StreamNodes(context, this.body);
  }

  /**
   * @param encoding how it shall be stored, where the target reads it
   * @throws RdbkitError TARGET_INCOMPATIBLE when the target has no streams
   */
  begin(encoding?: string): this {
    const { types } = this.context;
    const newest = REVISIONS.findLast((name) => types.first('stream', name) !== undefined);
    const wanted = REVISIONS.find((name) => name === encoding && types.first('stream', name) !== undefined);
    const chosen = wanted ?? newest;
    if (chosen === undefined) throw this.context.incompatible('a stream', 'Redis 5.0 or newer');
    this.body.type = types.first('stream', chosen) as ValueType;
    this.revision = REVISIONS.indexOf(chosen) + 1;
    this.groupCount = 0;
    this.known = {};
    this.nodes.begin();
    this.producerNames.begin();
    return this;
  }

  /** Adds an entry. @param fields names and values in turn @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED */
  entry(id: StreamId, fields: readonly Uint8Array[]): void {
    const { nodes } = this;
    nodes.beginEntry(...idHalves(id));
    for (const text of fields) nodes.add(text);
    nodes.endEntry();
  }

  state(state: StreamState): void {
    this.known = state;
  }

  /**
   * Adds a group. An unknown `entriesRead` stays unknown, but is counted where the state says that
   * the stream is from before Redis 7.0, by having no `entriesAdded`.
   * @throws RdbkitError INPUT_CORRUPT when an entry is pending for a consumer that is not listed
   */
  group(group: StreamGroup): void {
    const held = new GroupPending();
    for (const { id, consumer, deliveredAtMs, deliveries } of group.pending) {
      const holder = consumer === undefined ? NOBODY : held.holder(latin1Text(consumer));
      held.add(id, holder, deliveredAtMs, deliveries);
    }
    this.groupWith(group, held);
  }

  /** Adds a group whose pending entries are held apart; else as `group`. */
  groupWith({ name, lastId, entriesRead, consumers }: GroupHead, pending: GroupPending): void {
    const { groups } = this;
    const listed = new Set(consumers.map((consumer) => latin1Text(consumer.name)));
    if (pending.holders.some((holder) => !listed.has(holder))) {
      throw this.context.invalid('an entry is pending for a consumer that is not listed');
    }
    const keepNacked = pending.nacked === 0 || this.keepsNacked(pending.nacked);
    this.groupHead(name, 0, name.length, lastId, entriesRead);
    groups.length(keepNacked ? pending.size : pending.size - pending.nacked);
    for (let i = 0; i < pending.size; i++) {
      if (!keepNacked && pending.holderAt(i) === NOBODY) continue;
      this.putId(pending, i);
      groups.int64(pending.deliveredAtMs(i));
      groups.length(pending.deliveries(i));
    }
    groups.length(consumers.length);
    const byHolder = pending.byHolder();
    const indexes = new Map(pending.holders.map((holder, index) => [holder, index]));
    for (const { name: consumer, seenAtMs, activeAtMs } of consumers) {
      this.consumer(consumer, 0, consumer.length, seenAtMs, activeAtMs);
      const index = indexes.get(latin1Text(consumer));
      this.putIds(pending, index === undefined ? NONE : (byHolder[index] as Int32Array));
    }
    if (this.revision >= NACKS) this.putIds(pending, byHolder.at(-1) as Int32Array);
  }

  /** Says what the stream remembers of idempotent producers (Redis 8.6). */
  idempotence({ durationSeconds, maxSize, producers, added, duplicates }: StreamIdempotence): void {
    if (!this.keepsProducers(producers.length)) {
      this.keepsIdempotence([durationSeconds, maxSize, added, duplicates]);
      return;
    }
    const { producers: out, context } = this;
    const { strings } = context;
    out.length(durationSeconds);
    out.length(maxSize);
    out.length(producers.length);
    for (const { id, entries } of producers) {
      strings.put(out, id, 0, id.length);
      out.length(entries.length);
      for (const { iid, id: entryId } of entries) {
        strings.put(out, iid, 0, iid.length);
        out.length(entryId.ms);
        out.length(entryId.seq);
      }
    }
    out.length(added);
    out.length(duplicates);
  }

  end(): EncodedValue {
    const { nodes, body, groups, producers, known } = this;
    nodes.endNode();
    const lastId = known.lastId ?? nodes.lastId ?? ZERO_ID;
    body.length(nodes.entries);
    this.idTo(body, lastId);
    if (this.revision < COUNTERS) this.keepsCounters();
    else {
      this.idTo(body, known.firstId ?? nodes.firstId ?? ZERO_ID);
      this.idTo(body, known.maxDeletedId ?? ZERO_ID);
      body.length(known.entriesAdded ?? nodes.entries);
    }
    body.length(this.groupCount);
    body.append(groups);
    if (this.revision >= PRODUCERS) {
      if (producers.size === 0) this.defaultProducers();
      body.append(producers);
    }
    groups.close();
    producers.close();
    body.lengthInFront(nodes.nodes);
    return body;
  }

  /** Begins a group in stored order: its pending entries, consumers and nacked entries follow. */
  groupHead(name: Uint8Array, start: number, end: number, lastId: StreamId, read: Integer | undefined): void {
    const { groups, known, nodes } = this;
    this.groupCount++;
    this.context.strings.put(groups, name, start, end);
    this.idTo(groups, lastId);
    const isCounted = this.revision >= COUNTERS;
    if (isCounted && read !== undefined) {
      groups.length(read);
      return;
    }
    const first = known.firstId ?? nodes.firstId ?? ZERO_ID;
    const last = known.lastId ?? nodes.lastId ?? ZERO_ID;
    const counted = entriesReadBefore7(lastId, nodes.entries, first, last);
    if (isCounted) {
      groups.length((known.entriesAdded === undefined ? counted : undefined) ?? UNKNOWN_ENTRIES_READ);
    } else if (read !== undefined && read !== counted) {
      this.loses('a stream that counts what its groups have read', 'Redis 7.0 or newer');
    }
  }

  pendingEntry(id: StreamId, deliveredAtMs: Integer, deliveries: Integer): void {
    const { groups } = this;
    groups.id(...idHalves(id));
    groups.int64(deliveredAtMs);
    groups.length(deliveries);
  }

  /** Begins a consumer; the ids that it holds follow. It was last active when it was last seen where that is unknown. */
  consumer(
    name: Uint8Array,
    start: number,
    end: number,
    seenAt: Integer,
    activeAt: Integer | undefined,
  ): void {
    const { groups } = this;
    this.context.strings.put(groups, name, start, end);
    groups.int64(seenAt);
    if (this.revision >= ACTIVE_TIMES) groups.int64(activeAt ?? seenAt);
    else if (activeAt !== undefined && activeAt !== seenAt) {
      this.loses('a stream that knows when its consumers were last active', 'Redis 7.2 or newer');
    }
  }

  /** Whether so many producers can be written. @throws RdbkitError TARGET_INCOMPATIBLE unless they may be dropped */
  keepsProducers(count: number): boolean {
    if (this.revision >= PRODUCERS) return true;
    if (count > 0 && this.context.streamState === 'refuse') {
      throw this.context.incompatible('a stream with idempotent producers', 'Redis 8.6 or newer');
    }
    this.context.dropped.streamProducers += count;
    return false;
  }

  /** Whether so many pending entries that nobody holds can be written. @throws as `keepsProducers` */
  keepsNacked(count: number): boolean {
    if (this.revision >= NACKS) return true;
    if (count > 0 && this.context.streamState === 'refuse') {
      throw this.context.incompatible(
        'a stream with pending entries that nobody holds',
        'Redis 8.8 or newer',
      );
    }
    this.context.dropped.nackedEntries += count;
    return false;
  }

  /** Whether a server works out itself what a layout without counters leaves out. */
  private keepsCounters(): void {
    const { known, nodes } = this;
    const { firstId, maxDeletedId, entriesAdded } = known;
    const isSame =
      (entriesAdded ?? nodes.entries) === nodes.entries &&
      compareIds(maxDeletedId ?? ZERO_ID, ZERO_ID) === 0 &&
      (firstId === undefined || compareIds(firstId, nodes.firstId ?? ZERO_ID) === 0);
    if (!isSame) this.loses('a stream that counts the entries that were deleted', 'Redis 7.0 or newer');
  }

  /** Says what a layout without producers leaves out besides them, in the order of the defaults. */
  keepsIdempotence(numbers: readonly Integer[]): void {
    if (numbers.some((number, i) => number !== DEFAULT_IDEMPOTENCE[i])) {
      this.loses('a stream with settings or counts of idempotent producers', 'Redis 8.6 or newer');
    }
  }

  private loses(what: string, needed: string): void {
    if (this.context.streamDetails === 'refuse') throw this.context.incompatible(what, needed);
  }

  private putIds(pending: GroupPending, indexes: Int32Array): void {
    this.groups.length(indexes.length);
    for (const index of indexes) this.putId(pending, index);
  }

  private putId(pending: GroupPending, index: number): void {
    const [msHigh = 0, msLow = 0, seqHigh = 0, seqLow = 0] = pending.idAt(index);
    this.groups.id(msHigh, msLow, seqHigh, seqLow);
  }

  private idTo(out: ValueBuffer, { ms, seq }: StreamId): void {
    out.length(ms);
    out.length(seq);
  }

  private defaultProducers(): void {
    const { producers } = this;
    const [duration, size, added, duplicates] = DEFAULT_IDEMPOTENCE;
    for (const number of [duration, size, 0, added, duplicates]) producers.length(number);
  }
}

/** The revision of a stream's layout, from 1. */
export function revisionOf(type: ValueType): number {
  const index = REVISIONS.indexOf(type.encoding);
  if (index < 0) throw new RdbkitError('INTERNAL', `${type.name} is no stream`);
  return index + 1;
}
