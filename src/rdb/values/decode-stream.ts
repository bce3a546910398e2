import { RdbkitError } from '../../errors.js';
import { knownEntriesRead } from '../entries-read.js';
import { Role } from '../grammar.js';
import { idText, ZERO_ID } from '../stream-id.js';
import type { TokenReader } from './token-reader.js';
import type { StreamGroup, StreamId, StreamIdempotence, StreamValue } from './value.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Collects a stream of any revision, led by what each token means. */
export function decodeStream(reader: TokenReader): StreamValue {
  const stream: Mutable<StreamValue> = {
    type: 'stream',
    entries: [],
    length: 0,
    lastId: ZERO_ID,
    firstId: undefined,
    maxDeletedId: undefined,
    entriesAdded: undefined,
    groups: [],
    idempotence: undefined,
  };
  while (reader.next()) {
    switch (reader.role) {
      case Role.streamEntry:
        readEntry(reader, stream.entries);
        break;
      case Role.streamLength:
        stream.length = reader.integer();
        break;
      case Role.streamLastMs:
        stream.lastId = readIdPair(reader);
        break;
      case Role.streamFirstMs:
        stream.firstId = readIdPair(reader);
        break;
      case Role.streamMaxDeletedMs:
        stream.maxDeletedId = readIdPair(reader);
        break;
      case Role.streamEntriesAdded:
        stream.entriesAdded = reader.integer();
        break;
      case Role.idmpDuration:
        stream.idempotence = readIdempotence(reader);
        break;
      case Role.groupName:
        stream.groups.push(readGroup(reader));
        break;
      case Role.groupEntriesRead:
        groupOf(stream).entriesRead = knownEntriesRead(reader.integer());
        break;
      case Role.groupPending:
        readPending(reader, groupOf(stream));
        break;
      case Role.groupConsumers:
        readConsumers(reader, groupOf(stream));
        break;
      case Role.groupNacked:
        for (let left = Number(reader.integer()); left > 0; left--) reader.next();
        break;
      default:
    }
  }
  return stream;
}

function groupOf(stream: StreamValue): Mutable<StreamGroup> {
  return stream.groups.at(-1) as Mutable<StreamGroup>;
}

/** The current integer and the next one as a stream id. */
function readIdPair(reader: TokenReader): StreamId {
  return { ms: reader.integer(), seq: reader.nextInteger() };
}

/** Deleted entries keep their data in the dump; they are read and dropped. */
function readEntry(reader: TokenReader, entries: StreamValue['entries']): void {
  const { deleted, pairs } = reader.cursor;
  const id = reader.id();
  const fields: Uint8Array[] = [];
  for (let i = 0; i < 2 * pairs; i++) fields.push(reader.nextString());
  if (!deleted) entries.push({ id, fields });
}

function readGroup(reader: TokenReader): StreamGroup {
  const name = reader.string();
  reader.next();
  return { name, lastId: readIdPair(reader), entriesRead: undefined, pending: [], consumers: [] };
}

function readPending(reader: TokenReader, group: StreamGroup): void {
  for (let left = Number(reader.integer()); left > 0; left--) {
    group.pending.push({
      id: reader.nextId(),
      consumer: undefined,
      deliveredAtMs: reader.nextInteger(),
      deliveries: reader.nextInteger(),
    });
  }
}

function readConsumers(reader: TokenReader, group: StreamGroup): void {
  const byId = new Map(group.pending.map((entry, index) => [idText(entry.id), index]));
  for (let left = Number(reader.integer()); left > 0; left--) {
    const name = reader.nextString();
    const seenAtMs = reader.nextInteger();
    reader.next();
    const timed = reader.role === Role.consumerActiveAt;
    const activeAtMs = timed ? reader.integer() : undefined;
    if (timed) reader.next();
    group.consumers.push({ name, seenAtMs, activeAtMs });
    for (let held = Number(reader.integer()); held > 0; held--) {
      const id = reader.nextId();
      const index = byId.get(idText(id));
      const entry = index === undefined ? undefined : group.pending[index];
      if (index === undefined || entry === undefined) {
        throw new RdbkitError(
          'INPUT_CORRUPT',
          `a consumer holds ${idText(id)}, which its group does not list`,
        );
      }
      group.pending[index] = { ...entry, consumer: name };
    }
  }
}

function readIdempotence(reader: TokenReader): StreamIdempotence {
  const durationSeconds = reader.integer();
  const maxSize = reader.nextInteger();
  const producers: StreamIdempotence['producers'] = [];
  for (let left = reader.nextCount(); left > 0; left--) {
    const id = reader.nextString();
    const entries: StreamIdempotence['producers'][number]['entries'] = [];
    for (let held = reader.nextCount(); held > 0; held--) {
      const iid = reader.nextString();
      reader.next();
      entries.push({ iid, id: readIdPair(reader) });
    }
    producers.push({ id, entries });
  }
  return {
    durationSeconds,
    maxSize,
    producers,
    added: reader.nextInteger(),
    duplicates: reader.nextInteger(),
  };
}
