import { putInteger } from '../bytes/ascii.js';
import { ByteSet } from '../bytes/byte-set.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { KeyedHash, MaskMethod } from './mask-method.js';
import { MaskNoise, textureOf } from './mask-noise.js';

/** Bytes of a string that its noise depends on; of longer ones its length is taken besides. */
export const SEEN_BYTES = 64 * 1024;

/** Bytes of the hash that `hash` shows; those behind them are the seed of noise. */
const SHOWN_BYTES = 16;

/** Other noise is tried so often before a string that must differ is made longer. */
const ATTEMPTS = 16;

/** Above so many strings memory is given back behind the value. */
const MANY = 65_536;

const HEX = '0123456789abcdef';
const COLON = 0x3a;

/** Replaces strings. What `mask` has made is `bytes[0, size)`, borrowed until the next. */
export class MaskStrings {
  bytes = new Uint8Array(256);
  size = 0;
  readonly noise = new MaskNoise();
  /** Of the value: what strings that must differ were replaced by. */
  private used = new ByteSet();
  private usedBytes = 0;
  private fixedCount = 0;
  private readonly length = new Uint8Array(20);

  constructor(
    private readonly hash: KeyedHash,
    private readonly limits: Limits,
  ) {}

  /** Starts on another value. */
  begin(): void {
    if (this.used.size > MANY) this.used = new ByteSet();
    else if (this.used.size > 0) this.used.clear();
    this.usedBytes = 0;
    this.fixedCount = 0;
  }

  /** Replaces a whole string. */
  mask(method: MaskMethod, bytes: Uint8Array, start: number, end: number): void {
    switch (method.kind) {
      case 'fixed':
        this.putFixed(method.text);
        break;
      case 'hash':
        this.hash.begin();
        this.hash.add(bytes, start, end);
        this.putHash(this.hash.end());
        break;
      case 'noise':
        this.seed(bytes, start, end, end - start);
        this.putNoise(bytes, start, end);
        break;
      case 'keep':
        this.reserve(end - start).set(bytes.subarray(start, end));
        this.size = end - start;
    }
  }

  /**
   * Replaces one of several strings that must differ from each other, as members of a set do:
   * fixed texts are numbered, noise is drawn again, and grows by digits where there is none left.
   * @throws RdbkitError LIMIT_EXCEEDED when there are too many to keep them apart
   */
  maskUnlike(method: MaskMethod, bytes: Uint8Array, start: number, end: number): void {
    this.mask(method, bytes, start, end);
    if (method.kind === 'fixed') {
      do {
        if (this.fixedCount++ > 0) this.putNumbered(method.text, this.fixedCount);
      } while (!this.claim(this.bytes, 0, this.size));
    } else if (method.kind === 'noise') {
      for (let attempt = 1; !this.claim(this.bytes, 0, this.size); attempt++) {
        this.noise.restart();
        this.putNoise(bytes, start, end);
        for (let more = attempt - ATTEMPTS; more > 0; more--) {
          this.reserve(this.size + 1, this.size)[this.size++] = this.noise.digit();
        }
      }
    }
  }

  /** Notes a string that others must differ from; false when it is taken. */
  claim(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.used.has(bytes, start, end)) return false;
    this.usedBytes += end - start;
    if (this.used.size >= this.limits.maxCollisions || this.usedBytes > this.limits.maxKeyList) {
      throw new RdbkitError('LIMIT_EXCEEDED', 'too many members to keep them apart under this mask', {
        hint: 'mask them by hash, which keeps them apart by itself',
      });
    }
    this.used.add(bytes.subarray(start, end));
    return true;
  }

  /** The hash of a string that comes in pieces. */
  beginHash(): void {
    this.hash.begin();
  }

  addHash(bytes: Uint8Array, start: number, end: number): void {
    this.hash.add(bytes, start, end);
  }

  endHash(): void {
    this.putHash(this.hash.end());
  }

  /** Readies the noise for a string of `total` bytes, which begins with `bytes[start, end)`. */
  seed(bytes: Uint8Array, start: number, end: number, total: number): void {
    const seenEnd = Math.min(end, start + SEEN_BYTES);
    this.hash.begin();
    this.hash.add(bytes, start, seenEnd);
    if (total > SEEN_BYTES) this.hash.add(this.length, 0, putInteger(this.length, 0, total));
    this.noise.begin(textureOf(bytes, start, seenEnd), this.hash.end(), SHOWN_BYTES);
  }

  putNoise(bytes: Uint8Array, start: number, end: number): void {
    this.size = end - start;
    this.noise.put(this.reserve(this.size), 0, bytes, start, end);
  }

  putFixed(text: Uint8Array): void {
    this.reserve(text.length).set(text);
    this.size = text.length;
  }

  private putNumbered(text: Uint8Array, number: number): void {
    this.putFixed(text);
    const target = this.reserve(this.size + 20, this.size);
    target[this.size] = COLON;
    this.size = putInteger(target, this.size + 1, number);
  }

  private putHash(hash: Uint8Array): void {
    const target = this.reserve(2 * SHOWN_BYTES);
    for (let i = 0; i < SHOWN_BYTES; i++) {
      const byte = hash[i] as number;
      target[2 * i] = HEX.charCodeAt(byte >> 4);
      target[2 * i + 1] = HEX.charCodeAt(byte & 15);
    }
    this.size = 2 * SHOWN_BYTES;
  }

  /** Room for `size` bytes, of which the first `kept` stay. */
  private reserve(size: number, kept = 0): Uint8Array {
    if (size > this.bytes.length) {
      const grown = new Uint8Array(Math.max(size, Math.min(2 * this.bytes.length, size + SEEN_BYTES)));
      grown.set(this.bytes.subarray(0, kept));
      this.bytes = grown;
    }
    return this.bytes;
  }
}
