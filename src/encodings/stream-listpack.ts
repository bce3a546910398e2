import { readInt32BE } from '../bytes/integer.js';
import { ListpackReader } from './listpack.js';
import { corruptBlob, corruptHeader } from './packed.js';

/** What `StreamListpackReader.next` found. */
export const StreamItem = { end: 0, entry: 1, field: 2, value: 3 } as const;
export type StreamItem = (typeof StreamItem)[keyof typeof StreamItem];

const DELETED = 1;
const SAME_FIELDS = 2;

/**
 * Reads one node of a stream (Redis' t_stream.c): a listpack that holds a master entry, then every
 * entry, live or deleted, as flags, id delta, fields and the number of items it took.
 */
export class StreamListpackReader {
  readonly encoding = 'stream listpack';
  /** The entry's id as four signed 32-bit halves. */
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;
  deleted = false;
  /** Number of field-value pairs of the current entry. */
  pairs = 0;
  isInteger = false;
  high = 0;
  low = 0;
  start = 0;
  end = 0;
  /** Live entries of the node passed so far. */
  live = 0;

  readonly items = new ListpackReader();
  private masterMsHigh = 0;
  private masterMsLow = 0;
  private masterSeqHigh = 0;
  private masterSeqLow = 0;
  /** The master entry's field names, five numbers each: isInteger, high, low, start, end. */
  private masterFields = new Int32Array(5 * 16);
  private masterCount = 0;
  private declaredLive = 0;
  private declaredDeleted = 0;
  private entries = 0;
  private deletedEntries = 0;
  private sameFields = false;
  private pair = 0;
  private nextIsValue = false;

  get bytes(): Uint8Array {
    return this.items.bytes;
  }

  /**
   * Opens the node `[start, end)` whose master id is the 16 bytes at `master` of `id`.
   * @throws RdbkitError INPUT_CORRUPT when the master entry is malformed
   */
  open(bytes: Uint8Array, start: number, end: number, id: Uint8Array, master: number): void {
    this.masterMsHigh = readInt32BE(id, master);
    this.masterMsLow = readInt32BE(id, master + 4);
    this.masterSeqHigh = readInt32BE(id, master + 8);
    this.masterSeqLow = readInt32BE(id, master + 12);
    this.items.open(bytes, start, end);
    this.declaredLive = this.natural('the live count');
    this.declaredDeleted = this.natural('the deleted count');
    this.masterCount = this.natural('the field count');
    this.reserveFields(this.masterCount, end - start);
    for (let i = 0; i < this.masterCount; i++) {
      this.take('a field name of the master entry');
      this.keepField(i);
    }
    if (this.natural('the end of the master entry') !== 0) {
      throw corruptHeader(this.encoding, 'the master entry does not end with 0');
    }
    this.entries = 0;
    this.deletedEntries = 0;
    this.live = 0;
    this.pair = 0;
    this.pairs = 0;
    this.nextIsValue = false;
  }

  /** @throws RdbkitError INPUT_CORRUPT when the node is malformed */
  next(): StreamItem {
    if (this.nextIsValue) {
      this.take('a value');
      this.copyItem();
      this.nextIsValue = false;
      this.pair++;
      if (this.pair === this.pairs) this.endEntry();
      return StreamItem.value;
    }
    if (this.pair < this.pairs) {
      if (this.sameFields) {
        this.copyField(this.pair);
      } else {
        this.take('a field');
        this.copyItem();
      }
      this.nextIsValue = true;
      return StreamItem.field;
    }
    return this.entry();
  }

  private entry(): StreamItem {
    if (this.entries === this.declaredLive + this.declaredDeleted) {
      if (this.items.next()) throw this.corrupt('stands after the last entry');
      if (this.deletedEntries !== this.declaredDeleted) {
        throw corruptHeader(
          this.encoding,
          `declares ${this.declaredDeleted} deleted entries where ${this.deletedEntries} are`,
        );
      }
      return StreamItem.end;
    }
    this.entries++;
    const flags = this.natural('the flags');
    if (flags > (DELETED | SAME_FIELDS)) throw this.corrupt(`has unknown flags ${flags}`);
    this.deleted = (flags & DELETED) !== 0;
    this.sameFields = (flags & SAME_FIELDS) !== 0;
    if (this.deleted) this.deletedEntries++;
    else this.live++;
    this.readId();
    this.pairs = this.sameFields ? this.masterCount : this.natural('the field count');
    this.pair = 0;
    if (this.pairs === 0) this.endEntry();
    return StreamItem.entry;
  }

  /** Adds the two deltas to the master id; both halves wrap at 2^64 as in C. */
  private readId(): void {
    const { items } = this;
    this.takeInteger('the ms delta');
    const msLow = (this.masterMsLow >>> 0) + (items.low >>> 0);
    this.msLow = msLow | 0;
    this.msHigh = (this.masterMsHigh + items.high + (msLow > 0xffff_ffff ? 1 : 0)) | 0;
    this.takeInteger('the sequence delta');
    const seqLow = (this.masterSeqLow >>> 0) + (items.low >>> 0);
    this.seqLow = seqLow | 0;
    this.seqHigh = (this.masterSeqHigh + items.high + (seqLow > 0xffff_ffff ? 1 : 0)) | 0;
  }

  private endEntry(): void {
    const expected = this.sameFields ? this.pairs + 3 : 2 * this.pairs + 4;
    const count = this.natural('the item count');
    if (count !== expected) throw this.corrupt(`says ${count} items where ${expected} are`);
  }

  private take(what: string): void {
    if (!this.items.next()) throw this.corrupt(`the listpack ends before ${what}`);
  }

  private takeInteger(what: string): void {
    this.take(what);
    if (!this.items.isInteger) throw this.corrupt(`${what} is no integer`);
  }

  private natural(what: string): number {
    this.takeInteger(what);
    const { high, low } = this.items;
    if (high !== 0 || low < 0) throw this.corrupt(`${what} is out of range`);
    return low;
  }

  private copyItem(): void {
    const { items } = this;
    this.isInteger = items.isInteger;
    this.high = items.high;
    this.low = items.low;
    this.start = items.start;
    this.end = items.end;
  }

  private keepField(index: number): void {
    const { items, masterFields } = this;
    const at = 5 * index;
    masterFields[at] = items.isInteger ? 1 : 0;
    masterFields[at + 1] = items.high;
    masterFields[at + 2] = items.low;
    masterFields[at + 3] = items.start;
    masterFields[at + 4] = items.end;
  }

  private copyField(index: number): void {
    const { masterFields } = this;
    const at = 5 * index;
    this.isInteger = masterFields[at] === 1;
    this.high = masterFields[at + 1] as number;
    this.low = masterFields[at + 2] as number;
    this.start = masterFields[at + 3] as number;
    this.end = masterFields[at + 4] as number;
  }

  /** Every field name takes two bytes at least, so the blob's size bounds what is allocated. */
  private reserveFields(count: number, blobBytes: number): void {
    if (2 * count > blobBytes) {
      throw corruptHeader(this.encoding, `declares ${count} fields in a blob of ${blobBytes} bytes`);
    }
    if (5 * count > this.masterFields.length) this.masterFields = new Int32Array(5 * count);
  }

  private corrupt(message: string): Error {
    return corruptBlob(this.encoding, this.items.count, message);
  }
}
