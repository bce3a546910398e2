import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unquote } from '../../src/bytes/escape.js';
import { humanFormat } from '../../src/sinks/human.js';
import { humanHeadFormat } from '../../src/sinks/human-head.js';
import { lineText } from '../../src/sinks/human-text.js';
import { damage, damaged } from '../support/arbitraries.js';
import { exportDump, IN_PARTS } from '../support/export-dump.js';
import { anyKey, dumpOf, type GeneratedKey } from '../support/keyspace.js';

/** Values as pages, at the beginning of time. */
const page = () => humanFormat({ nowMs: () => 0 });

/** The bytes that a word in a line stands for. */
function meaning(word: string): string {
  const read = word.startsWith('"') ? unquote(word) : undefined;
  return Buffer.from(read ?? Buffer.from(word)).toString('latin1');
}

/** What stands in a line for the string of these bytes. */
const word = (latin1: string) => lineText(Buffer.from(latin1, 'latin1'), Number.POSITIVE_INFINITY);

/** The elements of a page, as its lines tell them; undefined where only words can be looked for. */
function elementsOf(page: string, type: string): string[] | undefined {
  const lines = page
    .slice(page.indexOf('\n\n') + 2)
    .split('\n')
    .slice(0, -1);
  if (type.startsWith('list-')) return lines.map((line) => meaning(line.replace(/^ *\d+\) /, '')));
  if (type.startsWith('set-')) return lines.map(meaning);
  return undefined;
}

function wordsOf({ name, expected }: GeneratedKey): string[] {
  if (name.startsWith('zset') || name.startsWith('hash'))
    return (expected as string[][]).flatMap((e) => e.slice(0, 2));
  return (expected as { entries: string[][] }).entries.flatMap((entry) => entry.slice(1));
}

describe.each([
  ['whole', {}],
  ['in parts and fragments', IN_PARTS],
])('values %s', (_, limits) => {
  test('every element of any value is on the page', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, async (key) => {
        const { text, account } = await exportDump(dumpOf([key]), page(), limits);
        expect([...account.causes.keys()]).toEqual([]);
        expect(text).toContain(`key       ${word(Buffer.from(key.key).toString('latin1'))}\n`);
        if (key.name === 'string') {
          const value = text.slice(text.indexOf('\n\n') + 2, -1);
          const raw = Buffer.from(value).toString('latin1');
          expect([raw, meaning(value)]).toContain(key.expected);
          return;
        }
        const elements = elementsOf(text, key.name);
        if (elements === undefined) for (const part of wordsOf(key)) expect(text).toContain(word(part));
        else expect(elements).toEqual(key.expected);
      }),
      { numRuns: 250 },
    );
  });

  test('nothing that a terminal would obey is written', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, async (key) => {
        const { text } = await exportDump(dumpOf([key]), page(), limits);
        const head = await exportDump(dumpOf([key]), humanHeadFormat(), limits);
        expect(text + head.text).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]/);
        expect(head.text.split('\n')).toHaveLength(3);
      }),
      { numRuns: 150 },
    );
  });

  test('damage only ever makes keys fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyKey, { minLength: 1, maxLength: 3 }), damage, async (keys, change) => {
        const dump = damaged(dumpOf(keys), change);
        for (const format of [humanFormat(), humanHeadFormat()]) {
          const thrown = await exportDump(dump, format, limits).then(
            () => undefined,
            (error: unknown) => error as { code: string },
          );
          if (thrown !== undefined) expect(thrown.code).toMatch(/^(INPUT_|LIMIT_)/);
        }
      }),
      { numRuns: 150 },
    );
  });
});
