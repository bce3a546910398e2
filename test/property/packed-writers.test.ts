import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Integer } from '../../src/bytes/integer.js';
import { normalInteger } from '../../src/bytes/integer.js';
import { IntsetReader } from '../../src/encodings/intset.js';
import { IntsetWriter } from '../../src/encodings/intset-writer.js';
import { ListpackReader } from '../../src/encodings/listpack.js';
import { ListpackWriter } from '../../src/encodings/listpack-writer.js';
import type { PackedWriter } from '../../src/encodings/packed-writer.js';
import { StreamListpackWriter } from '../../src/encodings/stream-listpack-writer.js';
import { ZiplistReader } from '../../src/encodings/ziplist.js';
import { LONE_ENTRY_END, loneEntryHeader, ZiplistWriter } from '../../src/encodings/ziplist-writer.js';
import { int64 } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { type Entry, intset, listpack, streamNode, ziplist } from '../support/packed.js';
import { entry, itemOf, readPacked } from '../support/packed-entries.js';
import { toHex } from '../support/read.js';

const RUNS = 300;

/** Text that may or may not be the canonical form of a 64-bit integer. */
const digits = fc.oneof(
  int64.map(String),
  fc.stringMatching(/^[-+ 0]?[0-9]{1,21}$/),
  fc.constantFrom(
    '',
    '-',
    '-0',
    '0',
    '00',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
  ),
);

const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  entry,
  digits.map((text) => bytes(text)),
);

/** As servers store it: text that is an integer in its canonical form becomes one (string2ll of util.c). */
function stored(content: Entry): Entry {
  if (typeof content === 'number' || typeof content === 'bigint') return content;
  const text = Buffer.from(bytes(content)).toString('latin1');
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return content;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : content;
}

/** Writes entries, those that are integers as integers or as text. */
function write(writer: PackedWriter, entries: readonly Entry[], asText: boolean): Uint8Array {
  writer.begin();
  for (const content of entries) {
    const isNumber = typeof content === 'number' || typeof content === 'bigint';
    const text = bytes('ab', isNumber ? String(content) : content, '1');
    if (isNumber && !asText) writer.addInteger(normalInteger(BigInt(content)));
    else writer.add(text, 2, text.length - 1);
  }
  writer.finish();
  expect(writer.count).toBe(entries.length);
  return writer.bytes.slice(0, writer.size);
}

const WRITERS = [
  [
    'listpack, old widths',
    new ListpackWriter('old'),
    (e: Entry[]) => listpack(e, { widths: 'old' }),
    new ListpackReader(),
  ],
  ['listpack, new widths', new ListpackWriter('new'), (e: Entry[]) => listpack(e), new ListpackReader()],
  ['ziplist', new ZiplistWriter(), (e: Entry[]) => ziplist(e), new ZiplistReader()],
] as const;

describe.each(WRITERS)('%s', (_, writer, build, reader) => {
  test('comes out byte by byte as described, and is read as it went in', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 12 }), fc.boolean(), (entries, asText) => {
        const expected = entries.map(stored);
        const blob = write(writer, entries, asText);
        expect(toHex(blob)).toBe(toHex(build(expected)));
        expect(readPacked(reader, blob)).toEqual({ items: expected.map(itemOf), fault: undefined });
      }),
      { numRuns: RUNS },
    );
  });

  test('counts up to what the header holds', () => {
    for (const count of [0xfffe, 0xffff]) {
      const blob = write(writer, new Array(count).fill(7), false);
      expect(readPacked(reader, blob).fault).toBeUndefined();
      expect(blob.length).toBe(build(new Array(count).fill(7)).length);
      expect(toHex(blob.subarray(0, 12))).toBe(toHex(build(new Array(count).fill(7)).subarray(0, 12)));
    }
  });
});

test('a ziplist of one long entry can be written around it', () => {
  for (const size of [16_384, 20_000, 70_000]) {
    const content = new Uint8Array(size).fill(0x61);
    expect(toHex(bytes(loneEntryHeader(size), content, LONE_ENTRY_END))).toBe(toHex(ziplist([content])));
  }
});

describe('intset', () => {
  const writer = new IntsetWriter();

  test('is sorted, as narrow as can be, and read as it went in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(int64, { minLength: 1, maxLength: 20 }), (values) => {
        writer.build(values.map(normalInteger));
        const blob = writer.bytes.slice(0, writer.size);
        expect(toHex(blob)).toBe(toHex(intset(values)));
        expect(readPacked(new IntsetReader(), blob).items).toEqual(
          [...values].sort((a, b) => (a < b ? -1 : 1)),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('refuses a member that occurs twice', () => {
    const twice: Integer[] = [3, 1, 3];
    expect(() => writer.build(twice)).toThrow('a member occurs twice');
  });
});

describe('stream node', () => {
  const pair = fc.tuple(anyEntry, anyEntry);
  const nodeEntry = fc.record({
    ms: int64,
    seq: int64,
    same: fc.boolean(),
    pairs: fc.array(pair, { minLength: 0, maxLength: 4 }),
    values: fc.array(anyEntry, { minLength: 4, maxLength: 4 }),
  });

  test('comes out byte by byte as described', () => {
    const writer = new StreamListpackWriter('new');
    const add = (content: Entry) => {
      const text = bytes(
        typeof content === 'string' ? content : typeof content === 'object' ? content : String(content),
      );
      writer.items.add(text, 0, text.length);
    };
    const halves = (value: bigint): [number, number] => [
      Number(BigInt.asIntN(32, value >> 32n)),
      Number(BigInt.asIntN(32, value)),
    ];
    fc.assert(
      fc.property(
        fc.tuple(int64, int64),
        fc.array(anyEntry, { maxLength: 4 }),
        fc.array(nodeEntry, { minLength: 1, maxLength: 5 }),
        ([ms, seq], fields, entries) => {
          writer.begin(...halves(ms), ...halves(seq), fields.length);
          for (const field of fields) add(field);
          writer.endMaster();
          for (const { ms: later, seq: next, same, pairs, values } of entries) {
            const count = same ? fields.length : pairs.length;
            writer.beginEntry(...halves(later), ...halves(next), count, same);
            for (const content of same ? values.slice(0, count) : pairs.flat()) add(content);
            writer.endEntry(count, same);
          }
          writer.finish();
          const expected = streamNode(
            fields.map(stored),
            entries.map(({ ms: later, seq: next, same, pairs, values }) => ({
              ms: BigInt.asIntN(64, later - ms) as unknown as number,
              seq: BigInt.asIntN(64, next - seq) as unknown as number,
              ...(same
                ? { same: values.slice(0, fields.length).map(stored) }
                : { pairs: pairs.map(([field, value]) => [stored(field), stored(value)] as const) }),
            })),
          );
          expect(toHex(writer.items.bytes.subarray(0, writer.items.size))).toBe(toHex(expected));
        },
      ),
      { numRuns: RUNS },
    );
  });
});
