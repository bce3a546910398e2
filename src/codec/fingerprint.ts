import { readInt32LE } from '../bytes/integer.js';

/**
 * A keyed 128-bit fingerprint of bytes: two runs of HalfSipHash-2-4 (Aumasson and Bernstein),
 * which works on 32-bit words, under different keys. With a random key nobody can prepare two
 * inputs that agree, and by chance they do not at any number of keys a dump can hold.
 */
export class Fingerprint {
  /** The result of `of`, as four 32-bit words. */
  readonly words = new Int32Array(4);
  private v0 = 0;
  private v1 = 0;
  private v2 = 0;
  private v3 = 0;

  /** @param key four words; random where input may be hostile */
  constructor(private readonly key: Int32Array) {}

  /** Computes the fingerprint of `salt` and `bytes[start, end)` into `words`. */
  of(salt: number, bytes: Uint8Array, start: number, end: number): void {
    const [a, b, c, d] = this.key as unknown as [number, number, number, number];
    this.half(a ^ salt, b, bytes, start, end, 0);
    this.half(c ^ salt, d, bytes, start, end, 2);
  }

  private half(k0: number, k1: number, bytes: Uint8Array, start: number, end: number, to: number): void {
    this.v0 = k0;
    this.v1 = k1 ^ 0xee;
    this.v2 = 0x6c796765 ^ k0;
    this.v3 = 0x74656462 ^ k1;
    const wholeEnd = end - ((end - start) & 3);
    for (let at = start; at < wholeEnd; at += 4) this.absorb(readInt32LE(bytes, at));
    let last = (end - start) << 24;
    for (let at = wholeEnd; at < end; at++) last |= (bytes[at] as number) << (8 * (at - wholeEnd));
    this.absorb(last);
    this.v2 ^= 0xee;
    this.rounds(4);
    this.words[to] = this.v1 ^ this.v3;
    this.v1 ^= 0xdd;
    this.rounds(4);
    this.words[to + 1] = this.v1 ^ this.v3;
  }

  private absorb(word: number): void {
    this.v3 ^= word;
    this.rounds(2);
    this.v0 ^= word;
  }

  private rounds(count: number): void {
    let { v0, v1, v2, v3 } = this;
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}
