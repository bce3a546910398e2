import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { putLength, rawHeaderBytes } from '../../src/rdb/string-header.js';
import { bigEndian, bytes, hex } from '../support/bytes.js';
import { anyForm, outcome, scannerOf } from '../support/scanning.js';

const RUNS = 1000;

const canonical = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

function written(length: number): Uint8Array {
  const target = new Uint8Array(11).fill(0xa5);
  const end = putLength(target, 1, length);
  expect([target[0], target[end]]).toEqual([0xa5, 0xa5]);
  return target.slice(1, end);
}

describe('lengths', () => {
  test('putLength writes the shortest form, which readLength reads back', () => {
    const sizes = fc.oneof(
      fc.maxSafeNat(),
      fc.nat(0x5000),
      fc.integer({ min: 2 ** 32 - 3, max: 2 ** 32 + 3 }),
    );
    fc.assert(
      fc.property(sizes, (length) => {
        const form = written(length);
        expect(form.length).toBe(length < 2 ** 6 ? 1 : length < 2 ** 14 ? 2 : length < 2 ** 32 ? 5 : 9);
        expect(rawHeaderBytes(length)).toBe(form.length);
        expect(outcome(scannerOf(form), 'readLength')).toMatchObject({
          result: true,
          taken: form.length,
          length,
        });
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    [0, '00'],
    [63, '3F'],
    [64, '4040'],
    [16_383, '7FFF'],
    [16_384, '8000004000'],
    [2 ** 32 - 1, '80FFFFFFFF'],
    [2 ** 32, '810000000100000000'],
    [Number.MAX_SAFE_INTEGER, '81001FFFFFFFFFFFFF'],
  ])('%i is written as %s', (length, form) => {
    expect(written(length)).toEqual(hex(form));
  });

  test('every form is read exactly, to 2^64 - 1; no prefix of it moves anything', () => {
    fc.assert(
      fc.property(anyForm, ({ value, form }) => {
        expect(outcome(scannerOf(form), 'readLength')).toMatchObject({
          taken: form.length,
          length: canonical(value),
        });
        for (let seen = 0; seen < form.length; seen++) {
          expect(outcome(scannerOf(form, seen), 'readLength')).toBe('needs more');
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('other first bytes are no length', () => {
    for (let first = 0x82; first <= 0xff; first++) {
      const fault = { code: 'INPUT_CORRUPT', at: 0 };
      expect(outcome(scannerOf(bytes(first, 1, 2)), 'readLength')).toEqual(fault);
    }
  });
});

describe('counts', () => {
  test('are believed while the input can hold so many', () => {
    fc.assert(
      fc.property(anyForm, fc.option(fc.maxSafeNat()), ({ value, form }, left) => {
        const seen = outcome(
          scannerOf(form, form.length, form.length + (left ?? Number.POSITIVE_INFINITY)),
          'readCount',
        );
        const count = canonical(value);
        const fault = (code: string) => ({ code, at: 0 });
        if (typeof count === 'bigint') expect(seen).toEqual(fault('INPUT_CORRUPT'));
        else if (left !== null && count > left) expect(seen).toEqual(fault('INPUT_TRUNCATED'));
        else expect(seen).toMatchObject({ result: count, taken: form.length });
      }),
      { numRuns: RUNS },
    );
  });

  test.each([2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n])('%i elements are no count', (count) => {
    const seen = outcome(scannerOf(bytes(0x81, bigEndian(count, 8))), 'readCount');
    expect(seen).toEqual({ code: 'INPUT_CORRUPT', at: 0 });
  });

  test('a prefix moves nothing', () => {
    for (let seen = 0; seen < 9; seen++) {
      expect(outcome(scannerOf(bytes(0x81, bigEndian(7, 8)), seen), 'readCount')).toBe('needs more');
    }
  });
});
