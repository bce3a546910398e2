import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { targetOfVersion } from '../../src/rdb/dump-target.js';
import { byDb, byPrefix, bySize, bySlots, byType, equalSlots } from '../../src/sinks/split-rules.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { anyKey, dumpOf, type GeneratedKey } from '../support/keyspace.js';
import { exportRdb, splitRdb } from '../support/rdb-export.js';
import { type ReadKey, readAll } from '../support/read.js';
import { truthOf } from '../support/truth.js';

const dumps = fc.array(anyKey, { maxLength: 12 }).map(dumpOf);

/** Small enough that many of the values come in parts. */
const limits = fc.constantFrom({}, { maxInlineValue: 60, partBytes: 32 });

/** Keys as stored, without where they stood. */
function stored(content: Uint8Array): unknown[] {
  const read = readAll(content);
  expect(read).toMatchObject({ error: undefined, checksum: 'ok' });
  return read.records
    .filter((record): record is ReadKey => record.kind === 'key')
    .map(({ index: _, offset: __, ...key }) => key);
}

/** Keys by what is in them. */
function contents(content: Uint8Array): Map<string, unknown> {
  const keys = readAll(content, { decode: true }).records.filter(
    (record): record is ReadKey => record.kind === 'key',
  );
  return new Map(
    keys.map(({ db, key, expireAtMs, decoded }) => [
      `${db} ${key}`,
      decoded === undefined ? undefined : [expireAtMs, decoded.type, truthOf(decoded)],
    ]),
  );
}

const textOf = (values: readonly unknown[]) =>
  values.map((value) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)));

test('a dump written anew holds the same keys with the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(dumps, limits, async (dump, bounds) => {
      const { bytes, account } = await exportRdb(dump, { limits: bounds });
      expect(textOf(stored(bytes))).toEqual(textOf(stored(dump)));
      account.balance();
    }),
  );
});

test('a selection holds the keys that were selected', async () => {
  await fc.assert(
    fc.asyncProperty(dumps, fc.nat({ max: 20 }), limits, async (dump, db, bounds) => {
      const stages = [keyStage('db', (head) => head.db <= db)];
      const { bytes } = await exportRdb(dump, { stages, limits: bounds, output: 'pipe' });
      const expected = (stored(dump) as ReadKey[]).filter((key) => key.db <= db);
      expect(textOf(stored(bytes))).toEqual(textOf(expected));
    }),
  );
});

describe('values written for another version', () => {
  test.each([6, 8, 9, 10, 11, 12, 14, 80])('%i say the same', async (version) => {
    const unique = fc.uniqueArray(anyKey, { maxLength: 8, selector: ({ db, key }) => `${db} ${key}` });
    await fc.assert(
      fc.asyncProperty(unique, limits, async (keys: GeneratedKey[], bounds) => {
        const dump = dumpOf(keys);
        const refused = new Set<string>();
        const { bytes, account } = await exportRdb(dump, {
          target: targetOfVersion(version),
          limits: bounds,
          onReject: ({ db, key }) => refused.add(`${db} ${Buffer.from(key).toString('hex')}`),
        });
        const before = contents(dump);
        const after = contents(bytes);
        expect(after.size).toBe(before.size - refused.size);
        for (const [name, value] of after) {
          const [now, then] = [value, before.get(name)] as [unknown[], unknown[]];
          expect(now[0]).toEqual(then[0]);
          if (now[1] !== 'stream') expect(now).toEqual(then);
        }
        account.balance();
      }),
      { numRuns: 60 },
    );
  });
});

describe('the parts of a split', () => {
  test.each([
    ['shards', () => bySlots(equalSlots(3))],
    ['databases', byDb],
    ['types', byType],
    ['prefixes', () => byPrefix(1)],
    ['sizes', () => bySize(200)],
  ])('by %s are together the whole', async (_, rule) => {
    await fc.assert(
      fc.asyncProperty(dumps, limits, async (dump, bounds) => {
        const { outputs, account } = await splitRdb(dump, rule(), { limits: bounds });
        const parts = [...outputs.values()].flatMap((output) => stored(output.bytes));
        expect(textOf(parts).sort()).toEqual(textOf(stored(dump)).sort());
        account.balance();
      }),
      { numRuns: 50 },
    );
  });
});

test('damaged dumps end with an error of the input, or are written', async () => {
  await fc.assert(
    fc.asyncProperty(
      dumps,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(6, 10, 12, 80),
      limits,
      async (dump, changes, version, bounds) => {
        const damaged = dump.slice();
        for (const [at, byte] of changes) damaged[9 + (at % (damaged.length - 9))] = byte;
        try {
          const { bytes, account } = await exportRdb(damaged, {
            target: targetOfVersion(version),
            limits: bounds,
          });
          expect(readAll(bytes).error).toBeUndefined();
          account.balance();
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RdbkitError);
          expect((thrown as RdbkitError).code).toMatch(/^INPUT_|^LIMIT_EXCEEDED$/);
        }
      },
    ),
    { numRuns: 300 },
  );
});
