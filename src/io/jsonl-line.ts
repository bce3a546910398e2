import { RdbkitError } from '../errors.js';
import type { Spill } from '../spill.js';

/** Bytes of a line that become text at a time. */
const PIECE = 64 * 1024;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const EMPTY = new Uint8Array(0);

/** A line of the input, in memory or put aside; it can be read any number of times. */
export class JsonLine {
  /** Number of the line, from 1. */
  number = 0;
  /** Position of the line in the input. */
  offset = 0;
  size = 0;
  /** UTF-16 units of the pieces read so far. */
  units = 0;
  /** Set with a fault: the line is UTF-8 but for its last character, which is cut. */
  endsInCharacter = false;
  private bytes: Uint8Array = EMPTY;
  private start = 0;
  private spill: Spill | undefined;
  private at = 0;

  /** Makes it the line `bytes[start, end)`, borrowed. */
  hold(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.size = end - start;
    this.spill = undefined;
    this.rewind();
  }

  /** Makes it the line that was put aside. */
  putAside(spill: Spill): void {
    this.spill = spill;
    this.size = spill.size;
    this.bytes = EMPTY;
    this.rewind();
  }

  /** The same line, to be read at another place. */
  again(): JsonLine {
    const other = new JsonLine();
    other.number = this.number;
    other.offset = this.offset;
    if (this.spill === undefined) other.hold(this.bytes, this.start, this.start + this.size);
    else other.putAside(this.spill);
    return other;
  }

  rewind(): void {
    this.at = 0;
    this.units = 0;
    this.endsInCharacter = false;
  }

  /**
   * The next piece of the text; undefined behind the last.
   * @throws RdbkitError INPUT_CORRUPT where the line is no UTF-8; `units` tells the place then
   */
  next(): string | undefined {
    if (this.at >= this.size) return undefined;
    const piece = this.piece();
    const isFirst = this.at === 0 && this.number === 1;
    this.at += piece.length;
    try {
      const text = isFirst ? withoutMark(strict.decode(piece)) : strict.decode(piece);
      this.units += text.length;
      return text;
    } catch {
      const { text, isAll } = validPrefix(piece);
      this.units += text.length;
      this.endsInCharacter = isAll;
      throw new RdbkitError('INPUT_CORRUPT', 'not UTF-8');
    }
  }

  /** Whether the bytes of an ASCII text stand somewhere in the line. */
  includes(text: string): boolean {
    if (this.spill === undefined) {
      const { buffer, byteOffset } = this.bytes;
      return Buffer.from(buffer, byteOffset + this.start, this.size).includes(text, 0, 'latin1');
    }
    const window = Buffer.alloc(text.length + PIECE);
    for (let at = 0; at < this.size; at += PIECE) {
      const piece = window.subarray(0, Math.min(window.length, this.size - at));
      this.spill.readAt(at, piece);
      if (piece.includes(text, 0, 'latin1')) return true;
    }
    return false;
  }

  /** The next bytes, cut between two characters. */
  private piece(): Uint8Array {
    const rest = this.size - this.at;
    const size = Math.min(rest, PIECE);
    let bytes = this.bytes.subarray(this.start + this.at, this.start + this.at + size);
    if (this.spill !== undefined) {
      bytes = new Uint8Array(size);
      this.spill.readAt(this.at, bytes);
    }
    return size === rest ? bytes : bytes.subarray(0, characterEnd(bytes));
  }
}

/** The text without the byte-order mark that some editors put before a file. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** The end of the last whole character of UTF-8 bytes that may be cut inside of the next one. */
function characterEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return bytes.length - back;
  }
  return bytes.length;
}

/** The text before the first fault of bytes that are no UTF-8, and whether only the last character is cut. */
function validPrefix(bytes: Uint8Array): { text: string; isAll: boolean } {
  let valid = '';
  let low = 0;
  let high = bytes.length;
  // The prefixes that are valid, but for a character cut at their end, are those before the fault.
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    try {
      valid = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, middle), {
        stream: true,
      });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return { text: valid, isAll: low === bytes.length };
}
