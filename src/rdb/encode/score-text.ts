import { doubleText } from '../../bytes/ascii.js';
import type { TargetFormat } from '../compat.js';

/** RDB version of Redis 7.0, and of 7.2, which print scores in other ways than those before. */
const INTEGERS_APART = 10;
const SHORTEST = 11;

/** Up to where servers print a score as an integer: 2^52 before Redis 7.0, then 2^62. */
const SAFE_BEFORE = 2 ** 52;
const SAFE_SINCE = 2 ** 62;

/**
 * A score as a server of that version prints it: an integer where it is one, else 17 digits, or
 * since Redis 7.2 as few as read back the same. -0 keeps its sign, which servers lose at times.
 */
export function scoreText(score: number, { rdbVersion }: TargetFormat): string {
  if (!Number.isFinite(score) || Object.is(score, -0)) return doubleText(score);
  const safe = rdbVersion < INTEGERS_APART ? SAFE_BEFORE : SAFE_SINCE;
  if (Number.isInteger(score) && Math.abs(score) <= safe) {
    return Number.isSafeInteger(score) ? String(score) : BigInt(score).toString();
  }
  return rdbVersion < SHORTEST ? seventeenDigits(score) : fewestDigits(score);
}

/** As C prints it with `%.17g`. */
function seventeenDigits(score: number): string {
  // Below a thousand millions, sixty-fourths have at most 15 digits: the shortest text is the exact one.
  if (Math.abs(score) < 1e9 && Number.isInteger(score * 64)) return String(score);
  const [digits, exponent] = scientific(halfToEven(score));
  if (exponent >= -4 && exponent < 17) return withPoint(digits, exponent, score < 0);
  return withExponent(digits, exponent, score < 0, 2);
}

/** 17 digits. What lies in the middle between two goes to the even one in C, up in JavaScript. */
function halfToEven(score: number): string {
  const rounded = score.toExponential(16);
  if (!/5e/.test(score.toExponential(17)) || !/^-?\d\.\d{16}50*e/.test(score.toExponential(100)))
    return rounded;
  const cut = score.toExponential(17).replace(/5e/, 'e');
  return /[02468]e/.test(cut) ? cut : rounded;
}

/**
 * As fpconv prints it, which Redis has since 7.2 (deps/fpconv): when it uses an exponent differs
 * from JavaScript. It prints a digit more than needed for a few doubles of 16 digits; we do not.
 */
function fewestDigits(score: number): string {
  const size = Math.abs(score);
  if (size >= 0.001 && size < 10_000) return String(score);
  const [digits, exponent] = scientific(score.toExponential());
  const last = exponent - digits.length + 1;
  const isPlain = last >= 0 ? exponent < digits.length + 7 : last > -7 || Math.abs(exponent) < 4;
  return isPlain ? withPoint(digits, exponent, score < 0) : withExponent(digits, exponent, score < 0, 1);
}

/** The digits without trailing zeros, and the power of ten of the first. */
function scientific(text: string): readonly [digits: string, exponent: number] {
  const [mantissa = '', exponent = '0'] = (text.startsWith('-') ? text.slice(1) : text).split('e');
  return [mantissa.replace('.', '').replace(/0+$/, ''), Number(exponent)];
}

function withPoint(digits: string, exponent: number, negative: boolean): string {
  const sign = negative ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = digits.slice(exponent + 1);
  return sign + whole + (rest === '' ? '' : `.${rest}`);
}

function withExponent(digits: string, exponent: number, negative: boolean, width: number): string {
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  const power = String(Math.abs(exponent)).padStart(width, '0');
  return `${negative ? '-' : ''}${mantissa}e${exponent < 0 ? '-' : '+'}${power}`;
}
