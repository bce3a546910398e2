import { copyBytes } from '../../encodings/packed-writer.js';

/** Strings held one behind the other until it is known how to write them. Kept for many values. */
export class HeldItems {
  count = 0;
  bytes: Uint8Array = new Uint8Array(1024);
  private ends = new Int32Array(64);

  clear(): void {
    this.count = 0;
  }

  add(source: Uint8Array, start: number, end: number): void {
    const at = this.size;
    const to = at + end - start;
    if (to > this.bytes.length) {
      const grown = new Uint8Array(Math.max(to, 2 * this.bytes.length));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    if (this.count === this.ends.length) {
      const grown = new Int32Array(2 * this.count);
      grown.set(this.ends);
      this.ends = grown;
    }
    copyBytes(this.bytes, at, source, start, end);
    this.ends[this.count++] = to;
  }

  /** Bytes of all strings together. */
  get size(): number {
    return this.endOf(this.count - 1);
  }

  /** String `index` is `bytes[startOf(index), endOf(index))`. */
  startOf(index: number): number {
    return this.endOf(index - 1);
  }

  endOf(index: number): number {
    return index < 0 ? 0 : (this.ends[index] as number);
  }

  /** Whether string `index` is the same as `source[start, end)`. */
  equals(index: number, source: Uint8Array, start: number, end: number): boolean {
    const from = this.startOf(index);
    if (this.endOf(index) - from !== end - start) return false;
    for (let i = start; i < end; i++) if (this.bytes[from + i - start] !== source[i]) return false;
    return true;
  }

  /** Order of two strings by their bytes, a shorter one before those that it begins. */
  compare(a: number, b: number): number {
    const { bytes } = this;
    const [startA, startB] = [this.startOf(a), this.startOf(b)];
    const [sizeA, sizeB] = [this.endOf(a) - startA, this.endOf(b) - startB];
    const common = Math.min(sizeA, sizeB);
    for (let i = 0; i < common; i++) {
      const difference = (bytes[startA + i] as number) - (bytes[startB + i] as number);
      if (difference !== 0) return difference;
    }
    return sizeA - sizeB;
  }

  /** Index of a string that stands in this list before, looking at every `step`th; -1 when all differ. */
  repeated(step: number): number {
    const slots = 2 << (32 - Math.clz32(Math.ceil(this.count / step)));
    if (this.slots.length < slots) this.slots = new Int32Array(slots);
    this.slots.fill(0, 0, slots);
    for (let i = 0; i < this.count; i += step) {
      const start = this.startOf(i);
      const end = this.endOf(i);
      let slot = this.hash(start, end) & (slots - 1);
      for (let other = this.slots[slot] as number; other !== 0; other = this.slots[slot] as number) {
        if (this.equals(other - 1, this.bytes, start, end)) return i;
        slot = (slot + 1) & (slots - 1);
      }
      this.slots[slot] = i + 1;
    }
    return -1;
  }

  private slots = new Int32Array(64);

  private hash(start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (this.bytes[i] as number), 0x01000193);
    return hash ^ (hash >>> 15);
  }
}
