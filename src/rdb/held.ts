import { putInteger } from '../bytes/ascii.js';
import { lzfDecompress } from '../codec/lzf.js';
import { ExtentWalker } from './extent.js';
import { StringForm } from './scanner.js';

/** Reads the strings of a file that are held whole: keys, aux fields, functions, template names. */
export class HeldReader extends ExtentWalker {
  /** The string that `readText` found is `text[textStart, textEnd)`. */
  text: Uint8Array = this.bytes;
  textStart = 0;
  textEnd = 0;
  /** Text of integer strings, for as long as a batch lives. */
  private digits = new Uint8Array(4096);
  private digitsEnd = 0;

  /** Forgets the texts of integers that were handed out. */
  releaseDigits(): void {
    this.digitsEnd = 0;
  }

  /**
   * Reads a string, in place where it is stored raw. False when bytes are missing.
   * @throws RdbkitError LIMIT_EXCEEDED when it is longer than `limits.maxHeldString`
   */
  readText(what: string): boolean {
    const start = this.at;
    if (!this.readStringHeader()) return false;
    const { stored, form } = this;
    const size = form === StringForm.integer ? stored : Math.max(stored, this.size);
    this.requireHeld(size, what);
    if (this.at + stored > this.end) {
      this.at = start;
      return false;
    }
    switch (form) {
      case StringForm.raw:
        this.text = this.bytes;
        this.textStart = this.at;
        this.textEnd = this.at + stored;
        break;
      case StringForm.integer:
        this.formatInteger(this.storedInteger());
        break;
      case StringForm.lzf: {
        const text = lzfDecompress(this.bytes, this.at, this.at + stored, this.size);
        if (text === undefined) {
          this.at = start;
          throw this.corrupt(`the LZF block of ${what} is damaged`);
        }
        this.text = text;
        this.textStart = 0;
        this.textEnd = text.length;
      }
    }
    this.at += stored;
    return true;
  }

  /** As `readText`, as a copy; undefined when bytes are missing. */
  readCopy(what: string): Uint8Array | undefined {
    return this.readText(what) ? this.text.slice(this.textStart, this.textEnd) : undefined;
  }

  /** @throws RdbkitError LIMIT_EXCEEDED when something of that size may not be held whole */
  requireHeld(size: number, what: string): void {
    this.requireRoom(size, this.limits.maxHeldString, what);
  }

  /** @throws RdbkitError LIMIT_EXCEEDED when `size` exceeds `limit` */
  requireRoom(size: number, limit: number, what: string): void {
    if (size > limit) {
      throw this.error('LIMIT_EXCEEDED', `${what} of ${size} bytes, more than the limit of ${limit}`);
    }
  }

  private formatInteger(value: number): void {
    if (this.digitsEnd + 16 > this.digits.length) {
      // Texts handed out before keep the buffer they are in.
      this.digits = new Uint8Array(this.digits.length);
      this.digitsEnd = 0;
    }
    this.text = this.digits;
    this.textStart = this.digitsEnd;
    this.textEnd = putInteger(this.digits, this.digitsEnd, value);
    this.digitsEnd = this.textEnd;
  }
}
