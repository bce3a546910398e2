import { doubleText, parseDouble, putAscii, putInteger } from '../bytes/ascii.js';
import { signedInteger } from '../bytes/integer.js';
import type { OutputBuffer } from './output-buffer.js';

/**
 * Doubles as the shortest decimal text that reads back as the same double, byte for byte what
 * `String` gives, at half its cost for those that scores are made of. The way is that of
 * exact products in two doubles (T. J. Dekker, "A floating-point technique for extending the
 * available precision", 1971): a double times a power of ten up to 10^22 has no rounding then, so
 * 17 digits and the distance to the neighbours are known. What lies too close to call goes to
 * `String` and `Number`.
 */

/** Room that a number or score is written into: the longest is `-1.2345678901234567e-300`. */
export const MAX_NUMBER_BYTES = 28;

/** Powers of ten that are doubles, and their halves for exact products. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const POWERS_HIGH = POWERS.map(highHalf);
const POWERS_LOW = POWERS.map((power, i) => power - (POWERS_HIGH[i] as number));

/** 10^-1, 10^-2, … */
const FRACTIONS = Float64Array.from({ length: 7 }, (_, i) => Number(`1e-${i + 1}`));

/** Outside of these bounds `String` is left to do it. */
const LEAST = 1e-6;
const MOST = 1e15;

/** Half the distance between doubles, by exponent from `FIRST_EXPONENT` (biased) on. */
const FIRST_EXPONENT = 1003;
const HALF_STEPS = Float64Array.from({ length: 70 }, (_, i) => 2 ** (FIRST_EXPONENT + i - 1023 - 53));

const DIGITS = 17;
/** The 17 digits are two numbers, of nine and of eight. */
const LOW = 1e8;
const UPPER_DIGITS = 9;
/** What is computed of the eight low digits is exact to much less than this. */
const MARGIN = 1e-6;

const ZERO = 0x30;
/** The two digits of the numbers below 100. */
const TENS = Uint8Array.from({ length: 100 }, (_, i) => ZERO + Math.floor(i / 10));
const ONES = Uint8Array.from({ length: 100 }, (_, i) => ZERO + (i % 10));
const POINT = 0x2e;
const MINUS = 0x2d;

/** Writes scores as JSON: numbers, or `"inf"`, `"-inf"` and `"nan"`. Keep one for many. */
export class ScoreWriter {
  private readonly bits = new DataView(new ArrayBuffer(8));

  /** Writes a score. */
  put(out: OutputBuffer, score: number): void {
    out.ensure(MAX_NUMBER_BYTES);
    if (Number.isFinite(score)) {
      out.at = this.putNumber(out.bytes, out.at, score);
      return;
    }
    out.ascii(`"${doubleText(score)}"`);
  }

  /** Writes a score that stands as an integer, of which one beyond 2^53 is rounded to a double. */
  putInteger(out: OutputBuffer, high: number, low: number): void {
    if (high !== low >> 31) {
      this.put(out, Number(signedInteger(high, low)));
      return;
    }
    out.ensure(MAX_NUMBER_BYTES);
    out.at = putInteger(out.bytes, out.at, low);
  }

  /** Writes a score that stands as decimal text; false, and nothing is written, where it is none. */
  putText(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): boolean {
    const score = parseScore(bytes, start, end);
    if (Number.isNaN(score)) return false;
    this.put(out, score);
    return true;
  }

  /** Writes a finite double at `at`, where `MAX_NUMBER_BYTES` are free, and returns the position behind it. */
  putNumber(target: Uint8Array, at: number, value: number): number {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return putInteger(target, at, value);
    const size = Math.abs(value);
    if (size >= LEAST && size < MOST) {
      if (value < 0) target[at] = MINUS;
      const end = this.putShortest(target, value < 0 ? at + 1 : at, size);
      if (end > 0) return end;
    }
    return putAscii(target, at, doubleText(value));
  }

  /** The position behind the digits, or 0 when they are too close to call. */
  private putShortest(target: Uint8Array, at: number, value: number): number {
    const { bits } = this;
    bits.setFloat64(0, value);
    const upper = bits.getUint32(0);
    // The neighbours of a power of two are not at the same distance.
    if ((upper & 0xfffff) === 0 && bits.getUint32(4) === 0) return 0;
    const whole = digitsBeforePoint(value);
    const scale = DIGITS - whole;
    const power = POWERS[scale] as number;
    const reach = power * (HALF_STEPS[(upper >>> 20) - FIRST_EXPONENT] as number);

    // value × power = product + rest, exactly.
    const product = value * power;
    const high = highHalf(value);
    const low = value - high;
    const powerHigh = POWERS_HIGH[scale] as number;
    const powerLow = POWERS_LOW[scale] as number;
    const rest = high * powerHigh - product + high * powerLow + low * powerHigh + low * powerLow;

    const upperDigits = Math.floor(product / LOW);
    const lowerDigits = product - upperDigits * LOW + rest;
    const chosen = chooseDigits(lowerDigits, reach);
    if (chosen < 0) return 0;
    return putDigits(target, at, upperDigits, chosen, whole);
  }
}

/** Of the numbers within reach of `digits` the one with most zeros at its end; -1 for too close. */
function chooseDigits(digits: number, reach: number): number {
  // Math.round branches on what cannot be foretold.
  const hundreds = Math.floor(digits * 0.01 + 0.5) * 100;
  let distance = Math.abs(hundreds - digits);
  if (distance < reach - MARGIN) return hundreds;
  if (distance <= reach + MARGIN) return -1;
  const tens = Math.floor(digits * 0.1 + 0.5) * 10;
  distance = Math.abs(tens - digits);
  if (distance < reach - MARGIN) return 5 - distance < MARGIN ? -1 : tens;
  if (distance <= reach + MARGIN) return -1;
  const ones = Math.floor(digits + 0.5);
  return 0.5 - Math.abs(ones - digits) < MARGIN ? -1 : ones;
}

/** Decimal digits before the point of a number from 1e-6 to 1e15; below 0.1 as many zeros behind it, negative. */
function digitsBeforePoint(value: number): number {
  let count = 0;
  if (value >= 1) {
    while (value >= (POWERS[count] as number)) count++;
    return count;
  }
  while (value < (FRACTIONS[count] as number)) count++;
  return -count;
}

/** Writes 17 digits, of which the first `whole` stand before the point, without zeros at the end. */
function putDigits(target: Uint8Array, at: number, upper: number, lower: number, whole: number): number {
  // Rounding up may carry into the upper digits, and even into another one.
  let high = (lower >= LOW ? upper + 1 : upper) | 0;
  const low = (lower >= LOW ? lower - LOW : lower) | 0;
  if (high >= 1e9) return 0;
  let from = at + 1;
  if (whole <= 0) {
    target[at] = ZERO;
    target[at + 1] = POINT;
    from = at + 2;
    for (let zeros = whole; zeros < 0; zeros++) target[from++] = ZERO;
  }
  const end = from + DIGITS;
  const first = (high / 100_000_000) | 0;
  high -= first * 100_000_000;
  target[from] = ZERO + first;
  putFour(target, from + 1, (high / 10_000) | 0);
  putFour(target, from + 5, high % 10_000);
  putFour(target, from + 9, (low / 10_000) | 0);
  putFour(target, from + 13, low % 10_000);
  let last = end;
  while (target[last - 1] === ZERO) last--;
  if (whole <= 0) return last;
  const point = at + whole;
  for (let j = at; j < point; j++) target[j] = target[j + 1] as number;
  target[point] = POINT;
  return last > point + 1 ? last : point;
}

/** Writes a number below 10,000 as four digits. */
function putFour(target: Uint8Array, at: number, number: number): void {
  const upper = (number / 100) | 0;
  const lower = number - upper * 100;
  target[at] = TENS[upper] as number;
  target[at + 1] = ONES[upper] as number;
  target[at + 2] = TENS[lower] as number;
  target[at + 3] = ONES[lower] as number;
}

/** The upper 26 bits of a double's digits (G. W. Veltkamp's split). */
function highHalf(value: number): number {
  const scaled = value * 134217729;
  return scaled - (scaled - value);
}

/**
 * The double that a decimal text stands for, as `parseDouble` says it: sooner for up to nine digits,
 * a point, and so many more that they are 17 together.
 */
export function parseScore(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  let i = isNegative ? start + 1 : start;
  // A zero before the point is no digit that counts.
  if (bytes[i] === ZERO && bytes[i + 1] === POINT) i++;
  let upper = 0;
  let room = UPPER_DIGITS;
  for (; i < end && room > 0; i++, room--) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    upper = upper * 10 + digit;
  }
  const point = i;
  if (point + 1 >= end || bytes[point] !== POINT) return parseDouble(bytes, start, end);
  for (i++; i < end && room > 0; i++, room--) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return parseDouble(bytes, start, end);
    upper = upper * 10 + digit;
  }
  const lowerDigits = end - i;
  const scale = end - point - 1;
  if (lowerDigits > DIGITS - UPPER_DIGITS) return parseDouble(bytes, start, end);
  let lower = 0;
  for (; i < end; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return parseDouble(bytes, start, end);
    lower = lower * 10 + digit;
  }
  const size = quotient(upper * (POWERS[lowerDigits] as number), lower, scale);
  if (Number.isNaN(size)) return parseDouble(bytes, start, end);
  return isNegative ? -size : size;
}

/** (upper + lower) / 10^scale, rightly rounded, where upper is the larger by far; NaN when too close to call. */
function quotient(upper: number, lower: number, scale: number): number {
  const sum = upper + lower;
  const lost = lower - (sum - upper);
  const power = POWERS[scale] as number;
  const first = sum / power;
  if (lost === 0 && sum <= Number.MAX_SAFE_INTEGER) return first;
  const product = first * power;
  const high = highHalf(first);
  const low = first - high;
  const powerHigh = POWERS_HIGH[scale] as number;
  const powerLow = POWERS_LOW[scale] as number;
  const rest = high * powerHigh - product + high * powerLow + low * powerHigh + low * powerLow;
  const second = (sum - product - rest + lost) / power;
  const error = first * 2 ** -98;
  const result = first + (second + error);
  return result === first + (second - error) ? result : Number.NaN;
}
