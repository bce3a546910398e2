import { describe, expect, test } from 'vitest';
import { asExpected } from '../support/expectation.js';
import { fixtureFiles } from '../support/fixture-files.js';
import { type ReadOptions, readAll, readText } from '../support/read.js';

const ODD_SIZES = [1, 7, 4096, 2, 65_536, 3, 100, 31, 8191];

/** Ways of giving the same bytes; the records and their decoded values must be the same. */
const WAYS: readonly (readonly [string, ReadOptions])[] = [
  ['a byte at a time', { chunks: [1] }],
  ['in chunks of odd sizes', { chunks: ODD_SIZES }],
  ['in place', { chunks: [10_000], inPlace: true }],
  ['in batches of one', { limits: { batchRecords: 1 } }],
];

/** Ways in which values come in parts; their bytes together must be the same. */
const PARTS: readonly (readonly [string, ReadOptions])[] = [
  ['in parts', { limits: { maxInlineValue: 40, partBytes: 16 } }],
  ['in parts of a cut input', { limits: { maxInlineValue: 3, partBytes: 5 }, chunks: ODD_SIZES }],
];

describe.each(fixtureFiles())('$name', ({ name, file, expected }) => {
  const whole = readAll(file, { inputBytes: file.length, decode: true });

  test('is read to its end without a fault', () => {
    expect(whole.error?.describe()).toBeUndefined();
    expect(whole.offset).toBe(file.length);
    expect(['ok', 'absent']).toContain(whole.checksum);
    expect(whole.records.some(({ kind }) => kind === 'key') || name === 'built/no-keys').toBe(true);
  });

  test.runIf(expected !== undefined)('gives the records that stand beside it', () => {
    const magic = Buffer.from(file.subarray(0, 9)).toString('latin1');
    expect(asExpected(whole, magic)).toEqual(expected);
  });

  test.each(WAYS)('gives the same %s', (_, options) => {
    expect(readText(readAll(file, { ...options, decode: true })) === readText(whole)).toBe(true);
  });

  test.each(PARTS)('gives the same bytes %s', (_, options) => {
    expect(readText(readAll(file, options)) === readText(readAll(file))).toBe(true);
  });
});
