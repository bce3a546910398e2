import type { Integer } from '../../bytes/integer.js';
import { UTF8_WHOLE, utf8State } from '../../bytes/utf8.js';
import type { ItemWalker } from './item-walker.js';

/**
 * How much speaks for an item being one, in bits: about the binary logarithm of how rarely bytes
 * that are none look like it. It counts for nothing where a key has control characters, which is
 * what the lengths between the strings of a large value come out as when they are read as a key.
 */
export function evidenceOf(item: ItemWalker): number {
  switch (item.kind) {
    case 'key': {
      const expiry = item.expireAtMs;
      const attributes = expiry !== undefined && item.expiresInMs && isPlausibleExpiry(expiry) ? EXPIRY : 0;
      const { length } = item.key;
      if (length === 0 || length > LONGEST_KEY || !item.isWritten) return attributes;
      if (item.keyIsInteger) return TYPE + INTEGER_KEY + attributes + valueEvidence(item);
      const key = keyEvidence(item.key, 0, length);
      return key === 0 ? attributes + 1 : TYPE + LENGTH + key + attributes + valueEvidence(item);
    }
    case 'select':
      return item.db < MANY_DATABASES ? OPCODE : 0;
    case 'aux': {
      const name = item.aux?.name;
      return name === undefined ? 0 : keyEvidence(name, 0, name.length);
    }
    case 'resize':
      return OPCODE;
    case 'other':
      return OPCODE;
    case 'eof':
      return 0;
  }
}

/** A type byte of some thirty, and a length that fits the key: one byte in six of each. */
const TYPE = 3;
const LENGTH = 5;
const INTEGER_KEY = 6;
const OPCODE = 8;
const EXPIRY = 24;
const BLOB = 24;
const MANY_DATABASES = 16_384;

/** Longest key that speaks for anything: the strings of a large list can be read as long keys. */
export const LONGEST_KEY = 4096;

/** Bits for a printable byte of a key, log2(256 / 95), and the bytes that are looked at. */
const PRINTABLE = 1.4;
const LOOKED_AT = 48;
const MOST = 28;

/** A blob whose entries add up, or a number of strings one behind the other. */
function valueEvidence({ type, isChecked }: ItemWalker): number {
  return isChecked && type.program.layouts.length > 0 ? BLOB : 1;
}

/** Bits that speak for bytes being a key; 0 when they have control characters or are no text. */
export function keyEvidence(bytes: Uint8Array, start: number, end: number): number {
  const stop = Math.min(end, start + LOOKED_AT);
  let printable = 0;
  for (let i = start; i < stop; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte === 0x7f) return 0;
    if (byte < 0x80) printable++;
  }
  const isText = printable === stop - start || utf8State(bytes, start, end, UTF8_WHOLE) === UTF8_WHOLE;
  return isText ? Math.min(MOST, PRINTABLE * printable + (stop - start - printable) / 2) : 0;
}

/** 2009, when the first server was written, and 2200. */
const EARLIEST = 1_230_768_000_000;
const LATEST = 7_258_118_400_000;

export function isPlausibleExpiry(expireAtMs: Integer): boolean {
  return expireAtMs >= EARLIEST && expireAtMs <= LATEST;
}
