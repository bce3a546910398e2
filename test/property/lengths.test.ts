import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { withLimits } from '../../src/limits.js';
import { Scanner, StringForm } from '../../src/rdb/scanner.js';
import { putLength, rawHeaderBytes } from '../../src/rdb/string-header.js';
import { anyBytes, uint64 } from '../support/arbitraries.js';
import { bigEndian, bytes, hex, littleEndian } from '../support/bytes.js';

const RUNS = 1000;
const BASE = 100_000;
const LEAD = 3;
const GiB = 2 ** 30;

const canonical = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** A scanner that stands at the first of these bytes and sees as many of them as told. */
function scanner(content: Uint8Array, seen = content.length, inputSize?: number): Scanner {
  const scan = new Scanner(withLimits({ maxDeclaredString: 4 * GiB }));
  scan.view(bytes(new Uint8Array(LEAD).fill(0xff), content, 0xff, 0xff), LEAD + seen, BASE);
  scan.at = LEAD;
  if (inputSize !== undefined) scan.inputEnd = BASE + LEAD + inputSize;
  return scan;
}

/** What one `read…` makes of the bytes, as far as it can be seen from outside. */
function outcome(scan: Scanner, read: (scan: Scanner) => boolean | number): unknown {
  try {
    const result = read(scan);
    if (result === false || result === -1) return scan.at === LEAD ? 'needs more' : 'has moved';
    return {
      result,
      taken: scan.at - LEAD,
      length: scan.length,
      form: scan.form,
      stored: scan.stored,
      size: scan.size,
    };
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    return { code: thrown.code, offset: thrown.offset };
  }
}

const readLength = (scan: Scanner) => scan.readLength();
const readCount = (scan: Scanner) => scan.readCount();
const readStringHeader = (scan: Scanner) => scan.readStringHeader();

function written(length: number): Uint8Array {
  const target = new Uint8Array(11).fill(0xa5);
  const end = putLength(target, 1, length);
  expect([target[0], target[end]]).toEqual([0xa5, 0xa5]);
  return target.slice(1, end);
}

/** A length in any of the four forms that can hold it. */
const anyForm = fc.tuple(uint64, fc.constantFrom(6n, 14n, 32n, 64n)).map(([wide, bits]) => {
  const value = BigInt.asUintN(Number(bits), wide);
  const form = {
    6: () => bytes(Number(value)),
    14: () => bytes(0x40 | Number(value >> 8n), Number(value & 0xffn)),
    32: () => bytes(0x80, bigEndian(value, 4)),
    64: () => bytes(0x81, bigEndian(value, 8)),
  }[Number(bits) as 6 | 14 | 32 | 64]();
  return { value, form };
});

/** Bytes that are more often than not the beginning of a string. */
const headerLike = fc
  .tuple(
    fc.constantFrom(0x00, 0x3f, 0x40, 0x80, 0x81, 0xc0, 0xc1, 0xc2, 0xc3, 0xc3, 0xc4, 0xff),
    anyBytes(20),
    anyForm,
  )
  .map(([first, rest, { form }]) => bytes(first, first === 0xc3 ? form : [], rest));

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
        expect(outcome(scanner(form), readLength)).toMatchObject({
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
        expect(outcome(scanner(form), readLength)).toMatchObject({
          taken: form.length,
          length: canonical(value),
        });
        for (let seen = 0; seen < form.length; seen++) {
          expect(outcome(scanner(form, seen), readLength)).toBe('needs more');
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('other first bytes are no length', () => {
    for (let first = 0x82; first <= 0xff; first++) {
      const fault = { code: 'INPUT_CORRUPT', offset: BASE + LEAD };
      expect(outcome(scanner(bytes(first, 1, 2)), readLength)).toEqual(fault);
    }
  });
});

describe('counts', () => {
  test('are believed while the input can hold so many', () => {
    fc.assert(
      fc.property(anyForm, fc.option(fc.maxSafeNat()), ({ value, form }, left) => {
        const seen = outcome(
          scanner(form, form.length, form.length + (left ?? Number.POSITIVE_INFINITY)),
          readCount,
        );
        const count = canonical(value);
        const fault = (code: string) => ({ code, offset: BASE + LEAD });
        if (typeof count === 'bigint') expect(seen).toEqual(fault('INPUT_CORRUPT'));
        else if (left !== null && count > left) expect(seen).toEqual(fault('INPUT_TRUNCATED'));
        else expect(seen).toMatchObject({ result: count, taken: form.length });
      }),
      { numRuns: RUNS },
    );
  });

  test.each([2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n])('%i elements are no count', (count) => {
    const seen = outcome(scanner(bytes(0x81, bigEndian(count, 8))), readCount);
    expect(seen).toEqual({ code: 'INPUT_CORRUPT', offset: BASE + LEAD });
  });

  test('a prefix moves nothing', () => {
    for (let seen = 0; seen < 9; seen++) {
      expect(outcome(scanner(bytes(0x81, bigEndian(7, 8)), seen), readCount)).toBe('needs more');
    }
  });
});

describe('string headers', () => {
  test('no prefix says anything else than the whole: it needs more, moving nothing, or says the same', () => {
    fc.assert(
      fc.property(headerLike, (content) => {
        const whole = outcome(scanner(content), readStringHeader);
        for (let seen = 0; seen < content.length; seen++) {
          const part = outcome(scanner(content, seen), readStringHeader);
          if (part !== 'needs more') expect(part).toEqual(whole);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a raw string', () => {
    const seen = outcome(scanner(bytes(written(300), new Uint8Array(300))), readStringHeader);
    expect(seen).toMatchObject({ result: true, taken: 2, form: StringForm.raw, stored: 300, size: 300 });
  });

  test('an integer of 1, 2 or 4 bytes, signed and little-endian', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4), fc.integer(), (width, value) => {
        const scan = scanner(bytes(0xc0 + Math.log2(width), littleEndian(value, width)));
        expect(outcome(scan, readStringHeader)).toMatchObject({
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
        const header = bytes(0xc3, written(stored), written(size));
        const seen = outcome(scanner(header), readStringHeader);
        if (size <= 88 * stored && stored <= 2 * size) {
          expect(seen).toMatchObject({ taken: header.length, form: StringForm.lzf, stored, size });
        } else {
          expect(seen).toEqual({ code: 'INPUT_CORRUPT', offset: BASE + LEAD });
        }
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['more bytes than are left', written(11), 'INPUT_TRUNCATED'],
    ['an LZF block of more bytes than are left', bytes(0xc3, 11, 20), 'INPUT_TRUNCATED'],
    ['a string of more than the limit', written(4 * GiB + 1), 'LIMIT_EXCEEDED'],
    [
      'an LZF block of more than the limit',
      bytes(0xc3, written(GiB), written(4 * GiB + 1)),
      'LIMIT_EXCEEDED',
    ],
    ['a string of 2^53 bytes', bytes(0x81, bigEndian(2n ** 53n, 8)), 'INPUT_CORRUPT'],
    ['a string of 2^63 bytes', bytes(0x81, bigEndian(2n ** 63n, 8)), 'INPUT_CORRUPT'],
    ['a string of 2^64 - 1 bytes', bytes(0x81, bigEndian(-1, 8)), 'INPUT_CORRUPT'],
    ['an LZF block of 2^63 bytes', bytes(0xc3, 0x81, bigEndian(2n ** 63n, 8), 1), 'INPUT_CORRUPT'],
    ['an LZF block for 2^63 bytes', bytes(0xc3, 9, 0x81, bigEndian(2n ** 63n, 8)), 'INPUT_CORRUPT'],
  ])('%s', (_, header, code) => {
    expect(outcome(scanner(header, header.length, header.length + 10), readStringHeader)).toEqual({
      code,
      offset: BASE + LEAD,
    });
  });

  test('exactly as many bytes as the limit and the input allow', () => {
    const header = written(4 * GiB);
    const seen = outcome(scanner(header, header.length, header.length + 4 * GiB), readStringHeader);
    expect(seen).toMatchObject({ result: true, stored: 4 * GiB });
  });

  test('first bytes that begin no string', () => {
    for (const first of [...Array.from({ length: 62 }, (_, i) => 0x82 + i), 0xc4, 0xc5, 0xff]) {
      const fault = { code: 'INPUT_CORRUPT', offset: BASE + LEAD };
      expect(outcome(scanner(bytes(first, 1, 2, 3)), readStringHeader)).toEqual(fault);
    }
  });

  test('an LZF header that holds no length is named where it stands', () => {
    expect(outcome(scanner(bytes(0xc3, 0x82)), readStringHeader)).toEqual({
      code: 'INPUT_CORRUPT',
      offset: BASE + LEAD + 1,
    });
    expect(outcome(scanner(bytes(0xc3, 5, 0xc0)), readStringHeader)).toEqual({
      code: 'INPUT_CORRUPT',
      offset: BASE + LEAD + 2,
    });
  });
});
