import { jsonParser, type Token } from 'stream-json/core/parser.js';
import type { JsonLine } from './jsonl-line.js';

/**
 * What is given to the parser behind a line. It ends a number, and the parser, which waits for
 * some characters before it calls a literal or an escape wrong, waits no longer.
 */
export const END_OF_LINE = '\n'.padEnd(20);

/** Pieces of a line, 64 KiB each, that are read without a break. */
export const PIECES_A_TURN = 16;

/**
 * The column, from 1, at which the given number of tokens have begun, or without a number the one
 * at which the line is no JSON any more. The parser does not tell positions; so the line is read
 * again up to the piece in question, and that piece character by character. Yields now and then in
 * a long line, so that others can run.
 */
export function* columnOf(line: JsonLine, started: number | undefined): Generator<void, number> {
  const { before, piece } = yield* pieceOf(line, started);
  line.rewind();
  const search = new Search(started);
  for (let pieces = 1; line.units < before; pieces++) {
    search.take(line.next() as string);
    if (pieces % PIECES_A_TURN === 0) yield;
  }
  return before + search.within(piece) + 1;
}

/** The piece of the line in which the place is, and the units before it. */
function* pieceOf(
  line: JsonLine,
  started: number | undefined,
): Generator<void, { before: number; piece: string }> {
  line.rewind();
  const search = new Search(started);
  let before = 0;
  let piece = '';
  for (let pieces = 1; ; pieces++) {
    const text = line.next();
    if (text === undefined) return { before, piece: piece + END_OF_LINE };
    before = line.units - text.length;
    piece = text;
    if (search.take(text)) return { before, piece };
    if (pieces % PIECES_A_TURN === 0) yield;
  }
}

class Search {
  private readonly parse = jsonParser({ packValues: false });
  private started = 0;
  private isInString = false;
  /** Whether the last text has given tokens. */
  private hasTold = false;
  /** Characters by which the token wanted began before it was told. */
  private lateBy = 0;

  constructor(private readonly wanted: number | undefined) {}

  /** Reads a text; true when the place is in it. */
  take(text: string): boolean {
    let found: unknown;
    try {
      found = this.parse(text);
    } catch {
      return true;
    }
    this.hasTold = typeof found === 'object';
    if (!this.hasTold) return false;
    for (const token of (found as { values: readonly Token[] }).values) {
      this.isInString = IN_STRING.has(token.name);
      if (INSIDE.has(token.name) || ++this.started !== this.wanted) continue;
      this.lateBy = LITERALS.has(token.name) ? String((token as { value: unknown }).value).length : 0;
      return true;
    }
    return false;
  }

  /** Where in the text the place is, from 0. */
  within(text: string): number {
    let told = -1;
    for (let i = 0; i < text.length; i++) {
      if (this.take(text[i] as string)) {
        if (this.wanted !== undefined) return i - this.lateBy;
        return this.isInString ? told + 1 : wordStart(text, told + 1, i);
      }
      if (this.hasTold) told = i;
    }
    return text.length - END_OF_LINE.length;
  }
}

const LITERALS: ReadonlySet<string> = new Set(['trueValue', 'falseValue', 'nullValue']);

/** Tokens that go on with what another has begun. */
const INSIDE: ReadonlySet<string> = new Set([
  'stringChunk',
  'numberChunk',
  'endKey',
  'endString',
  'endNumber',
]);

const IN_STRING: ReadonlySet<string> = new Set(['startKey', 'startString', 'stringChunk']);

/** Where a word begins that is no literal; else where the character stands that does not belong. */
function wordStart(text: string, from: number, at: number): number {
  let start = from;
  while (start < at && /[\s,:]/.test(text[start] as string)) start++;
  return /[a-z]/i.test(text[start] as string) ? start : at;
}
