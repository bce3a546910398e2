import fc from 'fast-check';
import { doubleText } from '../../src/bytes/ascii.js';
import { bytes, float64, integerString, length, littleEndian, lzfString, streamId, string } from './bytes.js';
import { type Entry, intset, listpack, streamNode, ziplist, zipmap } from './packed.js';
import { RdbBuilder } from './rdb-builder.js';

/** A key of a generated dump: how it is stored, and what must be read from it (as `plain` says it). */
export interface GeneratedKey {
  readonly db: number;
  readonly key: Uint8Array;
  readonly expireAtMs: bigint | undefined;
  readonly type: number;
  readonly name: string;
  readonly value: Uint8Array;
  readonly expected: unknown;
}

const MAGIC = 'REDIS0014';

/** Any bytes, often short, at times text that looks like an integer. */
const anyText: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 60, maxLength: 300 }) },
  { weight: 2, arbitrary: fc.integer().map((value) => bytes(String(value))) },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 3 }).map((unit) => bytes(unit.repeat(40))) },
);

/** Entries of packed blobs: integers of 64 bits and strings that are none. */
const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer({ min: -5000, max: 5000 }),
  fc.uint8Array({ maxLength: 80 }),
);

const anyScore = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constantFrom(Infinity, -Infinity, -0));

/** Ways of storing one string. */
const stored = (text: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .constantFrom(string, lzfString, (content: Uint8Array) => asInteger(content) ?? string(content))
    .map((form) => form(text));

function asInteger(content: Uint8Array): Uint8Array | undefined {
  const text = latin1(content);
  const value = Number(text);
  return /^-?\d{1,10}$/.test(text) && String(value) === text && value === (value | 0)
    ? integerString(value)
    : undefined;
}

const strings = (texts: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.tuple(...texts.map(stored)).map((parts) => bytes(...parts));

/** A blob as a string, compressed or not. */
const blob = (content: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.constantFrom(string, lzfString).map((form) => form(content));

export function latin1(content: Uint8Array): string {
  return Buffer.from(content).toString('latin1');
}

function entryText(entry: Entry): string {
  return typeof entry === 'bigint' || typeof entry === 'number' ? String(entry) : latin1(bytes(entry));
}

type Value = Pick<GeneratedKey, 'type' | 'name' | 'value' | 'expected'>;

const row = (
  type: number,
  name: string,
  value: fc.Arbitrary<Uint8Array>,
  expected: unknown,
): fc.Arbitrary<Value> => value.map((serialized) => ({ type, name, value: serialized, expected }));

const stringValue = anyText.chain((text) => row(0, 'string', stored(text), latin1(text)));

const plainList = fc.array(anyText, { maxLength: 12 });
const packedList = fc.array(anyEntry, { maxLength: 12 });

const listValue = fc.oneof(
  plainList.chain((items) =>
    row(
      1,
      'list-linkedlist',
      strings(items).map((body) => bytes(length(items.length), body)),
      items.map(latin1),
    ),
  ),
  packedList.chain((items) => row(10, 'list-ziplist', blob(ziplist(items)), items.map(entryText))),
  fc.array(packedList, { maxLength: 4 }).chain((nodes) =>
    row(
      14,
      'list-quicklist',
      fc
        .tuple(...nodes.map((node) => blob(ziplist(node))))
        .map((parts) => bytes(length(nodes.length), ...parts)),
      nodes.flat().map(entryText),
    ),
  ),
  fc.array(fc.oneof(packedList, anyText), { maxLength: 4 }).chain((nodes) => {
    const node = (content: Uint8Array | Entry[]) =>
      content instanceof Uint8Array
        ? stored(content).map((text) => bytes(length(1), text))
        : blob(listpack(content)).map((packed) => bytes(length(2), packed));
    const expected = nodes.flatMap((content) =>
      content instanceof Uint8Array ? [latin1(content)] : content.map(entryText),
    );
    return row(
      18,
      'list-quicklist-2',
      fc.tuple(...nodes.map(node)).map((parts) => bytes(length(nodes.length), ...parts)),
      expected,
    );
  }),
);

const setValue = fc.oneof(
  plainList.chain((items) =>
    row(
      2,
      'set-hashtable',
      strings(items).map((body) => bytes(length(items.length), body)),
      items.map(latin1),
    ),
  ),
  packedList.chain((items) => row(20, 'set-listpack', blob(listpack(items)), items.map(entryText))),
  fc
    .uniqueArray(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1, maxLength: 9 })
    .chain((values) => {
      const sorted = [...values].sort((a, b) => (a < b ? -1 : 1));
      return row(11, 'set-intset', blob(intset(values)), sorted.map(String));
    }),
);

const members = fc.array(fc.tuple(anyText, anyScore), { maxLength: 10 });

/** A score of a packed set: an integer where it is one, else text; -0 is lost there. */
function packedScore(score: number): Entry {
  if (Number.isInteger(score) && Math.abs(score) < 2 ** 53) return BigInt(score);
  return doubleText(score);
}

const packedMembers = fc.array(fc.tuple(anyEntry, anyScore), { maxLength: 10 });
const packedPairs = (items: readonly (readonly [Entry, number])[]) =>
  items.flatMap(([member, score]) => [member, packedScore(score)]);
const packedExpected = (items: readonly (readonly [Entry, number])[]) =>
  items.map(([member, score]) => [entryText(member), doubleText(Object.is(score, -0) ? 0 : score)]);

const zsetValue = fc.oneof(
  members.chain((items) => {
    const score = (value: number) =>
      value === Infinity ? bytes(254) : value === -Infinity ? bytes(255) : string(doubleText(value));
    const expected = items.map(([member, value]) => [latin1(member), doubleText(value)]);
    return fc.oneof(
      row(
        3,
        'zset-skiplist',
        fc
          .tuple(...items.map(([member, value]) => stored(member).map((text) => bytes(text, score(value)))))
          .map((parts) => bytes(length(items.length), ...parts)),
        expected,
      ),
      row(
        5,
        'zset-skiplist-2',
        fc
          .tuple(...items.map(([member, value]) => stored(member).map((text) => bytes(text, float64(value)))))
          .map((parts) => bytes(length(items.length), ...parts)),
        expected,
      ),
    );
  }),
  packedMembers.chain((items) =>
    fc.oneof(
      row(12, 'zset-ziplist', blob(ziplist(packedPairs(items))), packedExpected(items)),
      row(17, 'zset-listpack', blob(listpack(packedPairs(items))), packedExpected(items)),
    ),
  ),
);

const plainFields = fc.array(fc.tuple(anyText, anyText), { maxLength: 8 });
const packedFields = fc.array(fc.tuple(anyEntry, anyEntry), { maxLength: 8 });
const expiringFields = fc.array(
  fc.tuple(anyText, anyText, fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined })),
  { maxLength: 8 },
);
const BASE = 4_000_000_000_000;

const hashValue = fc.oneof(
  plainFields.chain((fields) =>
    row(
      4,
      'hash-hashtable',
      strings(fields.flat()).map((body) => bytes(length(fields.length), body)),
      fields.map(([field, value]) => [latin1(field), latin1(value)]),
    ),
  ),
  fc.tuple(plainFields, fc.nat({ max: 4 })).chain(([fields, free]) =>
    row(
      9,
      'hash-zipmap',
      blob(zipmap(fields, { free })),
      fields.map(([field, value]) => [latin1(field), latin1(value)]),
    ),
  ),
  packedFields.chain((fields) => {
    const expected = fields.map(([field, value]) => [entryText(field), entryText(value)]);
    return fc.oneof(
      row(13, 'hash-ziplist', blob(ziplist(fields.flat())), expected),
      row(16, 'hash-listpack', blob(listpack(fields.flat())), expected),
    );
  }),
  expiringFields.chain((fields) => {
    const expected = fields.map(([field, value, after]) => [
      latin1(field),
      latin1(value),
      ...(after === undefined ? [] : [String(BASE + after)]),
    ]);
    const relative = fields.map(([field, value, after]) =>
      fc
        .tuple(stored(field), stored(value))
        .map(([f, v]) => bytes(length(after === undefined ? 0 : after + 1), f, v)),
    );
    const triples = fields.flatMap(([field, value, after]): Entry[] => [
      field,
      value,
      after === undefined ? 0 : BASE + after,
    ]);
    return fc.oneof(
      row(
        24,
        'hash-metadata',
        fc.tuple(...relative).map((parts) => bytes(littleEndian(BASE, 8), length(fields.length), ...parts)),
        expected,
      ),
      row(
        25,
        'hash-listpack-ex',
        blob(listpack(triples)).map((packed) => bytes(littleEndian(BASE, 8), packed)),
        expected,
      ),
    );
  }),
);

const streamEntry = fc.record({
  deleted: fc.boolean(),
  same: fc.boolean(),
  values: fc.array(anyEntry, { minLength: 2, maxLength: 2 }),
  pairs: fc.array(fc.tuple(anyEntry, anyEntry), { minLength: 1, maxLength: 3 }),
});

/** A stream of 7.2 with one node, no groups: the fixtures hold groups of every revision. */
const streamValue = fc
  .tuple(
    fc.array(anyEntry, { minLength: 2, maxLength: 2 }),
    fc.array(streamEntry, { minLength: 1, maxLength: 6 }),
    // No entry has the id 0-0.
    fc.integer({ min: 1, max: 1_000_000 }),
  )
  .chain(([fields, entries, ms]) => {
    const node = streamNode(
      fields,
      entries.map(({ deleted, same, values, pairs }, seq) => ({
        ms: 0,
        seq,
        deleted,
        ...(same ? { same: values } : { pairs }),
      })),
    );
    const live = entries.flatMap(({ deleted, same, values, pairs }, seq) => {
      if (deleted) return [];
      const texts = same ? [fields[0], values[0], fields[1], values[1]] : pairs.flat();
      return [[`${ms}-${seq}`, ...texts.map((text) => entryText(text as Entry))]];
    });
    const tail = bytes(
      length(live.length),
      length(ms),
      length(entries.length),
      length(0),
      length(0),
      length(0),
      length(0),
      length(entries.length),
      length(0),
    );
    const expected = {
      entries: live,
      length: String(live.length),
      lastId: `${ms}-${entries.length}`,
      firstId: '0-0',
      maxDeletedId: '0-0',
      entriesAdded: String(entries.length),
      groups: [],
      idempotence: null,
    };
    return row(
      21,
      'stream-listpacks-3',
      blob(node).map((packed) => bytes(length(1), string(streamId(ms, 0)), packed, tail)),
      expected,
    );
  });

const anyValue = fc.oneof(stringValue, listValue, setValue, zsetValue, hashValue, streamValue);

export const anyKey: fc.Arbitrary<GeneratedKey> = fc
  .record({
    db: fc.nat({ max: 20 }),
    key: anyText,
    expireAtMs: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
    stored: anyValue,
  })
  .map(({ stored: value, ...head }) => ({ ...head, ...value }));

/** The dump of generated keys. */
export function dumpOf(keys: readonly GeneratedKey[]): Uint8Array {
  const builder = new RdbBuilder(MAGIC).aux('redis-ver', '8.8.0');
  let db = -1;
  for (const { db: keyDb, key, expireAtMs, type, value } of keys) {
    if (keyDb !== db) builder.selectDb(keyDb);
    db = keyDb;
    if (expireAtMs !== undefined) builder.expireMs(expireAtMs);
    builder.key(type, key, value);
  }
  return builder.build();
}
