import type { ValueType } from '../types.js';

/**
 * A serialized value: what stands behind the key in a dump. It is borrowed, whatever its size,
 * until the encoder that made it begins its next value.
 */
export interface EncodedValue {
  readonly type: ValueType;
  /** Serialized bytes, without the type byte. */
  readonly size: number;
  /** The serialized bytes, each piece borrowed until the next; can be asked for again. */
  pieces(): Iterable<Uint8Array>;
  /** Gives temporary files back. */
  close(): void;
}
