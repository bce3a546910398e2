import { highHalf, type Integer, lowHalf, signedInteger, unsignedInteger } from '../../bytes/integer.js';
import { idHalves } from '../stream-id.js';
import type { StreamId } from '../values/value.js';

/** Stands for the holder of an entry that nobody holds. */
export const NOBODY = -1;

/** Words of an entry: its id, when it was delivered, how often, and who holds it. */
const WORDS = 9;
const HOLDER = 8;

const FIRST_ENTRIES = 64;

/** The pending entries of a stream's group, in the order in which they come, 36 bytes each. */
export class GroupPending {
  size = 0;
  /** Entries that nobody holds. */
  nacked = 0;
  /** Names of the consumers that hold some, as texts of Latin-1. */
  readonly holders: string[] = [];
  private readonly indexes = new Map<string, number>();
  private words = new Int32Array(WORDS * FIRST_ENTRIES);

  /** The index of a consumer among those that hold some. @param name a text of Latin-1 */
  holder(name: string): number {
    let index = this.indexes.get(name);
    if (index === undefined) {
      index = this.holders.push(name) - 1;
      this.indexes.set(name, index);
    }
    return index;
  }

  /** @param holder what `holder` has said, or `NOBODY` */
  add(id: StreamId, holder: number, deliveredAtMs: Integer, deliveries: Integer): void {
    const at = WORDS * this.size++;
    if (at === this.words.length) {
      const grown = new Int32Array(2 * at);
      grown.set(this.words);
      this.words = grown;
    }
    const { words } = this;
    words.set(idHalves(id), at);
    words[at + 4] = highHalf(deliveredAtMs);
    words[at + 5] = lowHalf(deliveredAtMs);
    words[at + 6] = highHalf(deliveries);
    words[at + 7] = lowHalf(deliveries);
    words[at + HOLDER] = holder;
    if (holder === NOBODY) this.nacked++;
  }

  /** The halves of the id of an entry. */
  idAt(index: number): Int32Array {
    return this.words.subarray(WORDS * index, WORDS * index + 4);
  }

  deliveredAtMs(index: number): Integer {
    return signedInteger(this.words[WORDS * index + 4] as number, this.words[WORDS * index + 5] as number);
  }

  deliveries(index: number): Integer {
    return unsignedInteger(this.words[WORDS * index + 6] as number, this.words[WORDS * index + 7] as number);
  }

  holderAt(index: number): number {
    return this.words[WORDS * index + HOLDER] as number;
  }

  /**
   * The indexes of the entries that each consumer holds, in their order: those of `holders`, and
   * at the end those that nobody holds.
   */
  byHolder(): readonly Int32Array[] {
    const groups = this.holders.length + 1;
    const place = (index: number) => (this.holderAt(index) + groups) % groups;
    const ends = new Int32Array(groups + 1);
    for (let i = 0; i < this.size; i++) ends[place(i) + 1] = (ends[place(i) + 1] as number) + 1;
    for (let group = 1; group <= groups; group++)
      ends[group] = (ends[group] as number) + (ends[group - 1] as number);
    const order = new Int32Array(this.size);
    const next = ends.slice();
    for (let i = 0; i < this.size; i++) {
      const group = place(i);
      const at = next[group] as number;
      order[at] = i;
      next[group] = at + 1;
    }
    return Array.from({ length: groups }, (_, group) => order.subarray(ends[group], ends[group + 1]));
  }
}
