import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IntsetReader } from '../../src/encodings/intset.js';
import { ListpackReader } from '../../src/encodings/listpack.js';
import { ZiplistReader } from '../../src/encodings/ziplist.js';
import { ZipmapReader } from '../../src/encodings/zipmap.js';
import { anyBytes, damage, damaged, int64 } from '../support/arbitraries.js';
import { bytes, littleEndian } from '../support/bytes.js';
import { intset, listpack, ziplist, zipmap } from '../support/packed.js';
import {
  BOUNDARIES,
  boundaryString,
  entry,
  type Item,
  itemOf,
  readPacked,
} from '../support/packed-entries.js';

const RUNS = 150;

interface Packed {
  readonly blob: Uint8Array;
  readonly items: readonly Item[];
}

const UNKNOWN = 0xffff;
const isUnknown = fc.constantFrom({}, { count: UNKNOWN });
const entries = fc.array(entry, { maxLength: 24 });

const listpacks: fc.Arbitrary<Packed> = fc
  .tuple(entries, isUnknown, fc.constantFrom('old' as const, 'new' as const))
  .map(([list, count, widths]) => ({ blob: listpack(list, { ...count, widths }), items: list.map(itemOf) }));

const ziplists: fc.Arbitrary<Packed> = fc
  .tuple(entries, isUnknown, fc.boolean())
  .map(([list, count, widePrevious]) => ({
    blob: ziplist(list, { ...count, widePrevious }),
    items: list.map(itemOf),
  }));

const intsets: fc.Arbitrary<Packed> = fc
  .tuple(fc.uniqueArray(int64, { minLength: 1, maxLength: 24 }), fc.constantFrom(16, 32, 64))
  .map(([wide, bits]) => [...new Set(wide.map((value) => BigInt.asIntN(bits, value)))])
  .map((values) => ({ blob: intset(values), items: values.sort((a, b) => (a < b ? -1 : 1)) }));

const zipmapString = fc.oneof(
  { weight: 8, arbitrary: anyBytes(20) },
  { weight: 1, arbitrary: boundaryString },
);
const zipmaps: fc.Arbitrary<Packed> = fc
  .tuple(
    fc.array(fc.tuple(zipmapString, zipmapString), { maxLength: 12 }),
    fc.nat(7),
    fc.constantFrom({}, { count: 254 }),
  )
  .map(([pairs, free, count]) => ({
    blob: zipmap(pairs, { ...count, free }),
    items: pairs.flat().map(itemOf),
  }));

/** Gives a blob from which bytes were taken the header that its size asks for. */
const withTotal = (blob: Uint8Array) => bytes(littleEndian(blob.length, 4), blob.subarray(4));
const withIntsetCount = (blob: Uint8Array) =>
  bytes(
    blob.subarray(0, 4),
    littleEndian(Math.floor((blob.length - 8) / (blob[0] as number)), 4),
    blob.subarray(8),
  );

describe.each([
  { name: 'listpack', reader: new ListpackReader(), blobs: listpacks, mended: withTotal },
  { name: 'ziplist', reader: new ZiplistReader(), blobs: ziplists, mended: withTotal },
  { name: 'intset', reader: new IntsetReader(), blobs: intsets, mended: withIntsetCount },
  { name: 'zipmap', reader: new ZipmapReader(), blobs: zipmaps, mended: (blob: Uint8Array) => blob },
])('$name', ({ reader, blobs, mended }) => {
  /** Reads the blob alone, and between other bytes, which must make no difference. */
  function read(blob: Uint8Array) {
    const alone = readPacked(reader, blob);
    for (const around of [0, 0x81, 0xff]) {
      const junk = new Uint8Array(300).fill(around);
      const within = readPacked(reader, bytes(junk, blob, junk), junk.length, junk.length + blob.length);
      expect(within).toEqual(alone);
    }
    return alone;
  }

  test('reads what was put in', () => {
    fc.assert(
      fc.property(blobs, ({ blob, items }) => {
        expect(read(blob)).toEqual({ items, fault: undefined });
      }),
      { numRuns: RUNS },
    );
  });

  test('a changed byte or a cut is INPUT_CORRUPT or still reads', () => {
    fc.assert(
      fc.property(blobs, damage, ({ blob }, change) => {
        read(damaged(blob, change));
      }),
      { numRuns: 2 * RUNS },
    );
  });

  test('so are bytes taken out under an honest header', () => {
    fc.assert(
      fc.property(blobs, fc.nat(), fc.integer({ min: 1, max: 9 }), ({ blob }, place, count) => {
        const at = 8 + (place % blob.length);
        read(mended(bytes(blob.subarray(0, at), blob.subarray(at + count))));
      }),
      { numRuns: 2 * RUNS },
    );
  });

  test('any bytes are INPUT_CORRUPT or read', () => {
    fc.assert(
      fc.property(anyBytes(40), (blob) => {
        read(blob);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('strings of every size at which something changes', () => {
  const string = (size: number) => new Uint8Array(size).fill(size);
  const lists = BOUNDARIES.map((size) => [string(size), 'next', string(size), 7]);

  test.each(['old', 'new'] as const)('in a listpack, %s back lengths', (widths) => {
    for (const list of lists) {
      const items = list.map(itemOf);
      expect(readPacked(new ListpackReader(), listpack(list, { widths }))).toEqual({
        items,
        fault: undefined,
      });
    }
  });

  test.each([false, true])('in a ziplist, wide previous lengths: %s', (widePrevious) => {
    for (const list of lists) {
      const items = list.map(itemOf);
      expect(readPacked(new ZiplistReader(), ziplist(list, { widePrevious }))).toEqual({
        items,
        fault: undefined,
      });
    }
  });

  test('in a zipmap', () => {
    for (const size of BOUNDARIES) {
      const blob = zipmap(
        [
          [string(size), 'v'],
          ['f', string(size)],
        ],
        { free: 3 },
      );
      const items = [itemOf(string(size)), 'v', 'f', itemOf(string(size))];
      expect(readPacked(new ZipmapReader(), blob)).toEqual({ items, fault: undefined });
    }
  });
});
