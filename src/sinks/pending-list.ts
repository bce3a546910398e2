import type { Integer } from '../bytes/integer.js';
import type { ValueCursor } from '../rdb/values/cursor.js';

const FIRST_ENTRIES = 64;

/** Stream ids in flat memory, each as four halves of 32 bits. */
export class IdList {
  size = 0;
  private halves = new Uint32Array(4 * FIRST_ENTRIES);

  clear(): void {
    this.size = 0;
  }

  /** Adds the id of the current entry or id token. */
  add({ msHigh, msLow, seqHigh, seqLow }: ValueCursor): void {
    const at = 4 * this.size++;
    if (at === this.halves.length) {
      const grown = new Uint32Array(2 * at);
      grown.set(this.halves);
      this.halves = grown;
    }
    const { halves } = this;
    halves[at] = msHigh;
    halves[at + 1] = msLow;
    halves[at + 2] = seqHigh;
    halves[at + 3] = seqLow;
  }

  /** Negative, zero or positive as the id at `index` is before, at or behind that of the token. */
  compare(index: number, { msHigh, msLow, seqHigh, seqLow }: ValueCursor): number {
    const { halves } = this;
    const at = 4 * index;
    return (
      (halves[at] as number) - (msHigh >>> 0) ||
      (halves[at + 1] as number) - (msLow >>> 0) ||
      (halves[at + 2] as number) - (seqHigh >>> 0) ||
      (halves[at + 3] as number) - (seqLow >>> 0)
    );
  }

  /** Index of the token's id in a list that ascends, or -1. */
  find(cursor: ValueCursor): number {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = this.compare(middle, cursor);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The same ids in ascending order, each once. */
  sorted(): IdList {
    const { halves, size } = this;
    const order = (a: number, b: number): number =>
      (halves[4 * a] as number) - (halves[4 * b] as number) ||
      (halves[4 * a + 1] as number) - (halves[4 * b + 1] as number) ||
      (halves[4 * a + 2] as number) - (halves[4 * b + 2] as number) ||
      (halves[4 * a + 3] as number) - (halves[4 * b + 3] as number);
    const indexes = Uint32Array.from({ length: size }, (_, i) => i).sort(order);
    const list = new IdList();
    list.halves = new Uint32Array(Math.max(4 * FIRST_ENTRIES, 4 * size));
    indexes.forEach((from, i) => {
      if (i > 0 && order(from, indexes[i - 1] as number) === 0) return;
      for (let half = 0; half < 4; half++)
        list.halves[4 * list.size + half] = halves[4 * from + half] as number;
      list.size++;
    });
    return list;
  }
}

/** What a group knows of its pending entries. */
export class PendingList extends IdList {
  private deliveredAt = new BigInt64Array(FIRST_ENTRIES);
  private deliveries = new BigUint64Array(FIRST_ENTRIES);

  /** Says of the entry added last when it was delivered. */
  setDeliveredAt(at: Integer): void {
    if (this.size > this.deliveredAt.length) this.grow();
    this.deliveredAt[this.size - 1] = BigInt(at);
  }

  /** Says of the entry added last how often it was delivered. */
  setDeliveries(count: Integer): void {
    this.deliveries[this.size - 1] = BigInt(count);
  }

  deliveredAtMs(index: number): bigint {
    return this.deliveredAt[index] as bigint;
  }

  deliveryCount(index: number): bigint {
    return this.deliveries[index] as bigint;
  }

  private grow(): void {
    const deliveredAt = new BigInt64Array(2 * this.deliveredAt.length);
    deliveredAt.set(this.deliveredAt);
    this.deliveredAt = deliveredAt;
    const deliveries = new BigUint64Array(2 * this.deliveries.length);
    deliveries.set(this.deliveries);
    this.deliveries = deliveries;
  }
}
