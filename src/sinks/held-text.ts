import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';

/** Up to so many bytes a loop copies faster than `set`, which needs a view of its own. */
const SHORT = 96;

/** A string that is kept while the cursor goes on. */
export class HeldText {
  bytes = new Uint8Array(256);
  size = 0;

  /** Takes the string that the current token is or begins, to its last fragment. */
  take(token: Token, value: ValueReader): void {
    const { cursor } = value;
    this.size = 0;
    if (token === Token.fragment) {
      for (this.append(cursor); !cursor.isLast; this.append(cursor)) value.next();
      return;
    }
    if (cursor.isInteger) cursor.formatInteger();
    this.append(cursor);
  }

  private append({ text, textStart, textEnd }: ValueCursor): void {
    const { size } = this;
    const end = size + textEnd - textStart;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(2 * end);
      grown.set(this.bytes.subarray(0, size));
      this.bytes = grown;
    }
    const { bytes } = this;
    if (textEnd - textStart <= SHORT)
      for (let i = textStart, at = size; i < textEnd; ) bytes[at++] = text[i++] as number;
    else bytes.set(text.subarray(textStart, textEnd), size);
    this.size = end;
  }
}
