import { describe, expect, test } from 'vitest';
import { type CorpusDump, corpus, corpusBytes, corpusFile, corpusTruth } from '../support/corpus.js';
import { fixtureFiles } from '../support/fixture-files.js';
import { exportJsonLines, IN_PARTS, type JsonRecord, linesOf } from '../support/jsonl-export.js';
import { truthOfLine } from '../support/jsonl-truth.js';
import { byBytes, normalTruth, type Truth } from '../support/truth.js';

// Every dump as JSON Lines: what real servers held, and the same bytes in whatever way it is read.

const ODD_SIZES = [1, 7, 4096, 65_536, 100, 8191];

const DUMPS: readonly CorpusDump[] = ['dump', 'dump-lru', 'dump-lfu-uncompressed'];

const cases = corpus.flatMap(({ name, label }) =>
  DUMPS.filter((dump) => corpusFile(name, dump) !== undefined).map((dump) => ({ name, label, dump })),
);

describe.each(cases)('$dump of $label', ({ name, dump }) => {
  test('holds what the server held', async () => {
    const lines = linesOf(await exportJsonLines(corpusBytes(name, dump)));
    const found = lines.filter(isKey).map(truthOfLine).sort(inOrder);
    const expected = corpusTruth(name).map(asFound).sort(inOrder);
    expect(found.map(nameOf)).toEqual(expected.map(nameOf));
    for (const [i, key] of found.entries()) expect(key).toEqual(expected[i]);
  });
});

/** A score for which servers refuse a value: one in parts is checked before, and fails. */
const NAN = ',"nan"]';

describe.each(fixtureFiles())('$name', ({ file }) => {
  test('gives the same bytes whole and in parts', async () => {
    const whole = await exportJsonLines(file);
    const records = linesOf(whole);
    const keys = records.filter(isKey);
    expect(whole.account.totals()).toMatchObject({ read: keys.length, written: keys.length, failed: 0 });

    const parts = await exportJsonLines(file, IN_PARTS, ODD_SIZES);
    const found = parts.text.split('\n');
    const inParts = new Set(found);
    const expected = whole.text.split('\n').filter((line) => inParts.has(line) || !line.includes(NAN));
    const first = expected.findIndex((line, i) => line !== found[i]);
    expect(found[first]?.slice(0, 1000)).toBe(expected[first]?.slice(0, 1000));
    expect(parts.account.totals().written).toBe(expected.filter((line) => line.includes('"key"')).length);
    expect(parts.account.totals().read).toBe(keys.length);
  });

  test('says that strings are bytes only where one is no UTF-8', async () => {
    for (const line of (await exportJsonLines(file)).text.split('\n')) {
      if (!line.includes('"bytes":"latin1"')) continue;
      const { bytes, ...record } = JSON.parse(line) as JsonRecord;
      expect(bytes).toBe('latin1');
      expect(stringsOf(record).every((text) => /^[\0-\xff]*$/.test(text))).toBe(true);
      expect(stringsOf(record).some(isNotUtf8)).toBe(true);
    }
  });
});

function isKey({ key }: JsonRecord): boolean {
  return key !== undefined;
}

/** The truth has a type that commands do not read whole as its DUMP payload. */
function asFound(truth: Truth): Truth {
  const value = truth.value as { dump?: string };
  const type = truth.type === 'vectorset' ? 'module' : truth.type;
  return { ...truth, type, value: value.dump === undefined ? normalTruth(truth) : undefined };
}

function nameOf({ db, key, type }: Truth): string {
  return `${db} ${key} ${type}`;
}

function inOrder(a: Truth, b: Truth): number {
  return a.db - b.db || byBytes(a.key, b.key);
}

/** All strings in a JSON value, names of members included. */
function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsOf);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...stringsOf(member)]);
}

function isNotUtf8(text: string): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
    return false;
  } catch {
    return true;
  }
}
