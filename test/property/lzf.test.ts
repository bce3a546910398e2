import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_EXPANSION } from '../../src/codec/lzf.js';
import { anyBytes, chunkSizes, damage, damaged, noise, repetitiveBytes } from '../support/arbitraries.js';
import { bytes, hex } from '../support/bytes.js';
import { expectAgreement, meaning, text } from '../support/lzf.js';
import { lzfBlock } from '../support/lzf-block.js';

const RUNS = 400;

const content = fc.oneof(anyBytes(600), repetitiveBytes(20));

const literal = anyBytes(32, 1);
/** `reach` says how far back: to the first byte, one too far, or as far as the number. */
const reference = fc.record({
  length: fc.integer({ min: 3, max: 264 }),
  reach: fc.oneof(
    fc.constantFrom('first', 'too far'),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 8192 }),
  ),
});

/** Well-formed items; most references reach bytes that are there. */
const items = fc.array(fc.oneof(literal, literal, reference), { maxLength: 30 }).map((parts) => {
  let size = 0;
  return bytes(
    ...parts.map((part) => {
      const before = size;
      size += part.length;
      if (part instanceof Uint8Array) return bytes(part.length - 1, part);
      const wanted = part.reach === 'first' ? before : part.reach === 'too far' ? before + 1 : part.reach;
      const distance = Math.max(0, Math.min(8192, wanted as number) - 1);
      const [high, low] = [distance >> 8, distance & 0xff];
      return part.length < 9
        ? bytes(((part.length - 2) << 5) | high, low)
        : bytes(0xe0 | high, part.length - 9, low);
    }),
  );
});
const compressed = content.map((plain) => lzfBlock(plain) ?? bytes());
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
        const block = lzfBlock(plain);
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
        const part = lzfBlock(whole, before.length, before.length + plain.length);
        expect(part).toEqual(lzfBlock(plain));
      }),
      { numRuns: RUNS },
    );
  });

  test.each([100, 8190, 8191, 8192, 8193, 8194, 9000])(
    'repetitions at a distance of %i bytes',
    (distance) => {
      const plain = bytes(noise(distance), noise(500));
      const block = lzfBlock(plain);
      // A reference reaches 8192 bytes back, and at least three bytes must be the same.
      expect(block !== undefined).toBe(distance <= 8192);
      if (block !== undefined) expectAgreement(block, plain.length);
      expect(lzfBlock(noise(distance))).toBeUndefined();
    },
  );

  test.each([
    ['a literal run of one byte less', '0161'],
    ['a literal run without bytes', '0061 00'],
    ['a reference before the first byte', '2000'],
    ['a reference one byte too far', '0061 2001'],
    ['a long reference one byte too far', '0061 E00001'],
    ['a reference one byte too far, behind others', '016162 2001 2005'],
    ['half a reference', '0061 20'],
    ['a third of a long reference', '0061 E0'],
    ['two thirds of a long reference', '0061 E000'],
  ])('no decoder takes %s', (_, block) => {
    expect(meaning(hex(block))).toBeUndefined();
    for (let size = 0; size < 20; size++) expectAgreement(hex(block), size);
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
