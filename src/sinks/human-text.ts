import { printable } from '../bytes/escape.js';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const DELETE = 0x7f;

/** What stands for each byte in the escaped form of redis-cli. */
export const ESCAPED: readonly Uint8Array[] = Array.from({ length: 256 }, (_, byte) =>
  Uint8Array.from(printable(Uint8Array.of(byte)).slice(1, -1), (char) => char.charCodeAt(0)),
);

/**
 * Finds out whether bytes can be shown to a person as they are: UTF-8 without anything that a
 * terminal would obey (control characters, marks that turn the direction of writing). The bytes
 * may come in pieces.
 */
export class TextScan {
  /** Columns that the text takes on a terminal, where it is one line of text. */
  width = 0;
  /** Columns of the escaped form, quotes included. */
  escapedWidth = 2;
  /** Line breaks or tabs were met. */
  hasBreaks = false;
  private size = 0;
  private first = 0;
  private last = 0;
  private isValid = true;
  /** Continuation bytes that the current character still needs, and what is known of it. */
  private open = 0;
  private code = 0;
  private smallest = 0;

  begin(): void {
    this.width = 0;
    this.escapedWidth = 2;
    this.hasBreaks = false;
    this.size = 0;
    this.last = 0;
    this.isValid = true;
    this.open = 0;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.size === 0) this.first = bytes[start] as number;
    this.size += end - start;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      this.escapedWidth += (ESCAPED[byte] as Uint8Array).length;
      if (this.isValid) this.step(byte);
      this.last = byte;
    }
  }

  /** Whether everything so far is text, of one line or more. */
  get isText(): boolean {
    return this.isValid && this.open === 0 && this.last !== CR;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Whether it can stand in a line among others: one line that nobody takes for an escaped form. */
  get isWord(): boolean {
    if (!this.isText || this.hasBreaks || this.size === 0) return false;
    return this.first !== QUOTE && this.first !== SPACE && this.last !== SPACE;
  }

  private step(byte: number): void {
    if (this.last === CR && byte !== LF) this.isValid = false;
    else if (this.open > 0) this.goOn(byte);
    else if (byte >= SPACE && byte < DELETE) this.width++;
    else if (byte === LF || byte === TAB || byte === CR) this.hasBreaks = true;
    else if (byte >= 0xc2 && byte <= 0xdf) this.start(1, byte & 0x1f, 0x80);
    else if (byte >= 0xe0 && byte <= 0xef) this.start(2, byte & 0x0f, 0x800);
    else if (byte >= 0xf0 && byte <= 0xf4) this.start(3, byte & 0x07, 0x10000);
    else this.isValid = false;
  }

  private start(open: number, bits: number, smallest: number): void {
    this.open = open;
    this.code = bits;
    this.smallest = smallest;
  }

  private goOn(byte: number): void {
    this.code = (this.code << 6) | (byte & 0x3f);
    this.open--;
    if ((byte & 0xc0) !== 0x80) this.isValid = false;
    else if (this.open > 0) return;
    else if (this.code < this.smallest || isHidden(this.code)) this.isValid = false;
    else this.width += columnsOf(this.code);
  }
}

/** Surrogates, numbers beyond Unicode, control characters, line separators, marks of direction. */
function isHidden(code: number): boolean {
  return (
    (code >= 0xd800 && code <= 0xdfff) ||
    code > 0x10ffff ||
    (code >= 0x80 && code <= 0x9f) ||
    code === 0x61c ||
    (code >= 0x200e && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}

/** First and last code point of what takes no column (marks on others, joiners) … */
const NARROW: readonly (readonly [number, number])[] = [
  [0x300, 0x36f],
  [0x200b, 0x200d],
  [0x20d0, 0x20ff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
];

/** … and of what takes two: the scripts of East Asia, emoji (Unicode's EastAsianWidth, in broad strokes). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** Columns that a character takes on a terminal. */
function columnsOf(code: number): number {
  if (code < 0x300) return 1;
  const within = ([first, last]: readonly [number, number]) => code >= first && code <= last;
  if (NARROW.some(within)) return 0;
  return WIDE.some(within) ? 2 : 1;
}

const decoder = new TextDecoder();
const scan = new TextScan();

/**
 * A string as it stands in a line for a person: as it is when it is text, else quoted and escaped.
 * Longer ones than `columns` are cut, with an ellipsis.
 */
export function lineText(bytes: Uint8Array, columns: number): string {
  // A character has at most four bytes; more than that need not be looked at.
  const isCut = bytes.length > 4 * columns;
  const seen = isCut ? bytes.subarray(0, 4 * columns) : bytes;
  scan.begin();
  scan.add(seen, 0, wholeEnd(seen, isCut));
  if (!scan.isWord) return printable(bytes, columns);
  return cutText(decoder.decode(seen.subarray(0, wholeEnd(seen, isCut))), columns, isCut);
}

/** Where the last whole character of cut bytes ends. */
function wholeEnd(bytes: Uint8Array, isCut: boolean): number {
  if (!isCut) return bytes.length;
  for (let at = bytes.length - 1; at >= Math.max(0, bytes.length - 4); at--) {
    const byte = bytes[at] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return at + size > bytes.length ? at : bytes.length;
  }
  return bytes.length;
}

/** Columns of a line of text. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += columnsOf(char.codePointAt(0) as number);
  return width;
}

/** Text cut to so many columns, with an ellipsis where something was left out. */
export function cutText(text: string, columns: number, hasMore = false): string {
  let width = 0;
  let kept = '';
  for (const char of text) {
    const next = width + columnsOf(char.codePointAt(0) as number);
    if (next > columns) return `${kept}…`;
    width = next;
    kept += char;
  }
  return hasMore ? `${kept}…` : kept;
}
