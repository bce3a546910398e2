import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lzfCompress, MAX_EXPANSION } from '../../src/codec/lzf.js';
import { anyBytes, chunkSizes, damage, damaged, repetitiveBytes } from '../support/arbitraries.js';
import { bytes, hex } from '../support/bytes.js';
import { expectAgreement, meaning, text } from '../support/lzf.js';

const RUNS = 400;

const content = fc.oneof(anyBytes(600), repetitiveBytes(20));

const literal = anyBytes(32, 1).map((run) => bytes(run.length - 1, run));
const reference = fc
  .tuple(
    fc.integer({ min: 3, max: 264 }),
    fc.oneof(fc.integer({ max: 12, min: 1 }), fc.integer({ min: 1, max: 8192 })),
  )
  .map(([length, distance]) => {
    const [high, low] = [(distance - 1) >> 8, (distance - 1) & 0xff];
    return length < 9 ? bytes(((length - 2) << 5) | high, low) : bytes(0xe0 | high, length - 9, low);
  });
/** Well-formed items; some reach back too far. */
const items = fc.array(fc.oneof(literal, reference), { maxLength: 30 }).map((parts) => bytes(...parts));
const compressed = content.map((plain) => lzfCompress(plain) ?? bytes());
const anyBlock = fc.oneof(
  anyBytes(80),
  items,
  compressed,
  fc.tuple(compressed, damage).map((both) => damaged(...both)),
);

describe('LZF', () => {
  test('reads the block that a server writes for 100 times "a"', () => {
    expectAgreement(hex('016161 E05700 016161'), 100);
    expect(meaning(hex('016161 E05700 016161'))).toEqual(bytes('a'.repeat(100)));
  });

  test('what is compressed comes back, and is at least four bytes shorter', () => {
    fc.assert(
      fc.property(content, chunkSizes, chunkSizes, (plain, pieces, rooms) => {
        const block = lzfCompress(plain);
        if (block === undefined) return;
        expect(block.length).toBeLessThanOrEqual(plain.length - 4);
        expect(text(meaning(block))).toBe(text(plain));
        expectAgreement(block, plain.length, pieces, rooms);
      }),
      { numRuns: RUNS },
    );
  });

  test('compresses a part of the input as it would the part alone', () => {
    fc.assert(
      fc.property(content, content, content, (before, plain, after) => {
        const whole = bytes(before, plain, after);
        const part = lzfCompress(whole, before.length, before.length + plain.length);
        expect(part).toEqual(lzfCompress(plain));
      }),
      { numRuns: RUNS },
    );
  });

  test('makes use of repetitions as far away as 8192 bytes', () => {
    const noise = Uint8Array.from({ length: 8192 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
    const block = lzfCompress(bytes(noise, noise)) as Uint8Array;
    expect(block.length).toBeLessThan(8192 * 1.1);
    expectAgreement(block, 16_384);
  });

  test('all decoders agree on any block and any size', () => {
    fc.assert(
      fc.property(
        anyBlock,
        fc.integer({ min: -2, max: 2 }),
        chunkSizes,
        chunkSizes,
        (block, beside, pieces, rooms) => {
          const size = meaning(block)?.length ?? 3 * block.length;
          expectAgreement(block, size, pieces, rooms);
          expectAgreement(block, Math.max(0, size + beside), pieces, rooms);
        },
      ),
      { numRuns: 2 * RUNS },
    );
  });

  test('no block stands for more than 88 bytes a byte, or for less than half of one', () => {
    fc.assert(
      fc.property(items, (block) => {
        const size = meaning(block)?.length ?? block.length;
        expect(size).toBeLessThanOrEqual(MAX_EXPANSION * block.length);
        expect(2 * size).toBeGreaterThanOrEqual(block.length);
      }),
      { numRuns: RUNS },
    );
  });
});
