import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import { printable, unquote } from '../../src/bytes/escape.js';
import { anyBytes } from '../support/arbitraries.js';

const RUNS = 1000;

describe('printable', () => {
  test.each([
    ['', '""'],
    ['user:1', '"user:1"'],
    ['a "b" \\c', '"a \\"b\\" \\\\c"'],
    ['\x07\b\t\n\r', '"\\a\\b\\t\\n\\r"'],
    ['\0\x1b\x7f\x80\xff', '"\\x00\\x1b\\x7f\\x80\\xff"'],
    [' ~', '" ~"'],
  ])('writes %j as redis-cli does', (text, expected) => {
    expect(printable(latin1Bytes(text))).toBe(expected);
  });

  test('gives ASCII that a terminal shows as it is', () => {
    fc.assert(
      fc.property(anyBytes(60), (bytes) => {
        expect(printable(bytes)).toMatch(/^"[ -~]*"$/);
      }),
      { numRuns: RUNS },
    );
  });

  test('cuts what is too long, and says so', () => {
    expect(printable(latin1Bytes('abcd'), 4)).toBe('"abcd"');
    expect(printable(latin1Bytes('abcde'), 4)).toBe('"abcd"…');
    expect(printable(latin1Bytes('x'.repeat(121)))).toBe(`"${'x'.repeat(120)}"…`);
  });
});

describe('unquote', () => {
  test('reads back every string that printable wrote', () => {
    fc.assert(
      fc.property(anyBytes(60), (bytes) => {
        expect(unquote(printable(bytes))).toEqual(bytes);
      }),
      { numRuns: RUNS },
    );
  });

  test.each([
    ['"\\x4G"', 'x4G'],
    ['"\\x"', 'x'],
    ['"\\xfF"', '\xff'],
    ['"\\q\\\'"', "q'"],
    ['"\xe9\x00\n"', '\xe9\0\n'],
  ])('%j, which printable never writes', (quoted, expected) => {
    expect(unquote(quoted)).toEqual(latin1Bytes(expected));
  });

  test.each(['', '"', 'abc', '"abc', 'abc"', '"a"b"', '"abc\\"', '"a" ', "'abc'"])(
    '%j is no quoted string',
    (text) => {
      expect(unquote(text)).toBeUndefined();
    },
  );

  test('a string of many megabytes', () => {
    const bytes = new Uint8Array(9_000_000).fill(0x61);
    expect(unquote(printable(bytes, bytes.length))?.length).toBe(bytes.length);
  });
});
