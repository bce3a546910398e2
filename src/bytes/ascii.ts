import { type Integer, normalInteger } from './integer.js';

const MINUS = 0x2d;
const ZERO = 0x30;

/** Longest decimal form of a 64-bit integer, sign included. */
export const MAX_INTEGER_DIGITS = 20;

/** Writes the decimal form of an integer at `pos` and returns the position after it. */
export function putInteger(target: Uint8Array, pos: number, value: Integer): number {
  if (typeof value === 'bigint') return putAscii(target, pos, value.toString());
  let rest = value;
  let at = pos;
  if (rest < 0) {
    target[at++] = MINUS;
    rest = -rest;
  }
  if (rest > 0xffff_ffff) {
    const high = Math.floor(rest / 1e8);
    at = putInteger(target, at, high);
    rest -= high * 1e8;
    for (let i = at + 7; i >= at; i--) {
      const next = (rest / 10) >>> 0;
      target[i] = ZERO + (rest - next * 10);
      rest = next;
    }
    return at + 8;
  }
  const end = at + digitCount(rest);
  let i = end;
  do {
    const next = (rest / 10) >>> 0;
    target[--i] = ZERO + (rest - next * 10);
    rest = next;
  } while (rest > 0);
  return end;
}

function digitCount(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}

/** Writes a string of code points below 128 and returns the position after it. */
export function putAscii(target: Uint8Array, pos: number, text: string): number {
  for (let i = 0; i < text.length; i++) target[pos + i] = text.charCodeAt(i);
  return pos + text.length;
}

/** Bytes of a string of code points below 256, each one byte. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** String that maps every byte to the code point of the same number. */
export function latin1Text(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let at = start; at < end; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 8192)));
  }
  return text;
}

const encoder = new TextEncoder();

/** UTF-8 bytes of a string. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * The integer a decimal text stands for, or undefined when it is not the canonical form of a
 * 64-bit signed integer (no `+`, no leading zero, no `-0`), the rule by which servers choose
 * integer encodings (`string2ll` in Redis' util.c).
 */
export function parseCanonicalInteger(bytes: Uint8Array, start: number, end: number): Integer | undefined {
  let at = start;
  const negative = bytes[at] === MINUS && end > start;
  if (negative) at++;
  const digits = end - at;
  if (digits < 1 || digits > 19) return undefined;
  if (bytes[at] === ZERO) return digits === 1 && !negative ? 0 : undefined;
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (value <= Number.MAX_SAFE_INTEGER) return negative ? -value : value;
  const exact = BigInt(latin1Text(bytes, start, end));
  return BigInt.asIntN(64, exact) === exact ? normalInteger(exact) : undefined;
}

/** True when the bytes are a decimal number as C's `strtod` reads and Redis prints it. */
export function isDecimalNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (bytes[at] === MINUS || bytes[at] === 0x2b) at++;
  if (isWord(bytes, at, end, 'inf')) return true;
  const whole = digitsEnd(bytes, at, end);
  let digits = whole - at;
  at = whole;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = digitsEnd(bytes, at + 1, end);
    digits += fraction - at - 1;
    at = fraction;
  }
  if (digits === 0) return false;
  if (at < end && ((bytes[at] as number) | 0x20) === 0x65) {
    at++;
    if (at < end && (bytes[at] === MINUS || bytes[at] === 0x2b)) at++;
    const exponent = digitsEnd(bytes, at, end);
    if (exponent === at) return false;
    at = exponent;
  }
  return at === end;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= 0x39) at++;
  return at;
}

function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    if (((bytes[start + i] as number) | 0x20) !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** The double a decimal text stands for; `inf`, `-inf` and `nan` in any case. NaN if it is none. */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number {
  if (!isDecimalNumber(bytes, start, end)) return Number.NaN;
  const text = latin1Text(bytes, start, end);
  const value = Number(text);
  return Number.isNaN(value) ? (text.startsWith('-') ? -Infinity : Infinity) : value;
}

/** Shortest text that reads back as the same double; infinities as Redis writes them. */
export function doubleText(value: number): string {
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (Number.isNaN(value)) return 'nan';
  return Object.is(value, -0) ? '-0' : String(value);
}
