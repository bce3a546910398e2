import { latin1Text } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import { GroupPending, NOBODY } from '../rdb/encode/group-pending.js';
import type { GroupHead, StreamBuilder } from '../rdb/encode/stream-builder.js';
import type { StreamState } from '../rdb/encode/stream-state.js';
import { compareIds, idHalves, ZERO_ID } from '../rdb/stream-id.js';
import type { StreamId, StreamIdempotence } from '../rdb/values/value.js';
import type { LineFields } from './jsonl-fields.js';
import { Json } from './jsonl-tokens.js';
import type { ValueContext } from './jsonl-values.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads a stream: `entries`, what the stream knows besides, then `groups` and `idempotence`.
 * Entries pass one by one; a group is held as a whole, up to `limits.maxGroupEntries`.
 */
export function* readStream({ fields, encoder, encoding }: ValueContext): Generator<void, EncodedValue> {
  const builder = encoder.stream(encoding);
  const state: Mutable<StreamState> = {};
  const names = new Set<string>();
  fields.requireObject();
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    if (STATE.has(name) && names.has('groups')) throw fields.wrong(`"${name}" must stand before "groups"`);
    switch (name) {
      case 'entries':
        yield* readEntries(fields, builder);
        break;
      case 'lastId':
      case 'firstId':
      case 'maxDeletedId':
        state[name] = fields.nextId();
        break;
      case 'entriesAdded':
        state.entriesAdded = fields.nextUnsigned();
        break;
      case 'groups':
        if (!names.has('entries') || state.lastId === undefined) {
          throw fields.wrong('"entries" and "lastId" must stand before "groups"');
        }
        takeState(fields, builder, state);
        yield* readGroups(fields, builder);
        break;
      case 'idempotence':
        builder.idempotence(yield* readIdempotence(fields));
        break;
      default:
        throw fields.unknownMember(name);
    }
  }
  fields.requireMembers(names, 'entries', 'lastId');
  if (!names.has('groups')) takeState(fields, builder, state);
  return builder.end();
}

const STATE: ReadonlySet<string> = new Set(['entries', 'lastId', 'firstId', 'maxDeletedId', 'entriesAdded']);

function* readEntries(fields: LineFields, { nodes }: StreamBuilder): Generator<void> {
  fields.expect(Json.beginArray, 'an array');
  while (fields.nextElement()) {
    fields.requireArray();
    const id = fields.nextId();
    if (compareIds(id, ZERO_ID) === 0) throw fields.wrong('no entry of a stream has the id 0-0');
    nodes.beginEntry(...idHalves(id));
    fields.expect(Json.beginArray, 'an array of fields and values');
    while (fields.nextElement()) {
      fields.requireString();
      if (!fields.add(nodes)) yield* fields.addLong(nodes);
      if (fields.tokens.isDue) yield* fields.tokens.turn();
    }
    nodes.endEntry();
    fields.endArray();
  }
}

/** Entries get ids above the last one, so that none stands behind it. */
function takeState(fields: LineFields, builder: StreamBuilder, state: StreamState): void {
  const { lastId: newest } = builder.nodes;
  if (newest !== undefined && compareIds(state.lastId ?? newest, newest) < 0) {
    throw fields.wrong('"lastId" is below the id of an entry');
  }
  builder.state(state);
}

function* readGroups(fields: LineFields, builder: StreamBuilder): Generator<void> {
  const names = new UniqueNames(fields, 'group');
  fields.expect(Json.beginArray, 'an array');
  while (fields.nextElement()) {
    const pending = new GroupPending();
    builder.groupWith(yield* readGroup(fields, names, pending), pending);
  }
}

/** What is held of the names of a stream, up to `limits.maxHeldString`. */
class HeldNames {
  private size = 0;

  constructor(
    private readonly fields: LineFields,
    private readonly what: string,
  ) {}

  /** @throws RdbkitError LIMIT_EXCEEDED */
  add(name: Uint8Array): Uint8Array {
    this.size += name.length;
    const { maxHeldString } = this.fields.limits;
    if (this.size <= maxHeldString) return name;
    throw new RdbkitError('LIMIT_EXCEEDED', `${this.what} of more than ${maxHeldString} bytes`);
  }
}

/** Names of which servers refuse to find one twice. */
class UniqueNames {
  private readonly names = new Set<string>();
  private readonly held: HeldNames;

  constructor(
    private readonly fields: LineFields,
    private readonly what: string,
  ) {
    this.held = new HeldNames(fields, `names of ${what}s`);
  }

  /** @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED */
  add(name: Uint8Array): void {
    const text = latin1Text(this.held.add(name));
    if (this.names.has(text)) throw this.fields.wrong(`the name of a ${this.what} occurs twice`);
    this.names.add(text);
  }
}

function* readGroup(
  fields: LineFields,
  groupNames: UniqueNames,
  pending: GroupPending,
): Generator<void, GroupHead> {
  const group: Mutable<GroupHead> = {
    name: NO_NAME,
    lastId: ZERO_ID,
    entriesRead: undefined,
    consumers: [],
  };
  const names = new Set<string>();
  fields.requireObject();
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    switch (name) {
      case 'name':
        group.name = fields.nextBytes('the name of a group');
        groupNames.add(group.name);
        break;
      case 'lastId':
        group.lastId = fields.nextId();
        break;
      case 'entriesRead':
        if (fields.next() !== Json.literal || fields.tokens.text !== 'null') {
          group.entriesRead = fields.unsigned();
        }
        break;
      case 'pending':
        yield* readPending(fields, group, pending);
        break;
      case 'consumers':
        yield* readConsumers(fields, group, pending);
        break;
      default:
        throw fields.unknownMember(name);
    }
  }
  fields.requireMembers(names, 'name', 'lastId');
  return group;
}

/** `[id, consumer, delivered at, deliveries]`; the consumer is null where nobody holds the entry. */
function* readPending(fields: LineFields, group: GroupHead, pending: GroupPending): Generator<void> {
  const holders = new Map<string, number>();
  const names = new HeldNames(fields, 'names of consumers');
  let last: StreamId | undefined;
  fields.expect(Json.beginArray, 'an array');
  while (fields.nextElement()) {
    fields.requireArray();
    const id = fields.nextId();
    if (last !== undefined && compareIds(last, id) >= 0) {
      throw fields.wrong('the pending entries of a group do not ascend');
    }
    last = id;
    const holder = readHolder(fields, holders, names, pending);
    const deliveredAtMs = fields.nextSigned();
    pending.add(id, holder, deliveredAtMs, fields.nextUnsigned());
    fields.endArray();
    requireRoom(fields, group, pending);
    if (fields.tokens.isDue) yield* fields.tokens.turn();
  }
}

function readHolder(
  fields: LineFields,
  holders: Map<string, number>,
  names: HeldNames,
  pending: GroupPending,
): number {
  if (fields.next() === Json.literal && fields.tokens.text === 'null') return NOBODY;
  fields.requireString();
  const text = fields.heldText('the name of a consumer');
  const known = holders.get(text);
  if (known !== undefined) return known;
  const holder = pending.holder(latin1Text(names.add(fields.bytesOf(text, 'the name of a consumer'))));
  holders.set(text, holder);
  return holder;
}

function* readConsumers(fields: LineFields, group: GroupHead, pending: GroupPending): Generator<void> {
  const consumerNames = new UniqueNames(fields, 'consumer');
  fields.expect(Json.beginArray, 'an array');
  while (fields.nextElement()) {
    const consumer = readConsumer(fields);
    consumerNames.add(consumer.name);
    group.consumers.push(consumer);
    requireRoom(fields, group, pending);
    if (fields.tokens.isDue) yield* fields.tokens.turn();
  }
}

function readConsumer(fields: LineFields): GroupHead['consumers'][number] {
  let consumer: Uint8Array = NO_NAME;
  let seenAtMs: Integer = 0;
  let activeAtMs: Integer | undefined;
  const names = new Set<string>();
  fields.requireObject();
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    switch (name) {
      case 'name':
        consumer = fields.nextBytes('the name of a consumer');
        break;
      case 'seenAt':
        seenAtMs = fields.nextSigned();
        break;
      case 'activeAt':
        activeAtMs = fields.nextSigned();
        break;
      default:
        throw fields.unknownMember(name);
    }
  }
  fields.requireMembers(names, 'name', 'seenAt');
  return { name: consumer, seenAtMs, activeAtMs };
}

function* readIdempotence(fields: LineFields): Generator<void, StreamIdempotence> {
  const producers: StreamIdempotence['producers'] = [];
  const numbers = {
    durationSeconds: 0 as Integer,
    maxSize: 0 as Integer,
    added: 0 as Integer,
    duplicates: 0 as Integer,
  };
  const names = new Set<string>();
  const held = new HeldNames(fields, 'ids of producers and messages');
  let count = 0;
  fields.expect(Json.beginObject, 'an object');
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    switch (name) {
      case 'durationSeconds':
      case 'maxSize':
      case 'added':
      case 'duplicates':
        numbers[name] = fields.nextUnsigned();
        break;
      case 'producers':
        fields.expect(Json.beginArray, 'an array');
        while (fields.nextElement()) {
          const producer = yield* readProducer(fields, held);
          count += 1 + producer.entries.length;
          if (count > fields.limits.maxGroupEntries) throw tooMany(fields, 'producers and their entries');
          producers.push(producer);
        }
        break;
      default:
        throw fields.unknownMember(name);
    }
  }
  fields.requireMembers(names, 'durationSeconds', 'maxSize', 'producers', 'added', 'duplicates');
  return { ...numbers, producers };
}

function* readProducer(
  fields: LineFields,
  held: HeldNames,
): Generator<void, StreamIdempotence['producers'][number]> {
  let id: Uint8Array = NO_NAME;
  const entries: StreamIdempotence['producers'][number]['entries'] = [];
  const names = new Set<string>();
  fields.requireObject();
  while (fields.nextMember()) {
    const name = fields.uniqueName(names);
    if (name === 'id') {
      id = held.add(fields.nextBytes('the id of a producer'));
      continue;
    }
    if (name !== 'entries') throw fields.unknownMember(name);
    fields.expect(Json.beginArray, 'an array');
    while (fields.nextElement()) {
      fields.requireArray();
      const iid = held.add(fields.nextBytes('the id of a message'));
      entries.push({ iid, id: fields.nextId() });
      fields.endArray();
      if (entries.length > fields.limits.maxGroupEntries) throw tooMany(fields, 'entries of one producer');
      if (fields.tokens.isDue) yield* fields.tokens.turn();
    }
  }
  fields.requireMembers(names, 'id', 'entries');
  return { id, entries };
}

const NO_NAME = new Uint8Array(0);

function requireRoom(fields: LineFields, { consumers }: GroupHead, pending: GroupPending): void {
  if (pending.size + consumers.length <= fields.limits.maxGroupEntries) return;
  throw tooMany(fields, 'pending entries and consumers of one group');
}

function tooMany({ limits }: LineFields, what: string): RdbkitError {
  return new RdbkitError('LIMIT_EXCEEDED', `more than ${limits.maxGroupEntries} ${what}`);
}
