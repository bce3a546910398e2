/**
 * What stands in for a string:
 * - `fixed`: a text, the same for all;
 * - `hash`: 32 hexadecimal digits of a keyed hash, 128 bits;
 * - `noise`: as many bytes as before, drawn anew: letters become letters, digits digits;
 * - `keep`: the string itself, for what is not to be masked by a rule that comes later.
 */
export type MaskMethod =
  | { readonly kind: 'fixed'; readonly text: Uint8Array }
  | { readonly kind: 'hash' | 'noise' | 'keep' };

/**
 * A keyed hash of at least 32 bytes that nobody can compute, or invert by trying likely inputs,
 * without the key: HMAC-SHA-256. A fingerprint for tables would not do: who knows the input of one
 * hash could search its 64-bit keys, and then try names and numbers on all others.
 */
export interface KeyedHash {
  /** Hashes `bytes[start, end)`, with more behind them if `add` is called before `end`. */
  begin(): void;
  add(bytes: Uint8Array, start: number, end: number): void;
  /** The hash, borrowed until the next is begun. */
  end(): Uint8Array;
}
