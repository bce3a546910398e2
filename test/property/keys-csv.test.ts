import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { unquote } from '../../src/bytes/escape.js';
import { readKeyList } from '../../src/cli/key-list.js';
import { CsvFormat } from '../../src/sinks/csv.js';
import { KeysFormat } from '../../src/sinks/keys.js';
import { anyBytes } from '../support/arbitraries.js';
import { bytes, string } from '../support/bytes.js';
import { parseCsv } from '../support/csv.js';
import { exportDump, IN_PARTS } from '../support/export-dump.js';
import { anyKey, dumpOf, latin1 } from '../support/keyspace.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { Scratch } from '../support/scratch.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Names as people give them, and names that look like something else. */
const anyName = fc.oneof(
  anyBytes(20),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => bytes(text)),
  fc
    .constantFrom('', ' ', '"', '"a"', '\\', 'a,b', '=1+1', '-1', '+', '@x', "'", "'=", 'a\r', '\n', 'é')
    .map((text) => bytes(text)),
);

const dumpOfNames = (names: readonly Uint8Array[], values: readonly Uint8Array[] = []) =>
  names
    .reduce(
      (builder, name, i) => builder.key(0, name, string(values[i] ?? 'value')),
      new RdbBuilder().selectDb(3),
    )
    .build();

/** The bytes of a CSV field. */
function meaning(field: string, isGuarded = false): string {
  if (field.startsWith('"')) return latin1(unquote(field) as Uint8Array);
  return latin1(bytes(isGuarded && field.startsWith("'") ? field.slice(1) : field));
}

describe('keys', () => {
  test('are read back by what reads a list of keys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyName, { maxLength: 8, selector: latin1 }), async (names) => {
        const { bytes: printed } = await exportDump(dumpOfNames(names), new KeysFormat());
        expect(latin1(printed)).toMatch(/^(?:[ -~]+\n)*$/);
        const read = readKeyList(scratch.file('keys', printed));
        expect(read.size).toBe(names.length);
        for (const name of names) expect(read.has(name, 0, name.length)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('stand raw before a NUL where that is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyName, { maxLength: 5 }), async (names) => {
        const { bytes: printed } = await exportDump(dumpOfNames(names), new KeysFormat({ nul: true }));
        expect(latin1(printed)).toBe(names.map((name) => `${latin1(name)}\0`).join(''));
      }),
      { numRuns: 100 },
    );
  });

  test('need no value: of one that is damaged the key stands, too', async () => {
    const dump = new RdbBuilder().key(16, 'bad', string('no listpack')).key(0, 'good', string('x')).build();
    for (const limits of [{}, IN_PARTS, { maxInlineValue: 3, partBytes: 2 }]) {
      const { text, account } = await exportDump(dump, new KeysFormat(), limits);
      expect(text).toBe('bad\ngood\n');
      expect(account.totals()).toMatchObject({ read: 2, written: 2 });
    }
  });
});

describe('csv', () => {
  const options = fc.record({ values: fc.constant(true), guardFormulas: fc.boolean() });

  test.each([
    ['whole', {}],
    ['in parts and fragments', IN_PARTS],
  ])('gives keys and values back, %s', async (_, limits) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyName, anyName), { maxLength: 6 }),
        options,
        async (entries, wanted) => {
          const dump = dumpOfNames(
            entries.map(([name]) => name),
            entries.map(([, value]) => value),
          );
          const { bytes: written } = await exportDump(dump, new CsvFormat(wanted), limits);
          const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(written);
          const [header, ...lines] = parseCsv(text);
          expect(header).toEqual(['db', 'key', 'type', 'encoding', 'elements', 'bytes', 'expireAt', 'value']);
          const found = lines.map((fields) => [
            ...fields.filter((_, i) => i !== 1 && i < 5),
            meaning(fields[1] as string, wanted.guardFormulas),
            meaning(fields[7] as string, wanted.guardFormulas),
          ]);
          expect(found).toEqual(
            entries.map(([name, value]) => ['3', 'string', 'string', '1', latin1(name), latin1(value)]),
          );
          if (wanted.guardFormulas) {
            for (const fields of lines) expect(`${fields[1]}\n${fields[7]}`).not.toMatch(/^[=+\-@\t\r]/m);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('counts the elements and bytes of any value', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, fc.constantFrom({}, IN_PARTS), async (key, limits) => {
        const { text } = await exportDump(dumpOf([key]), new CsvFormat(), limits);
        const [, line = []] = parseCsv(text);
        const { expected, name } = key;
        const content = name.startsWith('stream') ? (expected as { entries: unknown[] }).entries : expected;
        expect(meaning(line[1] as string)).toBe(latin1(key.key));
        expect(line[2]).toBe(name.split('-')[0]);
        expect(line[4]).toBe(name === 'string' ? '1' : String((content as unknown[]).length));
        expect(line[5]).toBe(String(key.value.length));
        expect(line[6]).toBe(key.expireAtMs === undefined ? '' : String(key.expireAtMs));
      }),
      { numRuns: 200 },
    );
  });
});
