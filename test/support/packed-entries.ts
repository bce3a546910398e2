import fc from 'fast-check';
import { expect } from 'vitest';
import type { PackedReader } from '../../src/encodings/packed.js';
import { RdbkitError } from '../../src/errors.js';
import { anyBytes, int64 } from './arbitraries.js';
import type { Entry } from './packed.js';

// Entries of packed blobs as tests draw and compare them.

/** An entry that was read: an integer, or a string with a character for each byte. */
export type Item = bigint | string;

export interface PackedRead {
  readonly items: Item[];
  /** What ended the read before the end of the blob. */
  readonly fault: string | undefined;
}

export function itemOf(entry: Entry): Item {
  if (typeof entry === 'number') return BigInt(entry);
  return entry instanceof Uint8Array ? Buffer.from(entry).toString('latin1') : entry;
}

/** The current entry, which must lie inside `[start, end)` and before its end byte. */
export function currentItem(
  reader: Pick<PackedReader, 'isInteger' | 'high' | 'low' | 'start' | 'end' | 'bytes'>,
  start: number,
  end: number,
): Item {
  if (reader.isInteger) return (BigInt(reader.high) << 32n) | BigInt(reader.low >>> 0);
  if (reader.start < start || reader.start > reader.end || reader.end >= end) {
    throw new Error(`an entry of [${reader.start}, ${reader.end}) in a blob of [${start}, ${end})`);
  }
  return Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString('latin1');
}

/** Reads a blob to its end or first fault; any fault but INPUT_CORRUPT fails the test. */
export function readPacked(
  reader: PackedReader,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): PackedRead {
  const items: Item[] = [];
  const fault = faultOf(() => {
    reader.open(bytes, start, end);
    while (reader.next()) {
      items.push(currentItem(reader, start, end));
      if (reader.count !== items.length || reader.count > end - start) {
        throw new Error(`entry ${items.length} of ${end - start} bytes is counted as ${reader.count}`);
      }
    }
  });
  return { items, fault };
}

/** Message and place of the INPUT_CORRUPT that `read` throws, undefined when it throws nothing. */
export function faultOf(read: () => void): string | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    expect(thrown.code).toBe('INPUT_CORRUPT');
    return thrown.describe();
  }
}

/** Sizes at which a packed string, or what is said of its size, takes another form. */
export const BOUNDARIES: readonly number[] = [
  ...[0, 62, 63, 64, 65, 122, 123, 124, 125, 126, 127, 128, 248, 249, 250, 251, 252, 253, 254, 255, 256],
  ...[4094, 4095, 4096, 16_377, 16_378, 16_379, 16_382, 16_383, 16_384],
];

export const boundaryString: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.constantFrom(...BOUNDARIES), fc.nat(255))
  .map(([size, byte]) => new Uint8Array(size).fill(byte));

export const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 8, arbitrary: int64 },
  { weight: 8, arbitrary: anyBytes(70) },
  { weight: 1, arbitrary: boundaryString },
);
