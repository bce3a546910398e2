import { describe, expect, test } from 'vitest';
import type { Magic } from '../../src/rdb/magic.js';
import { keyEvidence } from '../../src/rdb/salvage/evidence.js';
import { FileView, type RandomAccess } from '../../src/rdb/salvage/file-view.js';
import { magicOfVersion, readHeader } from '../../src/rdb/salvage/header.js';
import { SalvagePlanner } from '../../src/rdb/salvage/planner.js';
import { looksLikeStart } from '../../src/rdb/salvage/start.js';
import { typeTable } from '../../src/rdb/types.js';
import { type BytesLike, bytes, littleEndian, string } from '../support/bytes.js';

const types = typeTable('redis', 11);
const looks = (...parts: readonly BytesLike[]) => {
  const all = bytes(...parts, new Uint8Array(16));
  return looksLikeStart(all, 0, all.length, types, false);
};

describe('a place where an item may begin', () => {
  test('needs a key that is text or an integer', () => {
    expect(looks(0, string('key'), string('value'))).toBe(true);
    expect(looks(0, 0xc0, 7, string('value'))).toBe(true);
    expect(looks(0, 0, 0)).toBe(false);
    expect(looks(0, string('a\u0001b'), string('value'))).toBe(false);
    expect(looks(99, string('key'))).toBe(false);
  });

  test('may have an expiry that can be one', () => {
    expect(looks(252, littleEndian(1_900_000_000_000, 8), 0, string('key'))).toBe(true);
    expect(looks(252, littleEndian(-5, 8), 0, string('key'))).toBe(false);
    expect(looks(254, 3, 251, 5, 0, 0, string('key'))).toBe(true);
  });
});

test('text speaks for a key, control characters against it', () => {
  const evidence = (text: string) => {
    const key = bytes(text);
    return keyEvidence(key, 0, key.length);
  };
  expect(evidence('user:1000')).toBeGreaterThan(evidence('u'));
  expect(evidence('u\n')).toBe(0);
  expect(evidence('ключ')).toBeGreaterThan(0);
});

describe('a header', () => {
  const aux = bytes(250, string('redis-ver'), string('7.2.4'));

  test.each([
    ['REDIS0011', 'REDIS0011', false],
    ['REDIS9911', 'REDIS0011', true],
    ['\0\0\0\0\0\0\0\0\0', 'REDIS0011', true],
    ['RXDIS0009', 'REDIS0009', true],
    ['VALKYY080', 'VALKEY080', true],
  ])('%j is that of %s', (text, magic, isDamaged) => {
    const header = readHeader(bytes(text, aux));
    expect([header.magic.text, header.damage !== undefined]).toEqual([magic, isDamaged]);
  });

  test('that cannot be found out is refused, with what to give', () => {
    expect(() => readHeader(bytes('\0\0\0\0\0\0\0\0\0', string('x')))).toThrow(
      expect.objectContaining({ code: 'INPUT_CORRUPT', hint: expect.stringContaining('--rdb-version') }),
    );
    expect(readHeader(bytes('\0\0\0'), magicOfVersion(80)).magic.text).toBe('VALKEY080');
    expect(magicOfVersion(42)).toBeUndefined();
  });
});

test('a view moves to where it is needed and says what it has read', () => {
  const content = Uint8Array.from({ length: 100 }, (_, i) => i);
  const input: RandomAccess = {
    size: 100,
    readAt: (offset, target) => {
      const piece = content.subarray(offset, offset + target.length);
      target.set(piece);
      return piece.length;
    },
  };
  const view = new FileView(input, 16);
  expect(view.show(10, 4)).toBe(16);
  expect(view.show(12, 14)).toBe(0);
  expect([view.base, view.limit, view.bytes[0]]).toEqual([10, 26, 10]);
  expect(view.show(90, 40)).toBe(10);
  expect([view.base, view.limit]).toEqual([90, 100]);
});

test('bytes that all look like keys and are none are searched in part, and what stands behind is found', () => {
  // A list of a million elements, again and again: each place costs a look.
  const hostile = Buffer.alloc(10 << 20, Buffer.from([1, 1, 0x61, 0x80, 0, 0, 0x40, 0]));
  const keys = Array.from({ length: 200 }, (_, i) => bytes(0, string(`key:${i}`), string('value')));
  const dump = bytes('REDIS0004', hostile, ...keys, 255);
  const input = { size: dump.length, readAt: (at: number, to: Uint8Array) => readInto(dump, at, to) };
  const steps = new SalvagePlanner(input, magicOfVersion(4) as Magic).plan();
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const { unsearched, lostBytes, keys: found } = step.value;
  expect(unsearched).toBeGreaterThan(0);
  expect(unsearched).toBeLessThan(lostBytes);
  expect(found).toBeGreaterThanOrEqual(200 - Math.ceil(4096 / (keys[0] as Uint8Array).length));
});

function readInto(from: Uint8Array, at: number, to: Uint8Array): number {
  const piece = from.subarray(at, at + to.length);
  to.set(piece);
  return piece.length;
}
