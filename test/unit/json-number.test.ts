import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doubleText, latin1Bytes, latin1Text, parseDouble } from '../../src/bytes/ascii.js';
import { parseScore, ScoreWriter } from '../../src/sinks/json-number.js';
import { OutputBuffer } from '../../src/sinks/output-buffer.js';
import { int64 } from '../support/arbitraries.js';
import { MemoryOutput } from '../support/memory-output.js';

const writer = new ScoreWriter();

function numberText(value: number): string {
  const target = new Uint8Array(40);
  const end = writer.putNumber(target, 3, value);
  return latin1Text(target, 3, end);
}

function written(write: (out: OutputBuffer) => void): string {
  const output = new MemoryOutput();
  const out = new OutputBuffer(output);
  write(out);
  out.flush();
  return Buffer.from(output.bytes).toString();
}

const view = new DataView(new ArrayBuffer(8));

/** A double next to another, some steps away. */
function beside(value: number, steps: number): number {
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(steps));
  return view.getFloat64(0);
}

/** Doubles as scores are: of few decimals, and of any; beside those; of any exponent; of any bits. */
const anyDouble = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc
    .tuple(
      fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
      fc.nat({ max: 12 }),
      fc.integer({ min: -3, max: 3 }),
    )
    .map(([units, decimals, steps]) => (units === 0 ? 0 : beside(units / 10 ** decimals, steps))),
  fc
    .tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -9, max: 18 }))
    .map(([digits, exponent]) => digits * 10 ** exponent),
  fc
    .tuple(fc.integer({ min: -30, max: 60 }), fc.integer({ min: -2, max: 2 }))
    .map(([exponent, steps]) => beside(2 ** exponent, steps)),
  fc.double({ min: 0, max: 1000, noNaN: true }),
);

describe('doubles', () => {
  test('are written as String writes them', () => {
    fc.assert(
      fc.property(anyDouble, (value) => {
        expect(numberText(value)).toBe(doubleText(value));
        expect(numberText(-value)).toBe(doubleText(-value));
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    0,
    -0,
    1e-6,
    Number('9.999999999999999e-7'),
    0.1,
    0.01,
    0.001,
    0.0001,
    0.00001,
    0.3,
    0.1 + 0.2,
    9.999999999999998,
    99.99999999999999,
    0.9999999999999999,
    999_999_999_999_999.9,
    1e15,
    1e21,
    5e-324,
    1.7976931348623157e308,
    2 ** 53,
    2 ** 53 + 2,
    -1.5,
  ])('%d', (value) => {
    expect(numberText(value)).toBe(doubleText(value));
    expect(Object.is(JSON.parse(numberText(value)), value)).toBe(true);
  });

  test('that are none are strings', () => {
    expect(written((out) => writer.put(out, Infinity))).toBe('"inf"');
    expect(written((out) => writer.put(out, -Infinity))).toBe('"-inf"');
    expect(written((out) => writer.put(out, Number.NaN))).toBe('"nan"');
  });
});

describe('integers as scores', () => {
  test('are the double next to them', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const text = written((out) =>
          writer.putInteger(out, Number(value >> 32n), Number(BigInt.asIntN(32, value))),
        );
        expect(text).toBe(String(Number(value)));
      }),
    );
  });
});

describe('texts of scores', () => {
  const decimals = fc.oneof(
    anyDouble.map((value) => value.toPrecision(17)),
    anyDouble.map(String),
    fc.tuple(anyDouble, fc.integer({ min: 1, max: 21 })).map(([value, digits]) => value.toPrecision(digits)),
    fc
      .tuple(
        fc.constantFrom('', '-', '+'),
        fc.stringMatching(/^\d{0,12}$/),
        fc.stringMatching(/^(\.\d{0,25})?$/),
      )
      .map((parts) => parts.join('')),
    fc.constantFrom(
      'inf',
      '-inf',
      'nan',
      '',
      '-',
      '.',
      '1e5',
      '1.5E-3',
      '00012.50',
      '1..2',
      '1-',
      '0x10',
      ' 1',
      '-0',
    ),
    fc.string({ maxLength: 6 }),
  );

  test('are read as parseDouble reads them', () => {
    fc.assert(
      fc.property(decimals, (text) => {
        const input = latin1Bytes(`<${text}>`);
        const value = parseScore(input, 1, input.length - 1);
        expect(Object.is(value, parseDouble(input, 1, input.length - 1)), text).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test('are written as the shortest text of their double', () => {
    const text = (score: string) =>
      written((out) => writer.putText(out, latin1Bytes(score), 0, score.length));
    expect(text('3.1400000000000001')).toBe('3.14');
    expect(text('470.40370872355351')).toBe('470.4037087235535');
    expect(text('-0')).toBe('-0');
    expect(text('1e3')).toBe('1000');
    expect(text('-inf')).toBe('"-inf"');
  });
});
