import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fingerprint } from '../../src/codec/fingerprint.js';
import { anyBytes } from '../support/arbitraries.js';
import { bytes, hex } from '../support/bytes.js';

const RUNS = 500;

/** The key bytes 00 to 07 as two words, twice. */
const COUNTING = Int32Array.of(0x03020100, 0x07060504, 0x03020100, 0x07060504);

function wordsOf(
  key: Int32Array,
  salt: number,
  content: Uint8Array,
  start = 0,
  end = content.length,
): number[] {
  const fingerprint = new Fingerprint(key);
  fingerprint.of(salt, content, start, end);
  return [...fingerprint.words];
}

describe('Fingerprint', () => {
  // HalfSipHash-2-4 with 64 bits of output, of the bytes 00, 01, 02 … under the key 00 to 07:
  // test vectors of the authors' reference implementation.
  test.each([
    [0, '218d1f59b9b83cc8'],
    [1, 'be552412f8387315'],
    [2, '064f39ef7c50eb57'],
    [3, 'ce0f1a45f7060679'],
    [4, 'd5e78a175be52ea1'],
    [5, 'cb9d7c3f2f3db580'],
    [7, 'ff202728b07bc684'],
    [8, 'edfee820bce4858c'],
    [15, '217d0bcb4e81c902'],
    [16, '7336aad25f7bf3b5'],
    [63, '2ea63c71bf326087'],
  ])('is HalfSipHash-2-4 on %i bytes', (size, expected) => {
    const words = wordsOf(
      COUNTING,
      0,
      Uint8Array.from({ length: size }, (_, i) => i),
    );
    const half = new Int32Array(hex(expected).buffer);
    expect(words).toEqual([...half, ...half]);
  });

  test('the second half uses the second half of the key', () => {
    const [a, b, c, d] = [1, -2, 3, -4];
    const content = bytes('key');
    const [first, second] = [
      wordsOf(Int32Array.of(a, b, a, b), 0, content),
      wordsOf(Int32Array.of(c, d, c, d), 0, content),
    ];
    expect(wordsOf(Int32Array.of(a, b, c, d), 0, content)).toEqual([
      ...first.slice(0, 2),
      ...second.slice(0, 2),
    ]);
  });

  test('depends on every bit of the bytes, on their number and on the salt, in every word', () => {
    const content = bytes('sixteen bytes and a few');
    const seen = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()];
    let count = 0;
    const add = (salt: number, of: Uint8Array) => {
      count++;
      for (const [i, word] of wordsOf(COUNTING, salt, of).entries()) seen[i]?.add(word);
    };
    add(0, content);
    for (let bit = 0; bit < 8 * content.length; bit++) {
      add(
        0,
        content.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      );
    }
    for (let size = 0; size < content.length; size++) add(0, content.subarray(0, size));
    for (let zeros = 1; zeros < 9; zeros++) add(0, bytes(content, new Uint8Array(zeros)));
    for (let bit = 0; bit < 32; bit++) add(1 << bit, content);
    expect(seen.map((words) => words.size)).toEqual([count, count, count, count]);
  });

  test('does not depend on where the bytes stand, or on what was asked before', () => {
    const shared = new Fingerprint(COUNTING);
    fc.assert(
      fc.property(anyBytes(7), anyBytes(40), anyBytes(7), fc.nat(16), (before, content, after, salt) => {
        const whole = bytes(before, content, after);
        shared.of(salt, whole, before.length, before.length + content.length);
        expect([...shared.words]).toEqual(wordsOf(COUNTING, salt, content));
      }),
      { numRuns: RUNS },
    );
  });
});
