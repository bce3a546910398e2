import { InvalidArgumentError } from 'commander';
import { latin1Text, type TtlRule, unquote, utf8Bytes } from '../index.js';

/** Parsers of option values. Each throws commander's error with what was expected. */

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** `4096`, `64kb`, `1.5mb`, `2g`: bytes, in powers of 1024. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) throw new InvalidArgumentError('Give a size as 4096, 64kb, 1.5mb or 2gb.');
  const bytes = Math.round(Number(match[1]) * (SIZE_UNITS[(match[2] as string).toLowerCase()] as number));
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError('No file is that large.');
  return bytes;
}

/** `5000` keys a second, or `20mb` bytes a second; `/s` may stand behind it. */
export function parseRate(text: string): { keys?: number; bytes?: number } {
  const amount = text.replace(/\/s$/, '');
  const rate = /^\d+$/.test(amount) ? { keys: parseCount(amount) } : { bytes: parseSize(amount) };
  if ((rate.keys ?? rate.bytes) === 0) throw new InvalidArgumentError('Give a rate above 0.');
  return rate;
}

const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `90s`, `1h30m`, `7d`, `250ms`: milliseconds. */
export function parseDuration(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) {
    throw new InvalidArgumentError('Give a duration as 90s, 1h30m, 7d or 250ms.');
  }
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    total += Number(count) * (TIME_UNITS[unit as string] as number);
  }
  return total;
}

export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

/** `0,3,7`: database numbers. */
export function parseDbs(text: string): number[] {
  return text.split(',').map((part) => parseDb(part.trim()));
}

export function parseDb(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give database numbers as 0 or 0,3.');
  return Number(text);
}

/** `3:0,5:1`: from database, to database. */
export function parseDbMap(text: string): Map<number, number> {
  const map = new Map<number, number>();
  for (const part of text.split(',')) {
    const [from, to, ...rest] = part.trim().split(':');
    if (from === undefined || to === undefined || rest.length > 0) {
      throw new InvalidArgumentError('Give a map as FROM:TO, for example 3:0,5:1.');
    }
    if (map.has(parseDb(from))) throw new InvalidArgumentError(`Database ${from} is mapped twice.`);
    map.set(parseDb(from), parseDb(to));
  }
  return map;
}

const FAMILIES = ['string', 'list', 'set', 'zset', 'hash', 'stream', 'module', 'array', 'opaque'];

/** `string,hash`: families of values. */
export function parseTypes(text: string): string[] {
  const types = text.split(',').map((part) => part.trim().toLowerCase());
  const unknown = types.find((type) => !FAMILIES.includes(type));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no type ${unknown}. Types are ${FAMILIES.join(', ')}.`);
  }
  return types;
}

/** `0-5460,7000`: ranges of cluster slots. */
export function parseSlots(text: string): (readonly [number, number])[] {
  return text.split(',').map((part) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!(first <= last && last < 16_384)) {
      throw new InvalidArgumentError('Give slots from 0 to 16383 as 0-5460 or 0-5460,7000.');
    }
    return [first, last] as const;
  });
}

/** `1%` or `0.01`: a share from 0 to 1. */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim());
  const share = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1);
  if (!(share >= 0 && share <= 1)) throw new InvalidArgumentError('Give a share as 1% or 0.01.');
  return share;
}

/** Bytes of an argument: UTF-8, or what a quoted string stands for: `"bin\x00\xff"`. */
export function parseBytes(text: string): Uint8Array {
  const quoted = text.length > 1 && text.startsWith('"') && text.endsWith('"');
  return (quoted ? unquote(latin1Text(utf8Bytes(text))) : undefined) ?? utf8Bytes(text);
}

/** An expression that is matched against bytes: each byte is the character of that number. */
export function parseExpression(text: string, flags = ''): RegExp {
  try {
    return new RegExp(latin1Text(utf8Bytes(text)), flags);
  } catch (thrown) {
    throw new InvalidArgumentError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** `s/^old:/new:/`, with any separator, and `g` and `i` behind it. */
export function parseSubstitution(text: string): { expression: RegExp; replacement: string } {
  const separator = text[1];
  const parts =
    separator === undefined || text[0] !== 's' || /[\w\s\\]/.test(separator)
      ? []
      : splitAt(text.slice(2), separator);
  const [pattern, replacement, flags] = parts;
  if (
    parts.length !== 3 ||
    pattern === undefined ||
    replacement === undefined ||
    !/^[gi]*$/.test(flags ?? '')
  ) {
    throw new InvalidArgumentError('Give a substitution as s/^old:/new:/ with g and i behind it.');
  }
  return { expression: parseExpression(pattern, flags), replacement: replacementOf(replacement) };
}

/** Splits at separators that no backslash stands before; escapes stay as they are. */
function splitAt(text: string, separator: string): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === separator) {
      parts.push('');
      continue;
    }
    parts[parts.length - 1] += char;
    if (char === '\\' && i + 1 < text.length) parts[parts.length - 1] += text[++i];
  }
  return parts;
}

/** A replacement in the form of JavaScript: `\1` is `$1`, `\0` is all, `\` before another is that. */
function replacementOf(text: string): string {
  return latin1Text(utf8Bytes(text)).replace(/\\(.)/gs, (_, char: string) => {
    if (char === '0') return '$&';
    return /[1-9]/.test(char) ? `$${char}` : char;
  });
}

/** `keep`, `drop`, `+1h`, `-5m`, `max:7d` or `jitter:10%`. */
export function parseTtl(text: string): TtlRule {
  if (text === 'keep' || text === 'drop') return { kind: text };
  if (text.startsWith('+')) return { kind: 'shift', ms: parseDuration(text.slice(1)) };
  if (text.startsWith('-')) return { kind: 'shift', ms: -parseDuration(text.slice(1)) };
  if (text.startsWith('max:')) return { kind: 'max', ms: parseDuration(text.slice(4)) };
  if (text.startsWith('jitter:')) return { kind: 'jitter', share: parseShare(text.slice(7)) };
  throw new InvalidArgumentError('Give keep, drop, +1h, -5m, max:7d or jitter:10%.');
}
