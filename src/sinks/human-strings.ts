import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { ESCAPED, TextScan } from './human-text.js';
import type { OutputBuffer } from './output-buffer.js';

const QUOTE = 0x22;

/** Bytes escaped between two looks at whether the buffer is full. */
const STEP = 4096;

/**
 * The strings of one value as a person reads them. A value is gone through twice: `measure` each
 * string first, then `put` (or `skip`) each in the same order. Strings in fragments of any length
 * pass without being held; what was found out of them is kept between.
 */
export class HumanStrings {
  readonly scan = new TextScan();
  /** For every string in fragments: whether it is a word. */
  private readonly words: boolean[] = [];
  private replayed = 0;

  /** Starts on a value. */
  begin(): void {
    this.words.length = 0;
    this.replayed = 0;
  }

  /** Looks at the string that the token is or begins, and returns its columns in a line. */
  measure(value: ValueReader, token: Token): number {
    const { scan } = this;
    scan.begin();
    this.each(value, token, (bytes, start, end) => scan.add(bytes, start, end));
    if (token === Token.fragment) this.words.push(scan.isWord);
    return scan.isWord ? scan.width : scan.escapedWidth;
  }

  /** Writes the string in a line, and returns its columns; those of one in fragments are infinite. */
  put(value: ValueReader, token: Token, out: OutputBuffer): number {
    const { cursor } = value;
    if (token === Token.fragment) {
      this.putAll(value, token, out, this.words[this.replayed++] as boolean);
      return Number.POSITIVE_INFINITY;
    }
    if (cursor.isInteger) cursor.formatInteger();
    const { scan } = this;
    scan.begin();
    scan.add(cursor.text, cursor.textStart, cursor.textEnd);
    this.putAll(value, token, out, scan.isWord);
    return scan.isWord ? scan.width : scan.escapedWidth;
  }

  /** Writes the string on lines of its own, as it is or escaped. */
  putText(value: ValueReader, token: Token, out: OutputBuffer, asIs: boolean): void {
    if (token === Token.fragment) this.replayed++;
    this.putAll(value, token, out, asIs);
  }

  /** Passes over the string. */
  skip(value: ValueReader, token: Token): void {
    if (token !== Token.fragment) return;
    this.replayed++;
    this.each(value, token, () => {});
  }

  private putAll(value: ValueReader, token: Token, out: OutputBuffer, asIs: boolean): void {
    if (asIs) {
      this.each(value, token, (bytes, start, end) => out.put(bytes, start, end));
      return;
    }
    out.byte(QUOTE);
    this.each(value, token, (bytes, start, end) => putEscaped(out, bytes, start, end));
    out.byte(QUOTE);
  }

  /** Hands out the string that the token is or begins, in pieces. */
  private each(
    value: ValueReader,
    token: Token,
    take: (bytes: Uint8Array, start: number, end: number) => void,
  ): void {
    const { cursor } = value;
    if (token === Token.string && cursor.isInteger) cursor.formatInteger();
    take(cursor.text, cursor.textStart, cursor.textEnd);
    if (token !== Token.fragment) return;
    while (!cursor.isLast) {
      value.next();
      take(cursor.text, cursor.textStart, cursor.textEnd);
    }
  }
}

/** Writes bytes escaped as redis-cli does, without quotes. */
function putEscaped(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
  for (let from = start; from < end; from += STEP) {
    const to = Math.min(end, from + STEP);
    out.ensure(4 * (to - from));
    const target = out.bytes;
    let { at } = out;
    for (let i = from; i < to; i++) {
      const form = ESCAPED[bytes[i] as number] as Uint8Array;
      for (let k = 0; k < form.length; k++) target[at++] = form[k] as number;
    }
    out.at = at;
  }
}
