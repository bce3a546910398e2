import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import { crc16, keySlot, SLOTS } from '../../src/codec/crc16.js';
import { anyBytes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';

const RUNS = 500;

/** The definition, bit by bit. */
function bitwise(content: Uint8Array): number {
  let crc = 0;
  for (const byte of content) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}

describe('crc16', () => {
  test('has the check value of XMODEM', () => {
    expect(crc16(latin1Bytes('123456789'))).toBe(0x31c3);
  });

  test('agrees with the definition on any part of any bytes', () => {
    fc.assert(
      fc.property(anyBytes(9), anyBytes(30), anyBytes(9), (before, content, after) => {
        const whole = bytes(before, content, after);
        expect(crc16(content)).toBe(bitwise(content));
        expect(crc16(whole, before.length, before.length + content.length)).toBe(bitwise(content));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('keySlot', () => {
  // As CLUSTER KEYSLOT answers.
  test.each([
    ['foo', 12_182],
    ['bar', 5061],
    ['hello', 866],
    ['', 0],
    ['123456789', 0x31c3 & (SLOTS - 1)],
  ])('of %j is %i', (key, slot) => {
    expect(keySlot(latin1Bytes(key))).toBe(slot);
  });

  test.each([
    ['{foo}', 'foo'],
    ['a{foo}b', 'foo'],
    ['{foo}{bar}', 'foo'],
    ['a{{foo}}b', '{foo'],
    ['}{foo}', 'foo'],
    ['{}foo', '{}foo'],
    ['{}{foo}', '{}{foo}'],
    ['foo{', 'foo{'],
    ['foo}', 'foo}'],
    ['{foo', '{foo'],
    ['{foo}}', 'foo'],
    ['{ }', ' '],
    ['{\0}x', '\0'],
  ])('of %j is that of %j', (key, tag) => {
    expect(keySlot(latin1Bytes(key))).toBe(crc16(latin1Bytes(tag)) % 16_384);
  });

  test('sees nothing outside of its range', () => {
    fc.assert(
      fc.property(anyBytes(12), (key) => {
        const whole = bytes('{x', key, 'y}');
        expect(keySlot(whole, 2, 2 + key.length)).toBe(keySlot(key));
      }),
      { numRuns: RUNS },
    );
  });
});
