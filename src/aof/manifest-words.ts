const SPACE = 0x20;
const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, r: 13 };

/**
 * Splits a line into words as servers do (`sdssplitargs` in sds.c): words stand between white
 * space, and may hold a part in double quotes, with escapes, or in single quotes, where only `\'`
 * is one. Closing quotes must be followed by white space or the end.
 * @returns undefined where the quotes are wrong
 */
export function splitArguments(line: Uint8Array): Uint8Array[] | undefined {
  const words: Uint8Array[] = [];
  for (let at = 0; ; ) {
    while (at < line.length && isSpace(line[at] as number)) at++;
    if (at === line.length) return words;
    const word: number[] = [];
    const end = readWord(line, at, word);
    if (end < 0) return undefined;
    words.push(Uint8Array.from(word));
    at = end;
  }
}

/** Reads a word into `word`; returns where it ends, -1 where its quotes are wrong. */
function readWord(line: Uint8Array, start: number, word: number[]): number {
  let at = start;
  while (at < line.length && !isSpace(line[at] as number)) {
    const byte = line[at] as number;
    if (byte !== DOUBLE && byte !== SINGLE) {
      word.push(byte);
      at++;
      continue;
    }
    at = byte === DOUBLE ? readDouble(line, at + 1, word) : readSingle(line, at + 1, word);
    if (at < 0 || (at < line.length && !isSpace(line[at] as number))) return -1;
  }
  return at;
}

/** Returns the index behind the closing quote; -1 when there is none. */
function readDouble(line: Uint8Array, start: number, word: number[]): number {
  for (let at = start; at < line.length; at++) {
    const byte = line[at] as number;
    if (byte === DOUBLE) return at + 1;
    if (byte !== BACKSLASH || at + 1 === line.length) {
      word.push(byte);
      continue;
    }
    const next = String.fromCharCode(line[++at] as number);
    const hex = next === 'x' ? String.fromCharCode(...line.subarray(at + 1, at + 3)) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      word.push(Number.parseInt(hex, 16));
      at += 2;
    } else {
      word.push(ESCAPES[next] ?? next.charCodeAt(0));
    }
  }
  return -1;
}

function readSingle(line: Uint8Array, start: number, word: number[]): number {
  for (let at = start; at < line.length; at++) {
    const byte = line[at] as number;
    if (byte === SINGLE) return at + 1;
    if (byte === BACKSLASH && line[at + 1] === SINGLE) at++;
    word.push(line[at] as number);
  }
  return -1;
}

/** As `isspace` in the C locale. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}
