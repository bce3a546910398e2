import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamItem, StreamListpackReader } from '../../src/encodings/stream-listpack.js';
import { anyBytes, damage, damaged, int64, uint64 } from '../support/arbitraries.js';
import { bytes, hex, streamId } from '../support/bytes.js';
import { type Entry, listpack, type StreamEntry, streamNode } from '../support/packed.js';
import { currentItem, faultOf, type Item, itemOf } from '../support/packed-entries.js';

const RUNS = 300;

type Found =
  | readonly ['entry', ms: bigint, seq: bigint, deleted: boolean, pairs: number]
  | readonly ['field' | 'value', Item];

const reader = new StreamListpackReader();

/** Reads a node, which stands between other bytes; any fault but INPUT_CORRUPT fails the test. */
function readNode(blob: Uint8Array, id: Uint8Array = streamId(0, 0)) {
  const [found, junk, masterAt]: [Found[], Uint8Array, number] = [[], hex('0102 FF'), 5];
  const [start, end] = [junk.length, junk.length + blob.length];
  const fault = faultOf(() => {
    reader.open(bytes(junk, blob, junk), start, end, bytes(new Uint8Array(masterAt), id), masterAt);
    for (let item = reader.next(); item !== StreamItem.end; item = reader.next()) {
      if (item === StreamItem.entry) {
        const { msHigh, msLow, seqHigh, seqLow, deleted, pairs } = reader;
        found.push(['entry', unsigned(msHigh, msLow), unsigned(seqHigh, seqLow), deleted, pairs]);
      } else {
        found.push([item === StreamItem.field ? 'field' : 'value', currentItem(reader, start, end)]);
      }
      expect(found.length).toBeLessThanOrEqual(2 * blob.length);
    }
  });
  return { found, fault, live: reader.live };
}

function unsigned(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function expectedOf(
  fields: readonly Entry[],
  entries: readonly StreamEntry[],
  ms: bigint,
  seq: bigint,
): Found[] {
  return entries.flatMap((entry): Found[] => {
    const pairs = entry.same?.map((value, i) => [fields[i] as Entry, value] as const) ?? entry.pairs ?? [];
    const at = (master: bigint, delta: number) => BigInt.asUintN(64, master + BigInt(delta));
    return [
      ['entry', at(ms, entry.ms), at(seq, entry.seq), entry.deleted === true, pairs.length],
      ...pairs.flatMap(([field, value]): Found[] => [
        ['field', itemOf(field)],
        ['value', itemOf(value)],
      ]),
    ];
  });
}

const text: fc.Arbitrary<Entry> = fc.oneof(int64, anyBytes(12));
const delta = fc.oneof(fc.nat(1000), fc.maxSafeInteger());
const node = fc.nat(20).chain((fieldCount) => {
  const head = { ms: delta, seq: delta, deleted: fc.boolean() };
  const same = fc.record({ ...head, same: fc.array(text, { minLength: fieldCount, maxLength: fieldCount }) });
  const other = fc.record({ ...head, pairs: fc.array(fc.tuple(text, text), { maxLength: 4 }) });
  return fc.record({
    fields: fc.array(text, { minLength: fieldCount, maxLength: fieldCount }),
    entries: fc.array(fc.oneof(same, other), { maxLength: 8 }),
    ms: uint64,
    seq: uint64,
  });
});

describe('StreamListpackReader', () => {
  test('reads the entries that were put in, their ids modulo 2^64', () => {
    fc.assert(
      fc.property(node, fc.constantFrom({}, { count: 0xffff }), ({ fields, entries, ms, seq }, count) => {
        expect(readNode(streamNode(fields, entries, count), streamId(ms, seq))).toEqual({
          found: expectedOf(fields, entries, ms, seq),
          fault: undefined,
          live: entries.filter(({ deleted }) => !deleted).length,
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('a changed byte or a cut is INPUT_CORRUPT or still reads', () => {
    fc.assert(
      fc.property(node, damage, ({ fields, entries }, change) => {
        readNode(damaged(streamNode(fields, entries), change));
      }),
      { numRuns: 2 * RUNS },
    );
  });

  test('so is any listpack', () => {
    const small = fc.oneof(fc.integer({ min: 0, max: 6 }), text);
    fc.assert(
      fc.property(fc.array(small, { maxLength: 20 }), (items) => {
        readNode(listpack(items));
      }),
      { numRuns: 2 * RUNS },
    );
  });

  test('reads the node of a server: entries 1-1 {a:1,b:2}, 1-2 deleted, 1-3 {c:5}', () => {
    const blob = hex(`3C000000 1900 0201 0101 0201 8161 02 8162 02 0001 0201 0001 0001 0101 0201 0501
      0301 0001 0101 0301 0401 0501 0001 0001 0201 0101 8163 02 0501 0601 FF`);
    expect(readNode(blob, streamId(1, 1))).toEqual({
      found: [
        ['entry', 1n, 1n, false, 2],
        ['field', 'a'],
        ['value', 1n],
        ['field', 'b'],
        ['value', 2n],
        ['entry', 1n, 2n, true, 2],
        ['field', 'a'],
        ['value', 3n],
        ['field', 'b'],
        ['value', 4n],
        ['entry', 1n, 3n, false, 1],
        ['field', 'c'],
        ['value', 5n],
      ],
      fault: undefined,
      live: 2,
    });
  });

  // The items of a node: live, deleted, field count, fields, 0; then flags, deltas, pairs, item count.
  test.each([
    ['the listpack ends before the live count', []],
    ['the live count is no integer', ['x', 0, 0, 0]],
    ['the live count is out of range', [-1, 0, 0, 0]],
    ['the deleted count is out of range', [0, 2 ** 31, 0, 0]],
    ['declares 100 fields in a blob of', [0, 0, 100, 0]],
    ['the listpack ends before a field name', [0, 0, 2, 'a']],
    ['the master entry does not end with 0', [0, 0, 0, 1]],
    ['the listpack ends before the end of the master entry', [0, 0, 1, 'a']],
    ['has unknown flags 4', [1, 0, 0, 0, 4, 0, 0, 0, 4]],
    ['the ms delta is no integer', [1, 0, 0, 0, 0, 'x', 0, 0, 4]],
    ['the sequence delta is no integer', [1, 0, 0, 0, 0, 0, 'x', 0, 4]],
    ['the field count is out of range', [1, 0, 0, 0, 0, 0, 0, -1, 4]],
    ['the listpack ends before a value', [1, 0, 0, 0, 0, 0, 0, 1, 'a']],
    ['says 5 items where 4 are', [1, 0, 0, 0, 0, 0, 0, 0, 5]],
    ['says 4 items where 6 are', [1, 0, 0, 0, 0, 0, 0, 1, 'a', 'b', 4]],
    ['says 5 items where 4 are', [1, 0, 1, 'a', 0, 2, 0, 0, 'v', 5]],
    ['the listpack ends before the flags', [2, 0, 0, 0, 0, 0, 0, 0, 4]],
    ['stands after the last entry', [0, 0, 0, 0, 0, 0, 0, 0, 4]],
    ['declares 0 deleted entries where 1 are', [1, 0, 0, 0, 1, 0, 0, 0, 4]],
    ['declares 1 deleted entries where 0 are', [0, 1, 0, 0, 0, 0, 0, 0, 4]],
  ] as [string, Entry[]][])('%s', (message, items) => {
    expect(readNode(listpack(items)).fault).toContain(message);
  });
});
