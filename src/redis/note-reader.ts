import { readUint32LE } from '../bytes/integer.js';
import type { Spill } from '../spill.js';

/** Bytes of a note before the key: kind, database, expiry, size of the key. */
export const NOTE_HEAD = 17;

/** Kind of a note that says that two databases traded places: its database, and its expiry. */
export const SWAP = 4;

const CHUNK = 256 * 1024;

/** Reads notes of `HeldNotes` one after another; each stands in it until the next. */
export class NoteReader {
  /** Position in the store behind the last note that was whole. */
  position: number;
  kind = 0;
  db = 0;
  atMs = 0;
  /** The key is `bytes[keyStart, keyEnd)`. */
  keyStart = 0;
  keyEnd = 0;
  bytes = new Uint8Array(CHUNK);
  private view = new DataView(this.bytes.buffer);
  private at = 0;
  private filled = 0;
  /** How far the store is read: what is put there meanwhile is not told. */
  private readonly end: number;

  /** @param start position of the first note */
  constructor(
    private readonly store: Spill,
    start: number,
  ) {
    this.position = start;
    this.end = store.size;
  }

  /** Reads the next note; false when there is none, or only a part of one. */
  next(): boolean {
    if (!this.holds(NOTE_HEAD)) return false;
    const size = NOTE_HEAD + readUint32LE(this.bytes, this.at + 13);
    if (!this.holds(size)) return false;
    const { bytes, at } = this;
    this.kind = bytes[at] as number;
    this.db = readUint32LE(bytes, at + 1);
    this.atMs = this.view.getFloat64(at + 5, true);
    this.keyStart = at + NOTE_HEAD;
    this.keyEnd = at + size;
    this.at += size;
    this.position += size;
    return true;
  }

  /** Makes sure that the next `size` bytes are in memory; false when there are not so many. */
  private holds(size: number): boolean {
    const left = this.filled - this.at;
    if (size <= left) return true;
    if (this.position + size > this.end) return false;
    const rest = this.bytes.subarray(this.at, this.filled);
    if (size > this.bytes.length) {
      const grown = new Uint8Array(size);
      grown.set(rest);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    } else this.bytes.copyWithin(0, this.at, this.filled);
    this.at = 0;
    this.filled = Math.min(this.bytes.length, this.end - this.position);
    this.store.readAt(this.position + left, this.bytes.subarray(left, this.filled));
    return true;
  }
}
