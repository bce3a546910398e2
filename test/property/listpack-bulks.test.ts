import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDecimalNumber } from '../../src/bytes/ascii.js';
import { ListpackReader } from '../../src/encodings/listpack.js';
import { jsonLinesFormat } from '../../src/sinks/jsonl.js';
import { ListpackBulks } from '../../src/sinks/listpack-bulks.js';
import { OutputBuffer } from '../../src/sinks/output-buffer.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { anyBytes, damage, damaged, int64 } from '../support/arbitraries.js';
import { bytes, length, string } from '../support/bytes.js';
import { exportDump } from '../support/export-dump.js';
import { MemoryOutput } from '../support/memory-output.js';
import { type Entry, listpack, ziplist } from '../support/packed.js';
import { currentItem, entry, faultOf, type Item, itemOf, readPacked } from '../support/packed-entries.js';
import { RdbBuilder } from '../support/rdb-builder.js';

const score = fc.constantFrom(
  ...['1.5', '-1.25', '5.', '.5', '-.5', '-', '.', '', '-inf', '1e5', '+3', '1.2.3', '1-2', '--1', 'x'],
  ...['0.085554784163832664', '-123456789.0123456789', '1'.repeat(31), '1'.repeat(32), '1'.repeat(63)],
);
const entries = fc.array(fc.oneof(entry, score), { maxLength: 24 });
const shape = fc.constantFrom<readonly [turn: 1 | 2, areScores: boolean]>([1, false], [2, false], [2, true]);
/** Entries, and bytes, that may be written at once. */
const rooms = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(60)), { minLength: 1, maxLength: 4 });

const framed = (text: string) => `$${text.length}\r\n${text}\r\n`;

/** What `put` gives, call by call, until it gives nothing more. */
function putAll(
  blob: Uint8Array,
  reader: ListpackReader,
  turn: 1 | 2,
  areScores: boolean,
  sizes: readonly (readonly [number, number])[],
): { readonly text: string; readonly counts: number[] } {
  const output = new MemoryOutput();
  const out = new OutputBuffer(output, 16);
  const bulks = new ListpackBulks();
  const counts: number[] = [];
  reader.open(blob, 0, blob.length);
  if (bulks.open(reader)) {
    for (let i = 0; bulks.isOpen; i++) {
      const [most, room] = sizes[i % sizes.length] as readonly [number, number];
      const before = out.position;
      const count = bulks.put(out, turn, areScores, most, room);
      if (count === 0) break;
      const size = out.position - before;
      // It ends where it is told to, but not before.
      if (bulks.isOpen && count < most && size < room) break;
      expect(count).toBeLessThan(most + turn);
      counts.push(count);
    }
  }
  out.flush();
  return { text: Buffer.from(output.bytes).toString('latin1'), counts };
}

describe('ListpackBulks', () => {
  test('writes what a reader reads of any listpack, damaged or not, and leaves the rest to it', () => {
    fc.assert(
      fc.property(entries, shape, rooms, fc.option(damage), (list, [turn, areScores], sizes, change) => {
        const whole = listpack(list);
        const blob = change === null ? whole : damaged(whole, change);
        const reader = new ListpackReader();
        if (faultOf(() => reader.open(blob, 0, blob.length)) !== undefined) return;
        const { items, fault } = readPacked(reader, blob);
        const { text } = putAll(blob, reader, turn, areScores, sizes);
        const { count } = reader;
        expect(count % turn).toBe(0);
        for (let i = 1; areScores && i < count; i += 2) {
          const taken = items[i] as Item;
          if (typeof taken === 'string') expect(isDecimalNumber(bytes(taken), 0, taken.length)).toBe(true);
        }
        const order = items.slice(0, count).map(String);
        for (let i = 0; areScores && i < count; i += 2)
          order.splice(i, 2, order[i + 1] ?? '', order[i] ?? '');
        expect(text).toBe(order.map(framed).join(''));
        const rest: unknown[] = [];
        const restFault = faultOf(() => {
          while (reader.next()) rest.push(currentItem(reader, 0, blob.length));
        });
        expect(rest).toEqual(items.slice(count));
        expect(restFault).toBe(fault);
      }),
      { numRuns: 3000 },
    );
  });

  test('takes all entries below 4096 bytes, and the scores that are common', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 24 }), rooms, (list, sizes) => {
        const taken = list.filter((one) => String(itemOf(one)).length < 4096);
        const blob = listpack(taken);
        const reader = new ListpackReader();
        const { text } = putAll(blob, reader, 1, false, sizes);
        expect(text).toBe(taken.map((one) => framed(String(itemOf(one)))).join(''));
        expect(reader.next()).toBe(false);
      }),
    );
    const scores = ['1.5', '-1.25', '0.085554784163832664', 17, -5, 1n << 40n, '12345678901234567890'];
    const reader = new ListpackReader();
    const { counts } = putAll(listpack(scores.flatMap((one) => ['m', one])), reader, 2, true, [[99, 9999]]);
    expect(counts).toEqual([2 * scores.length]);
  });
});

describe('exports', () => {
  const small = fc.oneof(int64, anyBytes(70), fc.constant(new Uint8Array(300)));
  const large = fc.integer({ min: 4000, max: 70_000 }).map((size) => new Uint8Array(size));
  /** Runs of the same entries, so that commands get full, and perhaps a large one. */
  const many = fc
    .tuple(
      fc.array(fc.tuple(fc.array(small, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 200 })), {
        maxLength: 3,
      }),
      fc.option(large),
      fc.nat(600),
    )
    .map(([runs, one, at]) => {
      const list: Entry[] = runs.flatMap(([some, times]) => Array.from({ length: times }, () => some).flat());
      if (one !== null) list.splice(at, 0, one);
      return list;
    });

  const exported = async (type: number, value: Uint8Array, name: string) => {
    const dump = new RdbBuilder('REDIS0012').selectDb(0).key(type, name, value).build();
    const results = [];
    for (const format of [new RespFormat(), jsonLinesFormat()]) {
      const { bytes: written, rejects } = await exportDump(dump, format);
      const text = Buffer.from(written).toString('latin1');
      // What is told of the encoding, and where a fault is, is all that may differ.
      const causes = rejects.map(({ cause }) =>
        cause.replace(/ziplist/g, 'listpack').replace(/ at \d+/g, ''),
      );
      results.push([text.replace(/"encoding":"[^"]*"/, ''), ...causes]);
    }
    return results;
  };

  test('of a listpack are those of a ziplist of the same entries, commands split at the same places', async () => {
    await fc.assert(
      fc.asyncProperty(
        many,
        fc.constantFrom('list', 'hash', 'zset'),
        fc.integer({ min: 1, max: 700 }),
        fc.constantFrom(3, 500, 40_000, 66_000),
        fc.option(fc.tuple(fc.nat(20), fc.constantFrom('x', '', '1e', 'nan', '0.085554784163832664'))),
        fc.boolean(),
        async (list, kind, nodeSize, nameSize, odd, cut) => {
          const name = 'k'.repeat(nameSize);
          const scoreOf = (i: number) => (i === odd?.[0] ? odd[1] : i % 7 === 6 ? '-inf' : i * 77);
          const entries: Entry[] = kind === 'zset' ? list.flatMap((one, i) => [one, scoreOf(i)]) : list;
          // Where a score is odd, the last may be missing, too.
          const even = entries.slice(0, (entries.length & ~1) - (odd !== null && cut ? 1 : 0));
          if (kind !== 'list') {
            const [before, since] = kind === 'hash' ? [13, 16] : [12, 17];
            const expected = await exported(before, string(ziplist(even)), name);
            expect(await exported(since, string(listpack(even)), name)).toEqual(expected);
            return;
          }
          const nodes = Array.from({ length: Math.ceil(entries.length / nodeSize) }, (_, i) =>
            entries.slice(i * nodeSize, (i + 1) * nodeSize),
          );
          const old = nodes.map((node) => string(ziplist(node)));
          const now = nodes.map((node) => bytes(2, string(listpack(node))));
          const expected = await exported(14, bytes(length(nodes.length), ...old), name);
          expect(await exported(18, bytes(length(nodes.length), ...now), name)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});
