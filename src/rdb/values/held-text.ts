import type { ValueCursor } from './cursor.js';
import { Token } from './token.js';
import type { ValueReader } from './value-reader.js';

/** Up to so many bytes a loop copies faster than `set`, which needs a view of its own. */
const SHORT = 96;

/** A string that is kept, in `bytes[0, size)`, while the cursor goes on. */
export class HeldText {
  bytes = new Uint8Array(256);
  size = 0;

  /** Takes the string that the current token is or begins, to its last fragment. */
  take(token: Token, value: ValueReader): void {
    const { cursor } = value;
    for (this.add(token, cursor); token === Token.fragment && !cursor.isLast; this.add(token, cursor)) {
      value.next();
    }
  }

  /** Takes the string of the current token, or the fragment of one, the first of which begins it. */
  add(token: Token, cursor: ValueCursor): void {
    const isFragment = token === Token.fragment;
    if (!isFragment && cursor.isInteger) cursor.formatInteger();
    if (!isFragment || cursor.isFirst) this.size = 0;
    const { text, textStart, textEnd } = cursor;
    const { size } = this;
    const end = size + textEnd - textStart;
    if (end > this.bytes.length) this.grow(isFragment ? Math.min(2 * end, cursor.total) : 2 * end, end);
    const { bytes } = this;
    if (textEnd - textStart <= SHORT)
      for (let i = textStart, at = size; i < textEnd; ) bytes[at++] = text[i++] as number;
    else bytes.set(text.subarray(textStart, textEnd), size);
    this.size = end;
  }

  private grow(wanted: number, needed: number): void {
    const grown = new Uint8Array(Math.max(wanted, needed));
    grown.set(this.bytes.subarray(0, this.size));
    this.bytes = grown;
  }
}
