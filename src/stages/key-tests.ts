import { latin1Text } from '../bytes/ascii.js';
import type { ByteSet } from '../bytes/byte-set.js';
import { globMatches } from '../bytes/glob.js';
import { keySlot } from '../codec/crc16.js';
import { Fingerprint } from '../codec/fingerprint.js';

/** Whether the key `bytes[start, end)` is one that is meant. Borrows the bytes for the call. */
export type KeyTest = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Keys that match one of the globs, byte by byte as Redis matches them. */
export function globTest(globs: readonly Uint8Array[]): KeyTest {
  const [only] = globs;
  if (only !== undefined && globs.length === 1) {
    return (bytes, start, end) => globMatches(only, bytes, start, end);
  }
  return (bytes, start, end) => globs.some((glob) => globMatches(glob, bytes, start, end));
}

/** Keys that the expression matches somewhere; see `selectKeyExpression`. */
export function expressionTest(expression: RegExp): KeyTest {
  return (bytes, start, end) => {
    expression.lastIndex = 0;
    return expression.test(latin1Text(bytes, start, end));
  };
}

/** Keys of a list. */
export function listTest(keys: ByteSet): KeyTest {
  return (bytes, start, end) => keys.has(bytes, start, end);
}

/** Keys of these cluster slots, given as ranges with both ends included. */
export function slotTest(ranges: readonly (readonly [first: number, last: number])[]): KeyTest {
  return (bytes, start, end) => {
    const slot = keySlot(bytes, start, end);
    return ranges.some(([first, last]) => slot >= first && slot <= last);
  };
}

/** About this share of the keys, 0 to 1; see `sample`. */
export function sampleTest(share: number): KeyTest {
  const fingerprint = new Fingerprint(Int32Array.of(0x726462, 0x6b6974, 0x73616d, 0x706c65));
  const bound = share * 0x1_0000_0000;
  return (bytes, start, end) => {
    fingerprint.of(0, bytes, start, end);
    return (fingerprint.words[0] as number) >>> 0 < bound;
  };
}

/** Keys that another test does not mean. */
export function notTest(test: KeyTest): KeyTest {
  return (bytes, start, end) => !test(bytes, start, end);
}

/** Keys that every one of the tests means. */
export function everyTest(tests: readonly KeyTest[]): KeyTest {
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (bytes, start, end) => tests.every((test) => test(bytes, start, end));
}
