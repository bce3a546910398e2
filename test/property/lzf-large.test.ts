import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { damage, damaged } from '../support/arbitraries.js';
import { bytes, hex } from '../support/bytes.js';
import { expectAgreement, inflated, text } from '../support/lzf.js';
import { lzfBlock } from '../support/lzf-block.js';

const RUNS = 8;
const MiB = 1024 * 1024;

describe('LZF blocks of a megabyte', () => {
  /** As a server would not write it: runs of one literal each, twice the size of the content. */
  const spread = (plain: Uint8Array) =>
    Uint8Array.from({ length: 2 * plain.length }, (_, i) => (i & 1 ? plain[i >> 1] : 0) as number);

  test.each([MiB - 1, MiB, MiB + 1, MiB + 90_000])('%i bytes of output', (size) => {
    const plain = Uint8Array.from({ length: size }, (_, i) => (i % 251) ^ (i >> 12));
    const block = lzfBlock(plain) as Uint8Array;
    expect(text(inflated(block, size))).toBe(text(plain));
    expect(inflated(block, size - 1)).toBeUndefined();
    expect(inflated(block, size + 1)).toBeUndefined();
  });

  test.each([MiB / 8 - 1, MiB / 8, MiB / 8 + 1, MiB / 8 + 5000])(
    '%i literals in twice as many bytes of input',
    (size) => {
      const plain = Uint8Array.from({ length: size }, (_, i) => i % 249);
      expect(text(inflated(spread(plain), size))).toBe(text(plain));
      expect(inflated(spread(plain).subarray(0, -1), size)).toBeUndefined();
    },
  );

  test('all decoders agree on damaged ones, too', () => {
    const plain = Uint8Array.from({ length: MiB + 1000 }, (_, i) => (i % 241) ^ (i >> 11));
    const block = lzfBlock(plain) as Uint8Array;
    fc.assert(
      fc.property(damage, (change) => {
        expectAgreement(damaged(block, change), plain.length, [100_000], [70_000]);
      }),
      { numRuns: RUNS },
    );
  });

  test('an inflater takes large and small blocks in turn', () => {
    const small = hex('016161 E05700 016161');
    const large = spread(new Uint8Array(MiB / 8 + 1).fill(0x62));
    expect(inflated(small, 100)).toEqual(bytes('a'.repeat(100)));
    expect(text(inflated(large, MiB / 8 + 1))).toBe('b'.repeat(MiB / 8 + 1));
    expect(inflated(small, 100)).toEqual(bytes('a'.repeat(100)));
  });
});
