import { doubleText, latin1Text } from '../../src/bytes/ascii.js';
import type { DecodedValue, StreamId } from '../../src/rdb/values/value.js';

/** A decoded value as plain JSON for expectations: strings as Latin-1, integers and scores as text. */
export function plain(value: DecodedValue): unknown {
  switch (value.type) {
    case 'string':
      return latin1Text(value.value);
    case 'list':
      return value.elements.map((element) => latin1Text(element));
    case 'set':
      return value.members.map((member) => latin1Text(member));
    case 'zset':
      return value.members.map(({ member, score }) => [latin1Text(member), doubleText(score)]);
    case 'hash':
      return value.fields.map(({ field, value: content, expireAtMs }) => [
        latin1Text(field),
        latin1Text(content),
        ...(expireAtMs === undefined ? [] : [String(expireAtMs)]),
      ]);
    case 'array':
      return {
        insertIndex: value.insertIndex === undefined ? null : String(value.insertIndex),
        items: value.items.map(({ index, value: item }) => [String(index), latin1Text(item)]),
      };
    case 'module':
      return {
        module: value.module,
        version: value.version,
        items: value.items.map((item) => [
          item.kind,
          item.kind === 'string'
            ? latin1Text(item.value)
            : typeof item.value === 'number' && !item.kind.endsWith('signed')
              ? doubleText(item.value)
              : String(item.value),
        ]),
      };
    case 'opaque':
      return { code: value.code, payload: Buffer.from(value.payload).toString('hex') };
    case 'stream':
      return {
        entries: value.entries.map(({ id, fields }) => [
          idText(id),
          ...fields.map((field) => latin1Text(field)),
        ]),
        length: String(value.length),
        lastId: idText(value.lastId),
        firstId: value.firstId === undefined ? null : idText(value.firstId),
        maxDeletedId: value.maxDeletedId === undefined ? null : idText(value.maxDeletedId),
        entriesAdded: value.entriesAdded === undefined ? null : String(value.entriesAdded),
        groups: value.groups.map((group) => ({
          name: latin1Text(group.name),
          lastId: idText(group.lastId),
          entriesRead: group.entriesRead === undefined ? null : String(group.entriesRead),
          pending: group.pending.map(({ id, consumer, deliveredAtMs, deliveries }) => [
            idText(id),
            consumer === undefined ? null : latin1Text(consumer),
            String(deliveredAtMs),
            String(deliveries),
          ]),
          consumers: group.consumers.map(({ name, seenAtMs, activeAtMs }) => [
            latin1Text(name),
            String(seenAtMs),
            activeAtMs === undefined ? null : String(activeAtMs),
          ]),
        })),
        idempotence: value.idempotence === undefined ? null : idempotence(value.idempotence),
      };
  }
}

function idempotence({
  durationSeconds,
  maxSize,
  producers,
  added,
  duplicates,
}: NonNullable<Extract<DecodedValue, { type: 'stream' }>['idempotence']>): unknown {
  return {
    durationSeconds: String(durationSeconds),
    maxSize: String(maxSize),
    producers: producers.map(({ id, entries }) => [
      latin1Text(id),
      ...entries.map(({ iid, id: entryId }) => [latin1Text(iid), idText(entryId)]),
    ]),
    added: String(added),
    duplicates: String(duplicates),
  };
}

function idText({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}
