import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_INTEGER_DIGITS, parseCanonicalInteger, putInteger } from '../../src/bytes/ascii.js';
import {
  highHalf,
  type Integer,
  lowHalf,
  normalInteger,
  putInt32BE,
  putInt32LE,
  readInt32BE,
  readInt32LE,
  readInt64LE,
  readUint16LE,
  readUint32BE,
  readUint32LE,
  signedInteger,
  unsignedInteger,
} from '../../src/bytes/integer.js';
import { anyBytes, int64, uint64 } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';

const RUNS = 2000;
const MARK = 0xa5;

/** The form an `Integer` must have: a number exactly where that is safe. */
function canonical(value: bigint): Integer {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Both halves as unsigned and as signed 32-bit numbers, which must mean the same. */
function halves(value: bigint): { high: number; low: number }[] {
  return [BigInt.asUintN, BigInt.asIntN].map((as) => ({
    high: Number(as(32, value >> 32n)),
    low: Number(as(32, value)),
  }));
}

function written(value: Integer): string {
  const target = new Uint8Array(40).fill(MARK);
  const end = putInteger(target, 7, value);
  expect(end - 7).toBeLessThanOrEqual(MAX_INTEGER_DIGITS);
  expect(target.subarray(0, 7).every((byte) => byte === MARK)).toBe(true);
  expect(target.subarray(end).every((byte) => byte === MARK)).toBe(true);
  return Buffer.from(target.subarray(7, end)).toString('latin1');
}

function parsed(text: string, before = '', after = ''): Integer | undefined {
  const whole = bytes(before, text, after);
  return parseCanonicalInteger(whole, before.length, before.length + text.length);
}

describe('integers of 64 bits', () => {
  test('signedInteger and unsignedInteger join halves', () => {
    fc.assert(
      fc.property(int64, (value) => {
        for (const { high, low } of halves(value)) {
          expect(signedInteger(high, low)).toBe(canonical(value));
          expect(unsignedInteger(high, low)).toBe(canonical(BigInt.asUintN(64, value)));
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('lowHalf and highHalf take them apart, number or bigint', () => {
    fc.assert(
      fc.property(fc.oneof(int64, uint64), (value) => {
        const expected = [Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value))];
        for (const form of [value, canonical(value)]) {
          expect([highHalf(form), lowHalf(form)]).toEqual(expected);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('normalInteger gives a number where none of it is lost', () => {
    fc.assert(
      fc.property(fc.oneof(int64, uint64), (value) => {
        expect(normalInteger(value)).toBe(canonical(value));
      }),
      { numRuns: RUNS },
    );
  });

  test('the readers see what a DataView sees', () => {
    fc.assert(
      fc.property(anyBytes(8, 8), fc.integer({ min: 0, max: 5 }), (content, at) => {
        const whole = bytes(new Uint8Array(at).fill(MARK), content, MARK);
        const view = new DataView(content.buffer, content.byteOffset);
        expect(readInt32LE(whole, at)).toBe(view.getInt32(0, true));
        expect(readInt32BE(whole, at)).toBe(view.getInt32(0));
        expect(readUint32LE(whole, at)).toBe(view.getUint32(0, true));
        expect(readUint32BE(whole, at)).toBe(view.getUint32(0));
        expect(readUint16LE(whole, at)).toBe(view.getUint16(0, true));
        expect(readInt64LE(whole, at)).toBe(canonical(view.getBigInt64(0, true)));
      }),
      { numRuns: RUNS },
    );
  });

  test('the writers write what the readers read, signed or not, and nothing beside', () => {
    fc.assert(
      fc.property(fc.integer({ min: -0x8000_0000, max: 0xffff_ffff }), (value) => {
        for (const [put, read] of [
          [putInt32LE, readInt32LE],
          [putInt32BE, readInt32BE],
        ] as const) {
          const target = new Uint8Array(6).fill(MARK);
          put(target, 1, value);
          expect(read(target, 1)).toBe(value | 0);
          expect([target[0], target[5]]).toEqual([MARK, MARK]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('decimal integers', () => {
  test('putInteger writes what String gives', () => {
    fc.assert(
      fc.property(fc.oneof(int64, uint64), (value) => {
        expect(written(value)).toBe(String(value));
        expect(written(canonical(value))).toBe(String(value));
      }),
      { numRuns: RUNS },
    );
  });

  test('putInteger writes every number of digits', () => {
    for (let power = 1; power <= Number.MAX_SAFE_INTEGER; power *= 10) {
      for (const value of [power - 1, power, power + 1]) {
        expect(written(value)).toBe(String(value));
        expect(written(-value)).toBe(value === 0 ? '0' : `-${value}`);
      }
    }
  });

  test('parseCanonicalInteger reads back every 64-bit integer, whatever stands around it', () => {
    fc.assert(
      fc.property(
        int64,
        fc.constantFrom('', '-', '1', 'x'),
        fc.constantFrom('', '0', '.'),
        (value, before, after) => {
          expect(parsed(String(value), before, after)).toBe(canonical(value));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('parseCanonicalInteger takes nothing else', () => {
    const digitsLike = fc.string({ unit: fc.constantFrom(...'0123456789-+. e'), maxLength: 22 });
    const nearly = fc.tuple(
      int64,
      fc.constantFrom('', '-', '+', '0', ' '),
      fc.constantFrom('', '0', ' ', '.0', 'n'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          digitsLike,
          nearly.map(([value, a, b]) => `${a}${value}${b}`),
        ),
        (text) => {
          const isCanonical =
            /^(?:0|-?[1-9]\d*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
          expect(parsed(text)).toBe(isCanonical ? canonical(BigInt(text)) : undefined);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9223372036854775808', undefined],
    ['-9223372036854775809', undefined],
    ['18446744073709551615', undefined],
    ['-0', undefined],
    ['+1', undefined],
    ['01', undefined],
    [' 1', undefined],
    ['', undefined],
    ['-', undefined],
  ])('parseCanonicalInteger of "%s"', (text, expected) => {
    expect(parsed(text)).toBe(expected);
  });
});
