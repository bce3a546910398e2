import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { commandEnd } from '../../src/resp/command.js';
import { anyBytes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';

const RUNS = 500;

function framed(parts: readonly Uint8Array[]): Uint8Array {
  return bytes(`*${parts.length}\r\n`, ...parts.map((part) => [`$${part.length}\r\n`, part, '\r\n']));
}

/** The end of the command that begins at `start`, or code and offset of the error. */
function endOf(input: Uint8Array, start = 0, end = input.length): unknown {
  try {
    return commandEnd(input, start, end);
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    return [thrown.code, thrown.offset];
  }
}

const command = fc
  .array(fc.oneof(anyBytes(12), fc.constant(bytes('\r\n$1\r\n*'))), { maxLength: 6 })
  .map(framed);

describe('commandEnd', () => {
  test('finds the end of a command between others; no part of one has an end', () => {
    fc.assert(
      fc.property(command, anyBytes(20), anyBytes(20), (one, before, after) => {
        const input = bytes(before, one, after);
        const end = before.length + one.length;
        expect(endOf(input, before.length)).toBe(end);
        for (let cut = before.length; cut < end; cut++) expect(endOf(input, before.length, cut)).toBe(-1);
      }),
      { numRuns: RUNS },
    );
  });

  test('any bytes have an end inside of them, none yet, or are INPUT_CORRUPT', () => {
    const likely = fc.array(fc.constantFrom('*', '$', '1', '2', '0', '\r\n', 'ab', '-', '\n'), {
      maxLength: 14,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          likely.map((parts) => bytes(...parts)),
          anyBytes(60),
        ),
        (input) => {
          const end = endOf(input);
          if (typeof end === 'number') expect(end === -1 || (end > 3 && end <= input.length)).toBe(true);
          else expect((end as unknown[])[0]).toBe('INPUT_CORRUPT');
        },
      ),
      { numRuns: 4 * RUNS },
    );
  });

  test.each([
    ['PING\r\n', 0],
    ['+OK\r\n', 0],
    ['*\r\n', 0],
    ['*1\n', 0],
    ['*-1\r\n', 1],
    ['*1x\r\n', 2],
    ['* 1\r\n', 1],
    ['*1\r\n*1\r\n', 4],
    ['*1\r\n$-1\r\n', 5],
    ['*1\r\n$1\r\nab\r\n', 9],
    ['*1\r\n$1\r\na\n\r', 9],
    ['*99999999999999999\r\n', 0],
    ['*1\r\n$99999999999999999\r\n', 4],
    ['*1\r\n$2\r\na\r\n*1\r\n', 10],
    [`*${'0'.repeat(40)}1\r\n`, 0],
  ])('%j is no command, as can be seen at byte %i', (text, offset) => {
    expect(endOf(bytes('..', text), 2)).toEqual(['INPUT_CORRUPT', offset + 2]);
  });

  test('bytes that never end a line are refused after the longest header', () => {
    expect(endOf(bytes('x'.repeat(31)))).toBe(-1);
    expect(endOf(bytes('x'.repeat(32)))).toEqual(['INPUT_CORRUPT', 0]);
  });

  test('a declared length is believed, however large, and nothing is read for it', () => {
    expect(endOf(bytes('*1\r\n$9007199254740991\r\nabc'))).toBe(-1);
    expect(endOf(bytes('*9007199254740991\r\n$1\r\na\r\n'))).toBe(-1);
  });
});
