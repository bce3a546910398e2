import { type Integer, readInt64LE } from '../../bytes/integer.js';
import { RdbkitError } from '../../errors.js';
import type { ValueBuffer } from './value-buffer.js';

/** Reads what a buffer holds once more, from its beginning. */
export class PieceReader {
  private readonly pieces: Iterator<Uint8Array>;
  private piece: Uint8Array = new Uint8Array(0);
  private at = 0;
  private readonly word = new Uint8Array(8);

  constructor(buffer: ValueBuffer) {
    this.pieces = buffer.pieces()[Symbol.iterator]();
  }

  byte(): number {
    if (this.at === this.piece.length) this.advance();
    return this.piece[this.at++] as number;
  }

  /** Eight bytes, little-endian and signed. */
  int64(): Integer {
    for (let i = 0; i < 8; i++) this.word[i] = this.byte();
    return readInt64LE(this.word, 0);
  }

  /** Puts the next `size` bytes behind everything in `out`. */
  copyTo(out: ValueBuffer, size: number): void {
    for (let left = size; left > 0; ) {
      if (this.at === this.piece.length) this.advance();
      const end = Math.min(this.piece.length, this.at + left);
      out.put(this.piece, this.at, end);
      left -= end - this.at;
      this.at = end;
    }
  }

  private advance(): void {
    const { done, value } = this.pieces.next();
    if (done === true) throw new RdbkitError('INTERNAL', 'a buffer holds less than was put into it');
    this.piece = value;
    this.at = 0;
    if (value.length === 0) this.advance();
  }
}
