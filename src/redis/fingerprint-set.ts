const WORDS = 4;
const FIRST_SLOTS = 1024;

/** A set of 128-bit fingerprints in flat memory, 32 bytes each or less. */
export class FingerprintSet {
  size = 0;
  /** Four words a slot; all zero where it is free. */
  private words = new Int32Array(FIRST_SLOTS * WORDS);

  add(print: Int32Array): void {
    const at = this.find(this.words, print);
    if (!isFree(this.words, at)) return;
    this.put(this.words, at, print);
    this.size++;
    if (this.size > (this.words.length / WORDS) * 0.75) this.grow();
  }

  has(print: Int32Array): boolean {
    return !isFree(this.words, this.find(this.words, print));
  }

  clear(): void {
    this.words = new Int32Array(FIRST_SLOTS * WORDS);
    this.size = 0;
  }

  /** Where a fingerprint stands, or would. */
  private find(words: Int32Array, print: Int32Array): number {
    const mask = words.length / WORDS - 1;
    for (let slot = (print[1] as number) & mask; ; slot = (slot + 1) & mask) {
      const at = WORDS * slot;
      if (isFree(words, at)) return at;
      // The lowest bit is always set, so that no fingerprint is all zero.
      if (words[at] !== ((print[0] as number) | 1)) continue;
      if (words[at + 1] === print[1] && words[at + 2] === print[2] && words[at + 3] === print[3]) return at;
    }
  }

  private put(words: Int32Array, at: number, print: Int32Array): void {
    words.set(print, at);
    words[at] = (print[0] as number) | 1;
  }

  private grow(): void {
    const { words } = this;
    const grown = new Int32Array(2 * words.length);
    for (let at = 0; at < words.length; at += WORDS) {
      if (isFree(words, at)) continue;
      const print = words.subarray(at, at + WORDS);
      this.put(grown, this.find(grown, print), print);
    }
    this.words = grown;
  }
}

function isFree(words: Int32Array, at: number): boolean {
  return words[at] === 0;
}
