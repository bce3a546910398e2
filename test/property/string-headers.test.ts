import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StringForm } from '../../src/rdb/scanner.js';
import { anyBytes } from '../support/arbitraries.js';
import { bigEndian, bytes, length, littleEndian } from '../support/bytes.js';
import { anyForm, GiB, LONGEST, outcome, scannerOf } from '../support/scanning.js';

const RUNS = 1000;

/** Bytes that are more often than not the beginning of a string. */
const headerLike = fc
  .tuple(
    fc.constantFrom(0x00, 0x3f, 0x40, 0x80, 0x81, 0xc0, 0xc1, 0xc2, 0xc3, 0xc3, 0xc4, 0xff),
    anyBytes(20),
    anyForm,
  )
  .map(([first, rest, { form }]) => bytes(first, first === 0xc3 ? form : [], rest));

describe('string headers', () => {
  test('no prefix says anything else than the whole: it needs more, moving nothing, or says the same', () => {
    fc.assert(
      fc.property(headerLike, (content) => {
        const whole = outcome(scannerOf(content), 'readStringHeader');
        for (let seen = 0; seen < content.length; seen++) {
          const part = outcome(scannerOf(content, seen), 'readStringHeader');
          if (part !== 'needs more') expect(part).toEqual(whole);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a raw string', () => {
    const seen = outcome(scannerOf(bytes(length(300), new Uint8Array(300))), 'readStringHeader');
    expect(seen).toMatchObject({ result: true, taken: 2, form: StringForm.raw, stored: 300, size: 300 });
  });

  test('an integer of 1, 2 or 4 bytes, signed and little-endian', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4), fc.integer(), (width, value) => {
        const scan = scannerOf(bytes(0xc0 + Math.log2(width), littleEndian(value, width)));
        expect(outcome(scan, 'readStringHeader')).toMatchObject({
          taken: 1,
          form: StringForm.integer,
          stored: width,
        });
        expect(scan.storedInteger()).toBe(Number(BigInt.asIntN(8 * width, BigInt(value))));
      }),
      { numRuns: RUNS },
    );
  });

  test('an LZF block, where one of that size can stand for that many bytes', () => {
    fc.assert(
      fc.property(fc.nat(70_000), fc.nat(6_000_000), (stored, size) => {
        const header = bytes(0xc3, length(stored), length(size));
        const seen = outcome(scannerOf(header), 'readStringHeader');
        if (size <= 88 * stored && stored <= 2 * size) {
          expect(seen).toMatchObject({ taken: header.length, form: StringForm.lzf, stored, size });
        } else {
          expect(seen).toEqual({ code: 'INPUT_CORRUPT', at: 0 });
        }
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['more bytes than are left', length(11), 'INPUT_TRUNCATED'],
    ['an LZF block of more bytes than are left', bytes(0xc3, 11, 20), 'INPUT_TRUNCATED'],
    ['a string of more than the limit', length(LONGEST + 1), 'LIMIT_EXCEEDED'],
    ['an LZF block of more than the limit', bytes(0xc3, length(GiB), length(LONGEST + 1)), 'LIMIT_EXCEEDED'],
    ['a string of 2^53 bytes', bytes(0x81, bigEndian(2n ** 53n, 8)), 'INPUT_CORRUPT'],
    ['a string of 2^63 bytes', bytes(0x81, bigEndian(2n ** 63n, 8)), 'INPUT_CORRUPT'],
    ['a string of 2^64 - 1 bytes', bytes(0x81, bigEndian(-1, 8)), 'INPUT_CORRUPT'],
    ['an LZF block of 2^63 bytes', bytes(0xc3, 0x81, bigEndian(2n ** 63n, 8), 1), 'INPUT_CORRUPT'],
    ['an LZF block for 2^63 bytes', bytes(0xc3, 9, 0x81, bigEndian(2n ** 63n, 8)), 'INPUT_CORRUPT'],
  ])('%s', (_, header, code) => {
    expect(outcome(scannerOf(header, header.length, header.length + 10), 'readStringHeader')).toEqual({
      code,
      at: 0,
    });
  });

  test('exactly as many bytes as the limit and the input allow', () => {
    const header = length(LONGEST);
    const seen = outcome(scannerOf(header, header.length, header.length + LONGEST), 'readStringHeader');
    expect(seen).toMatchObject({ result: true, stored: LONGEST });
  });

  test('first bytes that begin no string', () => {
    for (const first of [...Array.from({ length: 62 }, (_, i) => 0x82 + i), 0xc4, 0xc5, 0xff]) {
      const fault = { code: 'INPUT_CORRUPT', at: 0 };
      expect(outcome(scannerOf(bytes(first, 1, 2, 3)), 'readStringHeader')).toEqual(fault);
    }
  });

  test('an LZF header that holds no length is named where it stands', () => {
    expect(outcome(scannerOf(bytes(0xc3, 0x82)), 'readStringHeader')).toEqual({
      code: 'INPUT_CORRUPT',
      at: 1,
    });
    expect(outcome(scannerOf(bytes(0xc3, 5, 0xc0)), 'readStringHeader')).toEqual({
      code: 'INPUT_CORRUPT',
      at: 2,
    });
  });
});
