import { Fingerprint } from '../codec/fingerprint.js';
import { RdbkitError } from '../errors.js';
import type { Stage } from '../pipeline.js';
import type { KeyHead } from '../record.js';
import { COLLISION } from './collisions.js';

const WORDS = 4;
const FIRST_KEYS = 1024;

export interface FirstOnlyOptions {
  /** Four random words for the fingerprints. */
  readonly key: Int32Array;
  /** What becomes of the others: they are failed, or skipped. */
  readonly conflict: 'fail' | 'skip';
  /** Asked at the first key: whether keys can come more than once at all. */
  readonly isNeeded: () => boolean;
  /** The most keys that are remembered, 32 bytes each or less. */
  readonly maxKeys: number;
}

/**
 * Lets the first of several records of one database and name pass, where the input cannot be read
 * twice to find them beforehand. Every key is remembered as a fingerprint.
 */
export function firstOnly({ key, conflict, isNeeded, maxKeys }: FirstOnlyOptions): Stage {
  const fingerprint = new Fingerprint(key);
  const seen = new SeenWords(maxKeys);
  let needed: boolean | undefined;
  const isFirst = ({ db, keyBytes, keyStart, keyEnd }: KeyHead) => {
    fingerprint.of(db, keyBytes, keyStart, keyEnd);
    return seen.add(fingerprint.words);
  };
  return {
    name: COLLISION,
    write(record, emit) {
      if (record.kind !== 'key' && record.kind !== 'key-begin') {
        emit(record);
        return;
      }
      needed ??= isNeeded();
      if (!needed || isFirst(record)) emit(record);
      else if (conflict === 'fail') emit.fail(record, { code: 'CONFLICT', cause: COLLISION });
    },
  };
}

/** A set of fingerprints in flat memory. */
class SeenWords {
  private words = new Int32Array(FIRST_KEYS * WORDS);
  private table = new Int32Array(2 * FIRST_KEYS).fill(-1);
  private count = 0;

  constructor(private readonly most: number) {}

  /** False when it was there. @throws RdbkitError LIMIT_EXCEEDED */
  add(words: Int32Array): boolean {
    let slot = this.slotOf(words, 0);
    if ((this.table[slot] as number) >= 0) return false;
    if (2 * (this.count + 1) > this.table.length) {
      this.grow();
      slot = this.slotOf(words, 0);
    }
    this.words.set(words, WORDS * this.count);
    this.table[slot] = this.count++;
    return true;
  }

  private slotOf(words: Int32Array, at: number): number {
    const mask = this.table.length - 1;
    for (let slot = (words[at + 1] as number) & mask; ; slot = (slot + 1) & mask) {
      const other = WORDS * (this.table[slot] as number);
      if (other < 0 || this.equals(other, words, at)) return slot;
    }
  }

  private equals(other: number, words: Int32Array, at: number): boolean {
    for (let i = 0; i < WORDS; i++) if (this.words[other + i] !== words[at + i]) return false;
    return true;
  }

  private grow(): void {
    if (this.count >= this.most) {
      throw new RdbkitError(
        'LIMIT_EXCEEDED',
        `more than ${this.count} keys: too many to find those that come more than once in one reading`,
        { hint: 'put the input into a file first, which is read twice' },
      );
    }
    const words = new Int32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
    this.table = new Int32Array(2 * this.table.length).fill(-1);
    for (let i = 0; i < this.count; i++) this.table[this.slotOf(words, WORDS * i)] = i;
  }
}
