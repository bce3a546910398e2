import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  doubleText,
  isDecimalNumber,
  latin1Bytes,
  latin1Text,
  parseDouble,
  putAscii,
  utf8Bytes,
} from '../../src/bytes/ascii.js';
import { anyBytes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';

const RUNS = 2000;
const DECIMAL = /^[+-]?(?:inf|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/** A text between others, which must not be looked at. */
function between(text: string): [Uint8Array, number, number] {
  return [bytes('-1', text, '5e'), 2, 2 + text.length];
}

const numberLike = fc.string({ unit: fc.constantFrom(...'0012345678999+-..eEiInNfFaA x'), maxLength: 9 });
const decimal = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.constantFrom('0', '7', '10', '007', '.5', '3.', '12.25', '123456789012345678901234'),
    fc.constantFrom('', 'e0', 'E5', 'e+21', 'e-300', 'e999', 'e-999'),
  )
  .map((parts) => parts.join(''));
const spelt = fc.constantFrom(
  'inf',
  '-inf',
  '+inf',
  'INF',
  '-Inf',
  'nan',
  'NaN',
  '-nan',
  'infinity',
  '-',
  '.',
  'e5',
);

describe('decimal numbers', () => {
  test('isDecimalNumber takes decimals and infinities, nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(numberLike, decimal, spelt), (text) => {
        expect(isDecimalNumber(...between(text))).toBe(DECIMAL.test(text));
      }),
      { numRuns: RUNS },
    );
  });

  test('parseDouble reads what Number reads, infinities, and NaN for anything else', () => {
    fc.assert(
      fc.property(fc.oneof(numberLike, decimal, spelt), (text) => {
        const infinity = /^([+-]?)inf$/i.exec(text);
        const expected =
          infinity === null ? Number(DECIMAL.test(text) ? text : 'NaN') : Number(`${infinity[1]}Infinity`);
        expect(parseDouble(...between(text))).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });

  test('parseDouble reads back every double that doubleText wrote', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const text = doubleText(value);
        expect(parseDouble(...between(text))).toBe(value);
        if (!Number.isNaN(value)) expect(isDecimalNumber(...between(text))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [Number.NaN, 'nan'],
    [-0, '-0'],
    [0, '0'],
    [0.1, '0.1'],
    [-1.5, '-1.5'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
  ])('doubleText of %d is %s', (value, text) => {
    expect(doubleText(value)).toBe(text);
  });
});

describe('characters that are bytes', () => {
  test('latin1Text and latin1Bytes keep every byte', () => {
    fc.assert(
      fc.property(anyBytes(200), fc.nat(200), fc.nat(200), (content, a, b) => {
        const text = Buffer.from(content).toString('latin1');
        const [start, end] = [Math.min(a, b, content.length), Math.min(Math.max(a, b), content.length)];
        expect(latin1Text(content)).toBe(text);
        expect(latin1Text(content, start, end)).toBe(text.slice(start, end));
        expect(latin1Bytes(text)).toEqual(content);
      }),
      { numRuns: RUNS / 10 },
    );
  });

  // 8192 bytes is what latin1Text turns at once.
  test.each([8191, 8192, 8193, 300_000])('latin1Text of %i bytes', (size) => {
    const content = Uint8Array.from({ length: size }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
    expect(latin1Text(content)).toBe(Buffer.from(content).toString('latin1'));
    expect(latin1Text(content, 1, size - 1)).toBe(Buffer.from(content).toString('latin1', 1, size - 1));
  });

  test('putAscii writes ASCII text in place', () => {
    const target = new Uint8Array(6).fill(0x2e);
    expect(putAscii(target, 1, 'abc')).toBe(4);
    expect(latin1Text(target)).toBe('.abc..');
  });

  test('utf8Bytes writes UTF-8', () => {
    expect(utf8Bytes('a\u00e9\u20ac\u{1f600}')).toEqual(
      bytes(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80),
    );
  });
});
