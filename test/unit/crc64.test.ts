import { describe, expect, test } from 'vitest';
import { Crc64 } from '../../src/codec/crc64.js';

const POLYNOMIAL = 0x95ac9329ac4bc9b5n;

/** The definition, bit by bit. */
function bitwise(bytes: Uint8Array, start = 0n): bigint {
  let crc = start;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
  }
  return crc;
}

function numberOf({ high, low }: Crc64): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function pseudoRandom(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    return state >>> 16;
  });
}

describe('Crc64', () => {
  test('has the check value of Redis', () => {
    const crc = new Crc64();
    crc.update(new TextEncoder().encode('123456789'));
    expect(numberOf(crc).toString(16)).toBe('e9c6d914c4b8d9ca');
  });

  // 55488 bytes is where folding begins, 1 MiB what the kernel takes at once.
  test.each([0, 1, 7, 15, 16, 17, 63, 64, 55_487, 55_488, 55_489, 55_503, 70_001, 200_000])(
    'agrees with the definition on %i bytes',
    (size) => {
      const bytes = pseudoRandom(size);
      const crc = new Crc64();
      crc.update(bytes);
      expect(numberOf(crc)).toBe(bitwise(bytes));
    },
  );

  test('goes on where it stopped, whatever the cuts', () => {
    const bytes = pseudoRandom(3_000_000);
    const whole = new Crc64();
    whole.update(bytes);
    const cut = new Crc64();
    for (const [start, end] of [
      [0, 1],
      [1, 60_000],
      [60_000, 1_500_003],
      [1_500_003, 3_000_000],
    ] as const)
      cut.update(bytes, start, end);
    expect(numberOf(cut)).toBe(numberOf(whole));
  });
});
