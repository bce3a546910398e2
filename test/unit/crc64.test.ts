import { describe, expect, test } from 'vitest';
import { Crc64, Crc64Seals } from '../../src/codec/crc64.js';

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

describe('Crc64Seals', () => {
  const bytes = pseudoRandom(3_000_000);

  /** Runs one behind the other with some bytes between them, sealed; what their checksums should be, and are. */
  function sealed(sizes: readonly number[], gap = 3): { expected: bigint[]; found: bigint[]; rest: boolean } {
    const seals = new Crc64Seals();
    const memory = bytes.slice();
    const expected: bigint[] = [];
    const places: number[] = [];
    const wanted = bytes.slice();
    const view = new DataView(memory.buffer);
    let at = 5;
    for (const size of sizes) {
      expect(seals.hasRoom).toBe(true);
      seals.add(at, size);
      const crc = new Crc64();
      crc.update(bytes, at, at + size);
      expected.push(numberOf(crc));
      new DataView(wanted.buffer).setBigUint64(at + size, numberOf(crc), true);
      places.push(at + size);
      at += size + 8 + gap;
    }
    seals.seal(memory);
    expect(seals.count).toBe(0);
    const found = places.map((place) => view.getBigUint64(place, true));
    return { expected, found, rest: Buffer.compare(memory, wanted) === 0 };
  }

  test.each([
    ['none', []],
    ['one', [100]],
    ['two of which one is empty', [0, 100]],
    ['one of every size to 70, up and down', Array.from({ length: 141 }, (_, i) => Math.abs(70 - i))],
    ['more than the kernel takes at once', [300_000, 64, 500_000, 65_536, 500_000, 7, 524_288, 1, 300_000]],
    ['as many as may wait', Array.from({ length: 8192 }, (_, i) => (i * 37) % 331)],
  ])('of %s', (_, sizes) => {
    const { expected, found, rest } = sealed(sizes);
    expect(found).toEqual(expected);
    expect(rest).toBe(true);
  });

  test('has room for 8192 runs', () => {
    const seals = new Crc64Seals();
    for (let i = 0; i < 8192; i++) {
      expect(seals.hasRoom).toBe(true);
      seals.add(16 * i, 8);
    }
    expect(seals.hasRoom).toBe(false);
  });
});
