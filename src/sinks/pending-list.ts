import { type Integer, signedInteger, unsignedInteger } from '../bytes/integer.js';
import { compareHalves, type IdHalves } from '../rdb/stream-id.js';
import type { ValueCursor } from '../rdb/values/cursor.js';

const FIRST_ENTRIES = 64;

/** Stream ids in flat memory, each as four halves of 32 bits. */
export class IdList {
  size = 0;
  private halves = new Int32Array(4 * FIRST_ENTRIES);

  clear(): void {
    this.size = 0;
  }

  /** Adds the id of the current entry or id token. */
  add({ msHigh, msLow, seqHigh, seqLow }: IdHalves): void {
    const at = 4 * this.size++;
    if (at === this.halves.length) this.halves = doubled(this.halves);
    const { halves } = this;
    halves[at] = msHigh;
    halves[at + 1] = msLow;
    halves[at + 2] = seqHigh;
    halves[at + 3] = seqLow;
  }

  /** The numbers of the id at `index`. */
  ms(index: number): Integer {
    return unsignedInteger(this.halves[4 * index] as number, this.halves[4 * index + 1] as number);
  }

  seq(index: number): Integer {
    return unsignedInteger(this.halves[4 * index + 2] as number, this.halves[4 * index + 3] as number);
  }

  /** Negative, zero or positive as the id at `index` is before, at or behind that of the token. */
  compare(index: number, { msHigh, msLow, seqHigh, seqLow }: IdHalves): number {
    return compareHalves(this.halves, 4 * index, msHigh, msLow, seqHigh, seqLow);
  }

  /** Index of the token's id in a list that ascends, or -1. */
  find(id: IdHalves): number {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = this.compare(middle, id);
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
      compareHalves(
        halves,
        4 * a,
        halves[4 * b] as number,
        halves[4 * b + 1] as number,
        halves[4 * b + 2] as number,
        halves[4 * b + 3] as number,
      );
    const indexes = Uint32Array.from({ length: size }, (_, i) => i).sort(order);
    const list = new IdList();
    list.halves = new Int32Array(Math.max(4 * FIRST_ENTRIES, 4 * size));
    indexes.forEach((from, i) => {
      if (i > 0 && order(from, indexes[i - 1] as number) === 0) return;
      for (let half = 0; half < 4; half++)
        list.halves[4 * list.size + half] = halves[4 * from + half] as number;
      list.size++;
    });
    return list;
  }
}

/** What a group knows of its pending entries: 32 bytes each. */
export class PendingList extends IdList {
  /** Of each entry two numbers in halves: when and how often it was delivered. */
  private numbers = new Int32Array(4 * FIRST_ENTRIES);

  /** Says of the entry added last when it was delivered, which is the current integer. */
  setDeliveredAt({ valueHigh, valueLow }: ValueCursor): void {
    const at = 4 * this.size - 4;
    if (at >= this.numbers.length) this.numbers = doubled(this.numbers);
    this.numbers[at] = valueHigh;
    this.numbers[at + 1] = valueLow;
  }

  /** Says of the same entry, after that, how often. */
  setDeliveries({ valueHigh, valueLow }: ValueCursor): void {
    const at = 4 * this.size - 2;
    this.numbers[at] = valueHigh;
    this.numbers[at + 1] = valueLow;
  }

  deliveredAtMs(index: number): Integer {
    return signedInteger(this.numbers[4 * index] as number, this.numbers[4 * index + 1] as number);
  }

  deliveries(index: number): Integer {
    return unsignedInteger(this.numbers[4 * index + 2] as number, this.numbers[4 * index + 3] as number);
  }
}

function doubled(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 * numbers.length);
  grown.set(numbers);
  return grown;
}
