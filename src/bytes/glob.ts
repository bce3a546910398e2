const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

/**
 * Whether `text[start, end)` matches a glob, byte by byte, by the rules of Redis' KEYS and SCAN
 * (`stringmatchlen` in util.c): `*`, `?`, `[a-z]`, `[^a]` and `\` before a byte that stands for
 * itself. An unclosed bracket reaches to the end of the pattern. The bounds of a range are unsigned;
 * in Redis that depends on the machine that it was compiled for.
 */
export function globMatches(pattern: Uint8Array, text: Uint8Array, start: number, end: number): boolean {
  // Redis' loop is not entered for an empty text; `*` alone never comes to it.
  if (start === end) return pattern.length === 0 || (pattern.length === 1 && pattern[0] === STAR);
  let p = 0;
  let t = start;
  // Where the last star stands, and how much of the text it takes for now.
  let starAt = -1;
  let starText = 0;
  for (;;) {
    if (p < pattern.length && pattern[p] === STAR) {
      starAt = p++;
      starText = t;
      continue;
    }
    if (t === end) return onlyStars(pattern, p);
    const next = p < pattern.length ? matchOne(pattern, p, text[t] as number) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++starText;
    } else {
      return false;
    }
  }
}

function onlyStars(pattern: Uint8Array, from: number): boolean {
  for (let p = from; p < pattern.length; p++) if (pattern[p] !== STAR) return false;
  return true;
}

/** The position behind the item at `p` when it matches the byte, else -1. */
function matchOne(pattern: Uint8Array, p: number, byte: number): number {
  switch (pattern[p]) {
    case QUESTION:
      return p + 1;
    case OPEN:
      return matchClass(pattern, p + 1, byte);
    case BACKSLASH:
      if (p + 1 < pattern.length) return pattern[p + 1] === byte ? p + 2 : -1;
      return byte === BACKSLASH ? p + 1 : -1;
    default:
      return pattern[p] === byte ? p + 1 : -1;
  }
}

function matchClass(pattern: Uint8Array, from: number, byte: number): number {
  let p = from;
  const negated = pattern[p] === CARET;
  if (negated) p++;
  let found = false;
  while (p < pattern.length && pattern[p] !== CLOSE) {
    if (pattern[p] === BACKSLASH && p + 1 < pattern.length) {
      if (pattern[p + 1] === byte) found = true;
      p += 2;
    } else if (p + 2 < pattern.length && pattern[p + 1] === DASH) {
      const a = pattern[p] as number;
      const b = pattern[p + 2] as number;
      if (byte >= Math.min(a, b) && byte <= Math.max(a, b)) found = true;
      p += 3;
    } else {
      if (pattern[p] === byte) found = true;
      p++;
    }
  }
  return found !== negated ? Math.min(p + 1, pattern.length) : -1;
}
