import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doubleText } from '../../src/bytes/ascii.js';
import { RdbkitError } from '../../src/errors.js';
import { rdbStream } from '../../src/io/rdb-source.js';
import { type JsonlText, jsonlOf, readAll, toJsonl } from '../support/jsonl.js';
import { anyKey, dumpOf } from '../support/keyspace.js';
import { plain } from '../support/plain.js';

/** A record as a line of our own making, and what must be read from it (as `plain` says it). */
interface Line {
  readonly text: string;
  readonly type: string;
  readonly expected: unknown;
}

/** A JSON string, at times with every character escaped. */
const quoted = (text: string, escaped: boolean): string =>
  escaped
    ? `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
    : JSON.stringify(text);

/** Bytes as Latin-1 text, often short, at times text that looks like an integer or a name of ours. */
const latin1 = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
  { weight: 2, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', '2', '1', '-0', '"fieldExpireAt"', 'value'),
  },
  { weight: 1, arbitrary: fc.string({ minLength: 40, maxLength: 200, unit: 'binary-ascii' }) },
);
const unicode = fc.string({ unit: 'grapheme', maxLength: 20 });

const id = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
  .map(([ms, seq]) => ({ ms, seq }));
const ids = fc
  .uniqueArray(id, { maxLength: 6, selector: ({ ms, seq }) => `${ms}-${seq}` })
  .map((all) => all.sort((a, b) => (a.ms < b.ms || (a.ms === b.ms && a.seq < b.seq) ? -1 : 1)))
  .map((all) => all.map(({ ms, seq }) => `${ms}-${seq}`));
const counter = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

/** A value: the JSON of it, what stands behind it, and what must be read. */
interface Value {
  readonly type: string;
  readonly json: string;
  readonly behind?: string;
  readonly expected: unknown;
}

/** Values whose strings are of one kind. */
function values(string: fc.Arbitrary<string>, escaped: boolean): fc.Arbitrary<Value> {
  const q = (text: string) => quoted(text, escaped);
  const bytesOf = (text: string) => text;
  const names = fc.uniqueArray(string, { maxLength: 8 });
  const list =
    (type: string) =>
    (items: readonly string[]): Value => ({
      type,
      json: `[${items.map(q).join(',')}]`,
      expected: items.map(bytesOf),
    });
  const zset = fc
    .uniqueArray(fc.tuple(string, fc.oneof(fc.double({ noNaN: true }), fc.integer())), {
      maxLength: 8,
      selector: ([member]) => member,
    })
    .map((members): Value => {
      const score = (value: number) =>
        Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : `"${doubleText(value)}"`;
      return {
        type: 'zset',
        json: `[${members.map(([member, value]) => `[${q(member)},${score(value)}]`).join(',')}]`,
        expected: members.map(([member, value]) => [member, doubleText(value)]),
      };
    });
  const hash = fc
    .uniqueArray(
      fc.tuple(string, string, fc.option(fc.integer({ min: 1, max: 2 ** 47 }), { nil: undefined })),
      {
        maxLength: 8,
        selector: ([field]) => field,
      },
    )
    .map((fields): Value => {
      const expiring = fields.filter(([, , at]) => at !== undefined);
      return {
        type: 'hash',
        json: `{${fields.map(([field, value]) => `${q(field)}:${q(value)}`).join(',')}}`,
        ...(expiring.length === 0
          ? {}
          : {
              behind: `,"fieldExpireAt":{${expiring.map(([field, , at]) => `${q(field)}:${at}`).join(',')}}`,
            }),
        expected: fields.map(([field, value, at]) => [
          field,
          value,
          ...(at === undefined ? [] : [String(at)]),
        ]),
      };
    });
  const stream = fc
    .tuple(ids, fc.array(fc.tuple(string, string), { minLength: 1, maxLength: 3 }), ids, names, counter)
    .map(([entries, pairs, pending, consumers, added]): Value => {
      const holder = (i: number) => consumers[i % consumers.length];
      const held = consumers.length === 0 ? [] : pending;
      const lastId = entries.at(-1) ?? '0-0';
      const json =
        `{"entries":[${entries.map((entry) => `["${entry}",[${pairs.flat().map(q).join(',')}]]`).join(',')}],
        "lastId":"${lastId}","entriesAdded":${added},"firstId":"${entries[0] ?? '0-0'}","maxDeletedId":"0-1","groups":[
        {"name":${q('g')},"lastId":"5-5","entriesRead":null,"pending":[${held
          .map((entry, i) => `["${entry}",${q(holder(i) as string)},-5,${added}]`)
          .join(',')}],"consumers":[${consumers
          .map((name) => `{"name":${q(name)},"seenAt":7,"activeAt":-1}`)
          .join(',')}]}]}`.replaceAll(/\n\s*/g, '');
      return {
        type: 'stream',
        json,
        expected: {
          entries: entries.map((entry) => [entry, ...pairs.flat()]),
          length: String(entries.length),
          lastId,
          firstId: entries[0] ?? '0-0',
          maxDeletedId: '0-1',
          entriesAdded: String(added),
          groups: [
            {
              name: 'g',
              lastId: '5-5',
              entriesRead: null,
              pending: held.map((entry, i) => [entry, holder(i), '-5', String(added)]),
              consumers: consumers.map((name) => [name, '7', '-1']),
            },
          ],
          idempotence: null,
        },
      };
    });
  const array = fc
    .tuple(
      fc.uniqueArray(fc.nat(), { maxLength: 6 }).map((all) => all.sort((a, b) => a - b)),
      string,
      fc.option(fc.nat(), { nil: undefined }),
    )
    .map(
      ([indexes, item, at]): Value => ({
        type: 'array',
        json: `{${at === undefined ? '' : `"insertIndex":${at},`}"items":[${indexes.map((i) => `[${i},${q(item)}]`).join(',')}]}`,
        expected: {
          insertIndex: at === undefined ? null : String(at),
          items: indexes.map((i) => [String(i), item]),
        },
      }),
    );
  return fc.oneof(
    string.map((text): Value => ({ type: 'string', json: q(text), expected: text })),
    fc.array(string, { maxLength: 8 }).map(list('list')),
    names.map(list('set')),
    zset,
    hash,
    stream,
    array,
  );
}

const anyLine: fc.Arbitrary<Line> = fc
  .tuple(fc.boolean(), fc.boolean(), fc.nat({ max: 30 }))
  .chain(([isLatin1, escaped, db]) => {
    const string = isLatin1 ? latin1 : unicode;
    return fc
      .tuple(
        string,
        values(string, escaped),
        fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
      )
      .map(([key, value, expireAt]): Line => {
        const expiry = expireAt === undefined ? '' : `,"expireAt":${expireAt}`;
        const form = isLatin1 ? ',"bytes":"latin1"' : '';
        const encoding = value.type === 'stream' ? ',"encoding":"listpacks-3"' : '';
        return {
          text: `{"db":${db},"key":${quoted(key, escaped)},"type":"${value.type}"${expiry}${encoding}${form},"value":${value.json}${value.behind ?? ''}}`,
          type: value.type,
          expected: toBytes(
            {
              db,
              key,
              expireAtMs: expireAt === undefined ? undefined : String(expireAt),
              value: value.expected,
            },
            isLatin1,
          ),
        };
      });
  });

/** Strings as the bytes that they stand for, each a character. */
function toBytes(value: unknown, isLatin1: boolean): unknown {
  if (isLatin1) return value;
  if (typeof value === 'string') return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map((item) => toBytes(item, isLatin1));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toBytes(item, isLatin1)]));
}

/** Collections whose order servers do not keep, in an order of our own. */
function normal(type: string, value: unknown): unknown {
  const sorts = type === 'set' || type === 'zset' || type === 'hash';
  return sorts
    ? [...(value as unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : value;
}

const TARGET = { dialect: 'redis', rdbVersion: 14, backlen: 'new' } as const;

async function read(text: JsonlText, chunk: number, maxInlineValue?: number) {
  const limits = maxInlineValue === undefined ? {} : { maxInlineValue, partBytes: 100, maxHeldString: 400 };
  const { keys, faults } = await readAll(jsonlOf(text, chunk, { target: TARGET, limits }));
  return {
    faults,
    keys: keys.map(({ db, key, type, expireAtMs, value }) => {
      const family = type.split('-')[0] as string;
      return {
        db,
        key,
        expireAtMs: expireAtMs === undefined ? undefined : String(expireAtMs),
        value: normal(family, plain(value)),
      };
    }),
  };
}

const lines = fc.array(anyLine, { maxLength: 6 });
const textOf = (all: readonly Line[]) => all.map(({ text }) => `${text}\n`).join('');
const expectedOf = (all: readonly Line[]) =>
  all.map(({ type, expected }) => {
    const { value, ...head } = expected as { value: unknown };
    return { ...head, value: normal(type, value) };
  });

describe('lines of generated records', () => {
  test('read as what they were generated from, in any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 500 }), async (all, chunk) => {
        const { keys, faults } = await read(textOf(all), chunk);
        expect(faults).toEqual([]);
        expect(keys).toEqual(expectedOf(all));
      }),
      { numRuns: 300 },
    );
  });

  test('read the same in parts', async () => {
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 1, max: 200 }), async (all, maxInlineValue) => {
        const { keys, faults } = await read(textOf(all), 1000, maxInlineValue);
        fc.pre(!faults.some((fault) => fault.includes('LIMIT_EXCEEDED')));
        expect(faults).toEqual([]);
        expect(keys).toEqual(expectedOf(all));
      }),
      { numRuns: 150 },
    );
  });

  test('cut anywhere give the whole lines before, and one fault at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { minLength: 1, maxLength: 4 }), fc.nat(), async (all, position) => {
        const bytes = new TextEncoder().encode(textOf(all));
        const cut = bytes.subarray(0, position % bytes.length);
        const { keys, faults } = await read(cut, 700);
        const whole = new TextDecoder().decode(cut).split('\n').length - 1;
        const isWholeLine = keys.length === whole + 1;
        expect(keys).toEqual(expectedOf(all.slice(0, whole + (isWholeLine ? 1 : 0))));
        const isEmpty = cut.length === 0 || cut.at(-1) === 0x0a;
        expect(faults.length).toBe(isEmpty || isWholeLine ? 0 : 1);
        for (const fault of faults) expect(fault).toMatch(/^\d+:\d+ INPUT_TRUNCATED /);
      }),
      { numRuns: 200 },
    );
  });

  test('with any bytes changed give faults or typed errors, and the lines behind', async () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) });
    await fc.assert(
      fc.asyncProperty(
        anyLine,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        anyLine,
        async (line, changes, last) => {
          const bytes = new TextEncoder().encode(line.text);
          for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
          const rest = new TextEncoder().encode(`\n${last.text}\n`);
          const { keys, faults } = await read(new Uint8Array([...bytes, ...rest]), 300);
          expect(keys.at(-1)).toEqual(expectedOf([last])[0]);
          for (const fault of faults) expect(fault).toMatch(/^\d+:[1-9]\d* (INPUT_|LIMIT_|TARGET_)/);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('any bytes at all give faults or typed errors', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        async (bytes, chunk) => {
          try {
            const { keys } = await readAll(jsonlOf(bytes, chunk));
            expect(keys).toEqual([]);
          } catch (thrown) {
            // What looks compressed is taken for it.
            expect(thrown).toBeInstanceOf(RdbkitError);
            expect((thrown as RdbkitError).code).toMatch(/^INPUT_/);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('generated dumps', () => {
  test('as lines, back and as lines again are the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyKey, { maxLength: 8 }), async (all) => {
        const before = await toJsonl(rdbStream(Readable.from([dumpOf(all)]), 'dump'));
        const after = await toJsonl(jsonlOf(before, 100));
        const again = await toJsonl(jsonlOf(after, 100));
        expect(Buffer.from(again).toString()).toBe(Buffer.from(after).toString());
        // Collections are generated in any order and with members that come twice, as no server has them.
        const kept = (text: Uint8Array) =>
          Buffer.from(text)
            .toString()
            .split('\n')
            .filter((line) => /"type":"(?:string|list|stream)"|"aux"/.test(line));
        expect(kept(after)).toEqual(kept(before));
      }),
      { numRuns: 150 },
    );
  });
});
