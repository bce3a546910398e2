import { doubleText } from '../../src/bytes/ascii.js';
import type { DecodedValue, StreamId, StreamValue } from '../../src/rdb/values/value.js';

/** A line of the corpus' `truth.jsonl`: what a server held. Every string is base64. */
export interface Truth {
  readonly db: number;
  readonly key: string;
  readonly type: string;
  readonly expireAt: number | null | 'unknown';
  readonly value: unknown;
}

/** A decoded value in the form of the truth, scores as shortest text, undefined for what it has not. */
export function truthOf(value: DecodedValue): unknown {
  switch (value.type) {
    case 'string':
      return base64(value.value);
    case 'list':
      return value.elements.map(base64);
    case 'set':
      return value.members.map(base64).sort(byBytes);
    case 'zset':
      return value.members
        .map(({ member, score }): [string, string] => [base64(member), doubleText(score)])
        .sort(([a], [b]) => byBytes(a, b));
    case 'hash':
      return value.fields
        .map(({ field, value: content, expireAtMs }): [string, ...unknown[]] =>
          expireAtMs === undefined
            ? [base64(field), base64(content)]
            : [base64(field), base64(content), expireAtMs],
        )
        .sort(([a], [b]) => byBytes(a, b));
    case 'stream':
      return streamTruth(value);
    default:
      return undefined;
  }
}

/** The same of what stands in the truth, so that both can be compared: scores as shortest text. */
export function normalTruth({ type, value }: Pick<Truth, 'type' | 'value'>): unknown {
  if (type !== 'zset') return value;
  return (value as [string, string][]).map(([member, score]) => [member, doubleText(numberOf(score))]);
}

function numberOf(score: string): number {
  if (/inf/i.test(score)) return score.startsWith('-') ? -Infinity : Infinity;
  return Number(score);
}

function streamTruth(value: StreamValue): unknown {
  return {
    entries: value.entries.map(({ id, fields }) => [idText(id), fields.map(base64)]),
    length: value.length,
    lastId: idText(value.lastId),
    maxDeletedId: value.maxDeletedId === undefined ? null : idText(value.maxDeletedId),
    entriesAdded: value.entriesAdded ?? null,
    groups: value.groups.map(({ name, lastId, entriesRead, pending, consumers }) => ({
      name: base64(name),
      lastId: idText(lastId),
      entriesRead: entriesRead ?? null,
      pending: pending.map(({ id, consumer, deliveries }) => [
        idText(id),
        consumer === undefined ? '' : base64(consumer),
        deliveries,
      ]),
      consumers: consumers.map(({ name: consumer }) => base64(consumer)).sort(byBytes),
    })),
  };
}

function idText({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64'));
}

/** A key of the truth as one text, database and name. */
export function truthName({ db, key }: Pick<Truth, 'db' | 'key'>): string {
  return `${db} ${key}`;
}

/** The order of keys in the truth. */
export function inTruthOrder(a: Truth, b: Truth): number {
  return a.db - b.db || byBytes(a.key, b.key);
}
