import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latin1Bytes, latin1Text } from '../../src/bytes/ascii.js';
import { ByteSet } from '../../src/bytes/byte-set.js';
import { anyBytes } from '../support/arbitraries.js';

const RUNS = 300;

describe('ByteSet', () => {
  test('holds what was added, once, and nothing else', () => {
    const members = fc.array(anyBytes(3), { maxLength: 60 });
    fc.assert(
      fc.property(members, members, (added, asked) => {
        const set = new ByteSet();
        const model = new Set(added.map((bytes) => latin1Text(bytes)));
        for (const bytes of added) set.add(bytes);
        expect(set.size).toBe(model.size);
        for (const bytes of [...added, ...asked]) {
          expect(set.has(bytes, 0, bytes.length)).toBe(model.has(latin1Text(bytes)));
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('looks up a part of an array', () => {
    const set = new ByteSet();
    set.add(latin1Bytes('key'));
    const text = latin1Bytes('a key!');
    expect(set.has(text, 2, 5)).toBe(true);
    expect(set.has(text, 2, 4)).toBe(false);
    expect(set.has(text, 2, 6)).toBe(false);
    expect(set.has(text, 2, 2)).toBe(false);
  });

  test('copies what is added', () => {
    const set = new ByteSet();
    const key = latin1Bytes('key');
    set.add(key);
    key.fill(0);
    expect(set.has(latin1Bytes('key'), 0, 3)).toBe(true);
    expect(set.has(key, 0, 3)).toBe(false);
  });

  test('tells the empty string and zeros apart', () => {
    const set = new ByteSet();
    set.add(new Uint8Array(2));
    expect([0, 1, 2, 3].map((size) => set.has(new Uint8Array(3), 0, size))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    set.add(new Uint8Array(0));
    expect([0, 1, 2, 3].map((size) => set.has(new Uint8Array(3), 0, size))).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  // The tables grow where 512, 1024 … members would fill half of them.
  test.each([511, 512, 513, 514, 1024, 1025, 20_000])('holds %i members', (count) => {
    const set = new ByteSet();
    for (let i = 0; i < count; i++) {
      set.add(latin1Bytes(`key:${i}`));
      set.add(latin1Bytes(`key:${i >> 1}`));
    }
    const has = (key: string) => set.has(latin1Bytes(key), 0, key.length);
    const numbers = Array.from({ length: count }, (_, i) => i);
    expect(numbers.filter((i) => !has(`key:${i}`))).toEqual([]);
    expect(numbers.filter((i) => has(`kez:${i}`))).toEqual([]);
    expect(set.size).toBe(count);
  });

  test('takes members larger than its memory', () => {
    const set = new ByteSet();
    const large = new Uint8Array(100_000).fill(7);
    set.add(latin1Bytes('small'));
    set.add(large);
    set.add(latin1Bytes('other'));
    expect(set.has(large, 0, large.length)).toBe(true);
    expect(set.has(large, 1, large.length)).toBe(false);
    expect(set.has(latin1Bytes('small'), 0, 5)).toBe(true);
    expect(set.has(latin1Bytes('other'), 0, 5)).toBe(true);
  });
});
