import { ByteWriter } from '../bytes/writer.js';
import { RdbkitError } from '../errors.js';

/** Up to so many characters a loop is faster than the encoder, which needs a view of its own. */
const SHORT = 64;

/** Characters for which room is made at a time, three bytes each. */
const PIECE = 256 * 1024;

const encoder = new TextEncoder();

/** The bytes that texts of a record stand for, one text behind the other. Kept for many records. */
export class TextBytes {
  out = new ByteWriter();
  /** Whether characters are single bytes (`"bytes":"latin1"`); else they are written as UTF-8. */
  isLatin1 = false;

  get bytes(): Uint8Array {
    return this.out.bytes;
  }

  clear(): void {
    this.out.size = 0;
  }

  /** Gives its memory back. */
  release(): void {
    this.out = new ByteWriter();
  }

  /**
   * Adds the bytes of a text.
   * @throws RdbkitError INPUT_CORRUPT for characters that stand for no bytes
   */
  put(text: string): void {
    if (this.isLatin1) this.putLatin1(text);
    else if (!this.putShortAscii(text)) this.putUtf8(text);
  }

  private putLatin1(text: string): void {
    const { out } = this;
    const bytes = out.reserve(text.length);
    const at = out.size;
    let bits = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      bits |= code;
      bytes[at + i] = code;
    }
    if (bits > 0xff)
      throw new RdbkitError('INPUT_CORRUPT', 'a character above U+00FF where "bytes" is "latin1"');
    out.size = at + text.length;
  }

  private putShortAscii(text: string): boolean {
    const { length } = text;
    if (length > SHORT) return false;
    const { out } = this;
    const bytes = out.reserve(length);
    const at = out.size;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + i] = code;
    }
    out.size = at + length;
    return true;
  }

  private putUtf8(text: string): void {
    const { out } = this;
    for (let start = 0; start < text.length; ) {
      const piece = text.length <= PIECE ? text : text.slice(start, pieceEnd(text, start));
      const bytes = out.reserve(3 * piece.length);
      const { read, written } = encoder.encodeInto(piece, bytes.subarray(out.size));
      if (read !== piece.length || !isWellFormed(piece, written)) {
        throw new RdbkitError('INPUT_CORRUPT', 'half of a surrogate pair stands for no character');
      }
      out.size += written;
      start += piece.length;
    }
  }
}

/** Where a piece ends that begins at `start`, and cuts no surrogate pair. */
function pieceEnd(text: string, start: number): number {
  const end = Math.min(text.length, start + PIECE);
  const last = text.charCodeAt(end - 1);
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}

/** Whether no surrogate stands alone. `size` is that of the text in UTF-8. */
function isWellFormed(text: string, size: number): boolean {
  if (size === text.length) return true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xd800 || code > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    i++;
  }
  return true;
}
