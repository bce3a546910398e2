import { readInt32LE, readInt64LE } from '../../bytes/integer.js';
import { Opcode } from '../opcodes.js';
import type { TypeTable } from '../types.js';
import { isPlausibleExpiry, keyEvidence, LONGEST_KEY } from './evidence.js';

/** Bytes that `looksLikeStart` may look at. */
export const START_BYTES = LONGEST_KEY + 64;

const INTEGER_FORMS = 0xc0;
const LZF_FORM = 0xc3;

/**
 * A quick look, without allocations or errors, at whether an item may begin at `at`: most bytes of
 * a damaged place are turned down here. A key must be text or an integer, or with `binaryKeys` have
 * a byte at least: one without would be found in every run of zeros.
 */
export function looksLikeStart(
  bytes: Uint8Array,
  at: number,
  end: number,
  types: TypeTable,
  binaryKeys: boolean,
): boolean {
  let next = at;
  for (let turns = 0; turns < 4; turns++) {
    if (next >= end) return false;
    const code = bytes[next] as number;
    const type = types[code];
    if (type !== undefined) return keyStart(bytes, next + 1, end, binaryKeys);
    switch (code) {
      case Opcode.expireMs:
        if (next + 9 >= end || !isPlausibleExpiry(readInt64LE(bytes, next + 1))) return false;
        next += 9;
        break;
      case Opcode.expireSeconds:
        if (next + 5 >= end || !isPlausibleExpiry(readInt32LE(bytes, next + 1) * 1000)) return false;
        next += 5;
        break;
      case Opcode.frequency:
        next += 2;
        break;
      case Opcode.idle: {
        const size = lengthBytes(bytes, next + 1, end);
        if (size === 0) return false;
        next += 1 + size;
        break;
      }
      case Opcode.selectDb: {
        const size = lengthBytes(bytes, next + 1, end);
        if (size === 0 || size > 2) return false;
        next += 1 + size;
        break;
      }
      case Opcode.resizeDb: {
        const keys = lengthBytes(bytes, next + 1, end);
        const expires = keys === 0 ? 0 : lengthBytes(bytes, next + 1 + keys, end);
        if (expires === 0) return false;
        next += 1 + keys + expires;
        break;
      }
      case Opcode.aux:
        return keyStart(bytes, next + 1, end, false);
      case Opcode.function:
      case Opcode.keyMetadata:
      case Opcode.hashTemplate:
        return turns === 0;
      default:
        return false;
    }
  }
  return false;
}

function keyStart(bytes: Uint8Array, at: number, end: number, binaryKeys: boolean): boolean {
  const first = bytes[at] as number;
  let start = at + 1;
  let size = first;
  if (first >= 0x40) {
    if (first >= INTEGER_FORMS) return first <= LZF_FORM;
    if (first >= 0x80) return false;
    size = ((first & 0x3f) << 8) | (bytes[start++] as number);
  }
  if (size === 0 || size > LONGEST_KEY || start + size > end) return false;
  return binaryKeys || keyEvidence(bytes, start, start + size) > 0;
}

/** Bytes of a length, 0 for what is none. */
function lengthBytes(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  const first = bytes[at] as number;
  if (first < 0x40) return 1;
  if (first < 0x80) return 2;
  return first === 0x80 ? 5 : first === 0x81 ? 9 : 0;
}
