import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lzfDecompress, lzfIsValid } from '../../src/codec/lzf.js';
import { LzfCompressor } from '../../src/codec/lzf-compress.js';
import { anyBytes, noise, repetitiveBytes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { toHex } from '../support/read.js';

const content = fc.oneof(anyBytes(600), repetitiveBytes(20));

/** Compresses what stands in the middle of other bytes, and holds it against what comes back. */
function expectRoundTrip(lzf: LzfCompressor, plain: Uint8Array, before = 0): number {
  const input = bytes(new Uint8Array(before).fill(7), plain, new Uint8Array(9).fill(7));
  const size = lzf.compress(input, before, before + plain.length);
  if (size === 0) return 0;
  expect(size).toBeLessThanOrEqual(plain.length - 4);
  expect(lzfIsValid(lzf.bytes, 0, size, plain.length)).toBe(true);
  const back = lzfDecompress(lzf.bytes, 0, size, plain.length) as Uint8Array;
  expect(Buffer.compare(back, plain)).toBe(0);
  return size;
}

function blockOf(lzf: LzfCompressor, plain: Uint8Array): string {
  const size = lzf.compress(plain, 0, plain.length);
  return toHex(lzf.bytes.subarray(0, size));
}

test('what is compressed comes back, one input after another', () => {
  const lzf = new LzfCompressor();
  fc.assert(
    fc.property(content, fc.nat(40), (plain, before) => {
      expectRoundTrip(lzf, plain, before);
      // What an input before has left in the table changes nothing.
      expect(blockOf(lzf, plain)).toBe(blockOf(new LzfCompressor(), plain));
    }),
    { numRuns: 400 },
  );
});

test('finds what repeats, near and far, and gives up on noise', () => {
  const lzf = new LzfCompressor();
  expect(expectRoundTrip(lzf, new Uint8Array(100).fill(0x61))).toBeLessThan(12);
  expect(expectRoundTrip(lzf, new Uint8Array(1_000_000).fill(0x61))).toBeLessThan(13_000);
  const piece = noise(4000);
  expect(expectRoundTrip(lzf, bytes(piece, piece))).toBeLessThan(4300);
  expect(expectRoundTrip(lzf, bytes(piece, noise(300_000), piece))).toBe(0);
  expect(expectRoundTrip(lzf, noise(100_000))).toBe(0);
  for (const size of [0, 1, 2, 3, 4, 5]) expect(expectRoundTrip(lzf, new Uint8Array(size))).toBe(0);
});

test('starts its count of positions anew', () => {
  const lzf = new LzfCompressor();
  const plain = new Uint8Array(30 * 1024 * 1024).fill(0x61);
  for (let i = 0; i < 10; i++) lzf.compress(plain, 0, plain.length);
  expectRoundTrip(lzf, bytes('abc'.repeat(30), noise(50), 'abc'.repeat(30)));
});
