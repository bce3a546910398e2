import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doubleText } from '../../src/bytes/ascii.js';
import { RdbkitError } from '../../src/errors.js';
import { type JsonLayout, jsonFormat } from '../../src/sinks/json.js';
import { damage, damaged } from '../support/arbitraries.js';
import { exportDump, IN_PARTS } from '../support/export-dump.js';
import { anyKey, dumpOf, type GeneratedKey, latin1 } from '../support/keyspace.js';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const LAYOUTS: readonly JsonLayout[] = ['rdbkit', 'rdbtools', 'hdt3213', 'rdb-cli'];

const ways = fc.constantFrom({}, IN_PARTS);

/** The bytes of a text in which lone surrogates stand for bytes (PEP 383), as Latin-1. */
function bytesOf(text: string): string {
  return Array.from(text, (char) => {
    const code = char.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) return String.fromCharCode(code - 0xdc00);
    return Buffer.from(char).toString('latin1');
  }).join('');
}

/**
 * A JSON text in which each name has a number before it: JSON.parse keeps one of each name only,
 * and has an order of its own for names that are numbers.
 */
function parse(text: string): Json {
  let count = 0;
  const numbered = text.replace(/"(?:[^"\\]|\\.)*"(\s*:)?/g, (found, colon) =>
    colon === undefined ? found : `"#${String(count++).padStart(8, '0')}${found.slice(1)}`,
  );
  return JSON.parse(numbered) as Json;
}

/** Members of an object in the order of the text. */
function named(json: Json): [string, Json][] {
  return Object.entries(json as Record<string, Json>).map(([name, value]) => [
    name.slice('#00000000'.length),
    value,
  ]);
}

/** A value as the dump was made from it. */
function meaning(value: Json, name: string, decode: (text: string) => string): unknown {
  const text = (json: Json) => decode(json as string);
  if (name === 'string') return text(value);
  if (name.startsWith('list') || name.startsWith('set')) return (value as Json[]).map(text);
  return named(value).map(([field, content]) => [decode(field), text(content)]);
}

function wanted({ name, expected }: GeneratedKey): unknown {
  if (!name.startsWith('hash')) return expected;
  return (expected as string[][]).map(([field, value]) => [field, value]);
}

describe.each(LAYOUTS)('layout %s', (layout) => {
  test('is JSON whatever the keyspace', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyKey, { maxLength: 6 }), ways, async (keys, limits) => {
        const { bytes, account } = await exportDump(dumpOf(keys), jsonFormat({ layout }), limits);
        const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
        const json = JSON.parse(text) as unknown[];
        expect(account.totals()).toMatchObject({ read: keys.length, written: keys.length });
        const databases = keys.filter(({ db }, i) => db !== keys[i - 1]?.db).length;
        expect(json.length).toBe(layout === 'hdt3213' ? keys.length + 1 : databases);
      }),
      { numRuns: 150 },
    );
  });

  test('is JSON where a dump is damaged, unless the read fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyKey, { minLength: 1, maxLength: 3 }),
        damage,
        ways,
        async (keys, how, limits) => {
          try {
            const { text } = await exportDump(damaged(dumpOf(keys), how), jsonFormat({ layout }), limits);
            JSON.parse(text);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(RdbkitError);
            expect((thrown as RdbkitError).code).toMatch(/^INPUT_|^LIMIT_EXCEEDED$/);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

const plainKey = anyKey.filter(({ name }) => !name.startsWith('stream') && !name.startsWith('zset'));
const decodings = [
  ['rdbkit', bytesOf],
  ['rdbtools', bytesOf],
  ['rdb-cli', (text: string) => text],
] as const;

test.each(decodings)('layout %s gives every byte of keys and values back', async (layout, decode) => {
  await fc.assert(
    fc.asyncProperty(plainKey, ways, async (key, limits) => {
      const { text } = await exportDump(dumpOf([key]), jsonFormat({ layout }), limits);
      const [database] = parse(text) as Json[];
      const [[name, value] = ['', null]] = named(database as Json);
      expect(decode(name)).toBe(latin1(key.key));
      expect(meaning(value, key.name, decode)).toEqual(wanted(key));
    }),
    { numRuns: 200 },
  );
});

const zset = anyKey.filter(({ name }) => name.startsWith('zset'));

test.each(['rdbkit', 'rdbtools', 'rdb-cli', 'hdt3213'] as const)(
  'layout %s has exact scores',
  async (layout) => {
    await fc.assert(
      fc.asyncProperty(zset, ways, async (key, limits) => {
        const { text } = await exportDump(dumpOf([key]), jsonFormat({ layout }), limits);
        const whole = parse(text) as Json[];
        const scores =
          layout === 'hdt3213'
            ? (new Map(named(whole.at(-1) as Json)).get('entries') as Json[]).map((entry) =>
                new Map(named(entry)).get('score'),
              )
            : named(named(whole[0] as Json)[0]?.[1] as Json).map(([, score]) => score);
        const texts = scores.map((score) =>
          typeof score === 'number'
            ? doubleText(score)
            : String(Number.isFinite(Number(score)) ? doubleText(Number(score)) : score),
        );
        expect(texts).toEqual((key.expected as string[][]).map(([, score]) => score));
        if (layout === 'rdbtools') expect(text).not.toMatch(/":-?\d+[,}]/);
      }),
      { numRuns: 100 },
    );
  },
);
