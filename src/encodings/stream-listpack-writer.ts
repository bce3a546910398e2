import { ListpackWriter } from './listpack-writer.js';

const SAME_FIELDS = 2;

/** The live count, the first item of a node: one byte up to this, so that it can be set at the end. */
export const MAX_NODE_ENTRIES = 127;

/** Where the live count stands: behind the header of the listpack. */
const LIVE_COUNT = 6;

/**
 * Builds the nodes of a stream (Redis' t_stream.c): a master entry with the fields of the first
 * entry, then every entry as a difference to it.
 */
export class StreamListpackWriter {
  readonly items: ListpackWriter;
  /** Entries of the node. */
  entries = 0;
  private msHigh = 0;
  private msLow = 0;
  private seqHigh = 0;
  private seqLow = 0;

  constructor(backlen: 'old' | 'new') {
    this.items = new ListpackWriter(backlen);
  }

  /** Bytes of the node so far, its end included. */
  get size(): number {
    return this.items.size + 1;
  }

  /** Begins a node whose first entry has this id and so many fields; their names are added next. */
  begin(msHigh: number, msLow: number, seqHigh: number, seqLow: number, fields: number): void {
    this.msHigh = msHigh;
    this.msLow = msLow;
    this.seqHigh = seqHigh;
    this.seqLow = seqLow;
    this.entries = 0;
    const { items } = this;
    items.begin();
    items.addInteger(0);
    items.addInteger(0);
    items.addInteger(fields);
  }

  endMaster(): void {
    this.items.addInteger(0);
  }

  /**
   * Begins an entry; its values are added next, or when it has other fields than the master entry
   * its fields and values in turn.
   */
  beginEntry(
    msHigh: number,
    msLow: number,
    seqHigh: number,
    seqLow: number,
    fields: number,
    sameFields: boolean,
  ): void {
    const { items } = this;
    items.addInteger(sameFields ? SAME_FIELDS : 0);
    this.addDifference(msHigh, msLow, this.msHigh, this.msLow);
    this.addDifference(seqHigh, seqLow, this.seqHigh, this.seqLow);
    if (!sameFields) items.addInteger(fields);
  }

  endEntry(fields: number, sameFields: boolean): void {
    this.items.addInteger(sameFields ? fields + 3 : 2 * fields + 4);
    this.entries++;
  }

  /** Completes the node: `items.bytes[0, items.size)`. */
  finish(): void {
    this.items.finish();
    this.items.bytes[LIVE_COUNT] = this.entries;
  }

  /** Adds `a - b`; both wrap at 2^64 as in C. */
  private addDifference(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
    const borrow = aLow >>> 0 < bLow >>> 0 ? 1 : 0;
    this.items.addHalves((aHigh - bHigh - borrow) | 0, (aLow - bLow) | 0);
  }
}
