import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '../../src/limits.js';
import type { EncodedValue } from '../../src/rdb/encode/encoded-value.js';
import type { StringTaker } from '../../src/rdb/encode/string-taker.js';
import { ValueEncoder } from '../../src/rdb/encode/value-encoder.js';
import type { StreamGroup, StreamId } from '../../src/rdb/values/value.js';
import { anyBytes, int64 } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { bytesOf, decoded, faultIn, targetName, targetOf, targets } from '../support/encoding.js';
import { MemorySpill, makeSpill } from '../support/memory-output.js';
import { plain } from '../support/plain.js';

// Values built element by element, for every target, with memory for all of it and with hardly any:
// what is decoded must be what went in.

const RUNS = 60;

const SCANTY: Partial<Limits> = { partBytes: 40, maxHeldString: 30, fragmentBytes: 16 };

const encoders = targets.flatMap((target) =>
  [undefined, SCANTY].map((limits) => ({
    name: `${targetName(target)}${limits === undefined ? '' : ', with hardly any memory'}`,
    target,
    encoder: new ValueEncoder(target, limits === undefined ? { makeSpill } : { makeSpill, limits }),
  })),
);

const text: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: anyBytes(20) },
  { weight: 1, arbitrary: anyBytes(300, 60) },
  { weight: 3, arbitrary: int64.map((value) => bytes(String(value))) },
  { weight: 2, arbitrary: fc.integer({ min: -70_000, max: 70_000 }).map((value) => bytes(String(value))) },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 3 }).map((unit) => bytes(unit.repeat(40))) },
);

const latin1 = (content: Uint8Array) => Buffer.from(content).toString('latin1');
const distinct = <T>(arbitrary: fc.Arbitrary<T>, keyOf: (item: T) => Uint8Array, maxLength: number) =>
  fc.uniqueArray(arbitrary, { minLength: 1, maxLength, selector: (item) => latin1(keyOf(item)) });

/** Gives a string whole, or in pieces with its size or without, as its bytes decide. */
function give(builder: StringTaker, content: Uint8Array): void {
  const way = content.reduce((sum, byte) => sum + byte, content.length) % 3;
  if (way === 0) {
    const padded = bytes('x', content, 'y');
    builder.add(padded, 1, padded.length - 1);
    return;
  }
  builder.beginString(way === 1 ? content.length : undefined);
  for (let at = 0; at < content.length; at += 11)
    builder.append(content, at, Math.min(content.length, at + 11));
  builder.endString();
}

function read(value: EncodedValue): unknown {
  const content = bytesOf(value);
  expect(content.length).toBe(value.size);
  expect(Buffer.compare(bytesOf(value), content)).toBe(0);
  expect(faultIn(value.type, content)).toBeUndefined();
  const meaning = plain(decoded(value.type, content));
  value.close();
  return meaning;
}

const sorted = (items: readonly unknown[]) =>
  [...items].map((item) => JSON.stringify(item)).sort((a, b) => (a < b ? -1 : 1));

afterEach(() => {
  for (const { encoder } of encoders) encoder.close();
  expect(MemorySpill.open).toBe(0);
});

const ENCODINGS = {
  list: [undefined, 'linkedlist', 'ziplist', 'quicklist', 'quicklist-2', 'unheard of'],
  set: [undefined, 'hashtable', 'intset', 'listpack'],
  zset: [undefined, 'skiplist', 'skiplist-2', 'ziplist', 'listpack'],
  hash: [undefined, 'hashtable', 'ziplist', 'listpack', 'listpack-ex', 'metadata', 'zipmap'],
} as const;

describe.each(encoders)('for $name', ({ target, encoder }) => {
  test('strings', () => {
    fc.assert(
      fc.property(text, (content) => {
        const builder = encoder.string();
        give(builder, content);
        expect(read(builder.end())).toBe(latin1(content));
      }),
      { numRuns: RUNS },
    );
  });

  test('lists', () => {
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(...ENCODINGS.list),
        (elements, encoding) => {
          const builder = encoder.list(encoding);
          for (const element of elements) give(builder, element);
          expect(read(builder.end())).toEqual(elements.map(latin1));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('sets', () => {
    const integers = fc
      .uniqueArray(int64, { minLength: 1, maxLength: 20 })
      .map((values) => values.map((v) => bytes(String(v))));
    const members = fc.oneof(
      distinct(text, (member) => member, 30),
      integers,
    );
    fc.assert(
      fc.property(members, fc.constantFrom(...ENCODINGS.set), (items, encoding) => {
        const builder = encoder.set(encoding);
        for (const member of items) give(builder, member);
        expect(sorted(read(builder.end()) as unknown[])).toEqual(sorted(items.map(latin1)));
      }),
      { numRuns: RUNS },
    );
  });

  test('sorted sets', () => {
    const score = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer(),
      int64.map(Number),
      fc.constantFrom(
        Infinity,
        -Infinity,
        0,
        -0,
        1e21,
        1e-7,
        0.1,
        5e-324,
        2 ** 52,
        2 ** 53,
        2 ** 62,
        1e17,
        123456789012345680,
      ),
    );
    fc.assert(
      fc.property(
        distinct(fc.tuple(text, score), ([member]) => member, 30),
        fc.constantFrom(...ENCODINGS.zset),
        (members, encoding) => {
          const builder = encoder.zset(encoding);
          for (const [member, value] of members) {
            give(builder, member);
            builder.score(value);
          }
          const expected = members.map(([member, value]) => [latin1(member), value]);
          const found = read(builder.end()) as [string, string][];
          const numbers = found.map(([member, value]) => [member, Number(value.replace('inf', 'Infinity'))]);
          const exact = (pairs: unknown[][]) =>
            sorted(pairs.map(([member, value]) => [member, Object.is(value, -0) ? '-0' : String(value)]));
          expect(exact(numbers)).toEqual(exact(expected));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('hashes', () => {
    fc.assert(
      fc.property(
        distinct(fc.tuple(text, text), ([field]) => field, 20),
        fc.constantFrom(...ENCODINGS.hash),
        (fields, encoding) => {
          const builder = encoder.hash(encoding);
          for (const [field, value] of fields) {
            give(builder, field);
            give(builder, value);
          }
          expect(read(builder.end())).toEqual(fields.map((pair) => pair.map(latin1)));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test.runIf(target.rdbVersion >= 12)('hashes whose fields expire', () => {
    const expiry = fc.option(fc.integer({ min: 1, max: 2 ** 48 - 2 }), { nil: undefined });
    fc.assert(
      fc.property(
        distinct(fc.tuple(text, text, expiry), ([field]) => field, 20),
        fc.constantFrom(...ENCODINGS.hash),
        (fields, encoding) => {
          const builder = encoder.hash(encoding);
          for (const [field, value, at] of fields) {
            give(builder, field);
            give(builder, value);
            if (at !== undefined) builder.expireAt(at);
          }
          const expected = fields.map(([field, value, at]) => [
            latin1(field),
            latin1(value),
            ...(at === undefined ? [] : [String(at)]),
          ]);
          expect(sorted(read(builder.end()) as unknown[])).toEqual(sorted(expected));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test.runIf(target.rdbVersion >= 9)('streams', () => {
    fc.assert(
      fc.property(anyStream, ({ entries, groups, extra }) => {
        const builder = encoder.stream();
        for (const { id, fields } of entries) builder.entry(id, fields);
        const lastId = entries.at(-1)?.id ?? { ms: 7, seq: 1 };
        const withNacked = target.dialect === 'redis' && target.rdbVersion >= 14;
        const kept = withNacked ? groups : groups.map(withoutNacked);
        builder.state({ lastId, maxDeletedId: { ms: 0, seq: 0 }, entriesAdded: entries.length + extra });
        for (const group of kept) builder.group(group);
        const meaning = read(builder.end()) as Record<string, unknown>;
        const counted = target.rdbVersion >= 10;
        const expected = plain({
          type: 'stream',
          entries,
          length: entries.length,
          lastId,
          firstId: counted ? (entries[0]?.id ?? { ms: 0, seq: 0 }) : undefined,
          maxDeletedId: counted ? { ms: 0, seq: 0 } : undefined,
          entriesAdded: counted ? entries.length + extra : undefined,
          groups: kept.map((group) => ({
            ...group,
            entriesRead: counted ? group.entriesRead : undefined,
            consumers: group.consumers.map((consumer) => ({
              ...consumer,
              activeAtMs: target.rdbVersion < 11 ? undefined : (consumer.activeAtMs ?? consumer.seenAtMs),
            })),
          })),
          idempotence: undefined,
        }) as object;
        expect({ ...meaning, idempotence: null }).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });
});

const pairs = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }).map((fields) => fields.flat());

/** A stream with ascending ids, some groups, and what they hold. */
const anyStream = fc
  .record({
    steps: fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 300 }), pairs), {
      maxLength: 12,
    }),
    names: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 2 }),
    extra: fc.nat(5),
    owners: fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 12, maxLength: 12 }),
  })
  .map(({ steps, names, extra, owners }) => {
    let ms = 1_700_000_000_000;
    let seq = 0;
    const entries = steps.map(([later, next, fields], i) => {
      seq = later === 0 ? seq + next : next;
      ms += later;
      const repeated = i > 0 && next % 2 === 0 ? (steps[i - 1] as (typeof steps)[number])[2] : fields;
      return { id: { ms, seq } satisfies StreamId, fields: repeated };
    });
    const groups = names.map((name): StreamGroup => {
      const consumers = [0, 1].map((i) => ({
        name: bytes(`consumer ${i}`),
        seenAtMs: 1_600_000_000_000 + i,
        activeAtMs: i === 0 ? undefined : -1,
      }));
      const pending = entries.map(({ id }, i) => ({
        id,
        consumer: consumers[owners[i] as number]?.name,
        deliveredAtMs: 1_650_000_000_000 + i,
        deliveries: i,
      }));
      const lastId = entries.at(-1)?.id ?? { ms: 0, seq: 0 };
      return { name: bytes(name), lastId, entriesRead: name.length > 2 ? 2 : undefined, pending, consumers };
    });
    return { entries, groups, extra };
  });

function withoutNacked(group: StreamGroup): StreamGroup {
  return { ...group, pending: group.pending.filter(({ consumer }) => consumer !== undefined) };
}

test('arrays', () => {
  const encoder = new ValueEncoder(targetOf('redis', 14), { makeSpill });
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 9 }),
      fc.option(fc.nat(), { nil: undefined }),
      (items, insertAt) => {
        const builder = encoder.array();
        items.forEach((item, i) => {
          builder.index(3 * i);
          give(builder, item);
        });
        if (insertAt !== undefined) builder.insertIndex(insertAt);
        expect(read(builder.end())).toEqual({
          insertIndex: insertAt === undefined ? null : String(insertAt),
          items: items.map((item, i) => [String(3 * i), latin1(item)]),
        });
      },
    ),
  );
});
