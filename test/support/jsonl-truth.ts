import { doubleText } from '../../src/bytes/ascii.js';
import type { JsonRecord } from './jsonl-export.js';
import { base64, byBytes, type Truth } from './truth.js';

// Lines of JSON as the corpus' `truth.jsonl` has them.

interface JsonStream {
  readonly entries: readonly [string, readonly string[]][];
  readonly lastId: string;
  readonly entriesAdded?: number;
  readonly maxDeletedId?: string;
  readonly groups: readonly {
    readonly name: string;
    readonly lastId: string;
    readonly entriesRead?: number | null;
    readonly pending: readonly [string, string | null, number, number][];
    readonly consumers: readonly { readonly name: string }[];
  }[];
}

/** A line in the form of the truth; undefined in `value` for what that has as `dump`. */
export function truthOfLine(record: JsonRecord): Truth {
  const text = (value: string) => base64(bytesOf(record, value));
  const { db, key, type } = record;
  return { db, key: text(key), type, expireAt: record.expireAt ?? null, value: contentOf(record, text) };
}

/** The bytes that a string of a line stands for. */
export function bytesOf({ bytes }: Pick<JsonRecord, 'bytes'>, text: string): Uint8Array {
  if (bytes === undefined) return Buffer.from(text, 'utf8');
  if (/[^\0-\xff]/.test(text)) throw new Error(`a character in ${JSON.stringify(text)} is no byte`);
  return Buffer.from(text, 'latin1');
}

function contentOf({ type, value, fieldExpireAt }: JsonRecord, text: (value: string) => string): unknown {
  switch (type) {
    case 'string':
      return text(value as string);
    case 'list':
      return (value as string[]).map(text);
    case 'set':
      return (value as string[]).map(text).sort(byBytes);
    case 'zset':
      return (value as [string, number | string][])
        .map(([member, score]) => [text(member), typeof score === 'string' ? score : doubleText(score)])
        .sort(byFirst);
    case 'hash':
      return Object.entries(value as Record<string, string>)
        .map(([field, content]) => [
          text(field),
          text(content),
          ...(fieldExpireAt?.[field] === undefined ? [] : [fieldExpireAt[field]]),
        ])
        .sort(byFirst);
    case 'stream':
      return streamOf(value as JsonStream, text);
    default:
      return undefined;
  }
}

function streamOf(stream: JsonStream, text: (value: string) => string): unknown {
  return {
    entries: stream.entries.map(([id, fields]) => [id, fields.map(text)]),
    length: stream.entries.length,
    lastId: stream.lastId,
    maxDeletedId: stream.maxDeletedId ?? null,
    entriesAdded: stream.entriesAdded ?? null,
    groups: stream.groups.map(({ name, lastId, entriesRead, pending, consumers }) => ({
      name: text(name),
      lastId,
      entriesRead: entriesRead ?? null,
      pending: pending.map(([id, consumer, , deliveries]) => [
        id,
        consumer === null ? '' : text(consumer),
        deliveries,
      ]),
      consumers: consumers.map((consumer) => text(consumer.name)).sort(byBytes),
    })),
  };
}

function byFirst([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return byBytes(a as string, b as string);
}
