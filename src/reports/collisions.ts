import { Fingerprint } from '../codec/fingerprint.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import type { ReportSink } from '../pipeline.js';
import type { KeyHead, RecordBatch } from '../record.js';
import type { MakeSpill, Spill } from '../spill.js';

/** Fingerprints held in memory; beyond that they go to a file, in blocks by their first byte. */
const HELD = 1 << 20;
const PARTITIONS = 256;
const BLOCK = 512;
const WORDS = 4;

/**
 * Looks for keys that come more than once with the same database and name, as happens when
 * databases, files or names are merged. Every key is remembered as a keyed 128-bit fingerprint: a
 * million of them in memory, any number beyond in a temporary file that is compared part by part,
 * so that memory does not grow with the number of keys.
 */
export class CollisionScan implements ReportSink<Collisions> {
  readonly name = 'collisions';
  private readonly limits: Limits;
  private readonly fingerprint: Fingerprint;
  private held = new Int32Array(1024 * WORDS);
  private count = 0;
  private partitions: Partition[] | undefined;
  private spill: Spill | undefined;

  /**
   * @param key four random words for the fingerprints
   * @param makeSpill opens a place for more than a million keys
   */
  constructor(
    private readonly key: Int32Array,
    private readonly makeSpill: MakeSpill,
    limits?: Partial<Limits>,
  ) {
    this.limits = withLimits(limits);
    this.fingerprint = new Fingerprint(key);
  }

  write(batch: RecordBatch): void {
    for (const record of batch.records) {
      if (record.kind === 'key' || record.kind === 'key-begin') this.add(record);
    }
  }

  close(): Collisions {
    try {
      return this.report();
    } finally {
      this.spill?.close();
    }
  }

  abort(): void {
    this.spill?.close();
  }

  report(): Collisions {
    const found = new Collisions(this.key, this.limits.maxCollisions);
    if (this.partitions === undefined) addRepeated(this.held, this.count, found);
    for (const partition of this.partitions ?? []) {
      const words = partition.load();
      addRepeated(words, words.length / WORDS, found);
    }
    return found;
  }

  private add({ db, keyBytes, keyStart, keyEnd }: KeyHead): void {
    this.fingerprint.of(db, keyBytes, keyStart, keyEnd);
    const { words } = this.fingerprint;
    if (this.partitions !== undefined) {
      (this.partitions[(words[0] as number) >>> 24] as Partition).add(words);
      return;
    }
    if (WORDS * (this.count + 1) > this.held.length) this.grow();
    this.held.set(words, WORDS * this.count++);
    if (this.count === HELD) this.spillHeld();
  }

  private grow(): void {
    const grown = new Int32Array(2 * this.held.length);
    grown.set(this.held);
    this.held = grown;
  }

  private spillHeld(): void {
    const spill = this.makeSpill();
    this.spill = spill;
    this.partitions = Array.from({ length: PARTITIONS }, () => new Partition(spill));
    for (let i = 0; i < this.count; i++) {
      const words = this.held.subarray(WORDS * i, WORDS * (i + 1));
      (this.partitions[(words[0] as number) >>> 24] as Partition).add(words);
    }
    this.held = new Int32Array(0);
    this.count = 0;
  }
}

/** The fingerprints that begin with one byte: blocks in the file, and the last one in memory. */
class Partition {
  private readonly block = new Int32Array(BLOCK * WORDS);
  private filled = 0;
  private readonly offsets: number[] = [];

  constructor(private readonly spill: Spill) {}

  add(words: Int32Array): void {
    this.block.set(words, this.filled);
    this.filled += WORDS;
    if (this.filled < this.block.length) return;
    this.offsets.push(this.spill.write(new Uint8Array(this.block.buffer)));
    this.filled = 0;
  }

  load(): Int32Array {
    const { block, filled, offsets } = this;
    const words = new Int32Array(offsets.length * block.length + filled);
    for (const [i, offset] of offsets.entries()) {
      this.spill.readAt(offset, new Uint8Array(words.buffer, i * block.byteLength, block.byteLength));
    }
    words.set(block.subarray(0, filled), offsets.length * block.length);
    return words;
  }
}

/** Finds the fingerprints that come more than once and enters them with their number. */
function addRepeated(words: Int32Array, count: number, found: Collisions): void {
  let size = 1024;
  while (size < 2 * count) size *= 2;
  const table = new Int32Array(size).fill(-1);
  for (let i = 0; i < count; i++) {
    let slot = (words[WORDS * i + 1] as number) & (size - 1);
    let other = table[slot] as number;
    while (other >= 0 && !same(words, WORDS * other, words, WORDS * i)) {
      slot = (slot + 1) & (size - 1);
      other = table[slot] as number;
    }
    if (other < 0) table[slot] = i;
    else found.add(words, WORDS * i);
  }
}

function same(a: Int32Array, i: number, b: Int32Array, j: number): boolean {
  return a[i] === b[j] && a[i + 1] === b[j + 1] && a[i + 2] === b[j + 2] && a[i + 3] === b[j + 3];
}

/** The keys that come more than once, by fingerprint. */
export class Collisions {
  /** Keys with more than one record. */
  keys = 0;
  /** Records beyond the first of each such key. */
  surplus = 0;
  private words = new Int32Array(64 * WORDS);
  private table = new Int32Array(128).fill(-1);
  /** Records of each key in all, and those seen by `occurrence`. */
  private totals = new Int32Array(64);
  private seen = new Int32Array(64);
  private readonly fingerprint: Fingerprint;

  constructor(
    key: Int32Array,
    private readonly limit: number,
  ) {
    this.fingerprint = new Fingerprint(key);
  }

  /** Enters one more record of the fingerprint at `words[at]`. */
  add(words: Int32Array, at: number): void {
    this.surplus++;
    let slot = this.slotOf(words, at);
    if ((this.table[slot] as number) < 0) {
      if (this.keys >= this.limit) {
        throw new RdbkitError('LIMIT_EXCEEDED', `more than ${this.limit} keys collide`, {
          hint: 'map them apart, for example with --add-prefix in two runs',
        });
      }
      if (4 * (this.keys + 1) > this.table.length) {
        this.grow();
        slot = this.slotOf(words, at);
      }
      this.words.set(words.subarray(at, at + WORDS), WORDS * this.keys);
      this.totals[this.keys] = 1;
      this.table[slot] = this.keys++;
    }
    const key = this.table[slot] as number;
    this.totals[key] = (this.totals[key] as number) + 1;
  }

  /** Which of how many records of its key this is, counted from 1; undefined for a single one. */
  occurrence({ db, keyBytes, keyStart, keyEnd }: KeyHead): { index: number; total: number } | undefined {
    if (this.keys === 0) return undefined;
    this.fingerprint.of(db, keyBytes, keyStart, keyEnd);
    const key = this.table[this.slotOf(this.fingerprint.words, 0)] as number;
    if (key < 0) return undefined;
    const index = (this.seen[key] as number) + 1;
    this.seen[key] = index;
    return { index, total: this.totals[key] as number };
  }

  private slotOf(words: Int32Array, at: number): number {
    const mask = this.table.length - 1;
    let slot = (words[at + 1] as number) & mask;
    for (;;) {
      const key = this.table[slot] as number;
      if (key < 0 || same(this.words, WORDS * key, words, at)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const size = 2 * this.table.length;
    this.words = grown(this.words, WORDS * (size / 2));
    this.totals = grown(this.totals, size / 2);
    this.seen = grown(this.seen, size / 2);
    this.table = new Int32Array(size).fill(-1);
    for (let key = 0; key < this.keys; key++) this.table[this.slotOf(this.words, WORDS * key)] = key;
  }
}

function grown(words: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(size);
  next.set(words);
  return next;
}
