import { afterAll, describe, expect, test } from 'vitest';
import type { DecodedValue } from '../../src/rdb/values/value.js';
import { corpusBytes } from '../support/corpus.js';
import { type ReadKey, readAll } from '../support/read.js';
import { repaired } from '../support/repair.js';
import { Scratch } from '../support/scratch.js';
import { truthOf } from '../support/truth.js';

// Dumps cut off inside each of their large values: what is kept of the value was in it.

const scratch = new Scratch();
afterAll(() => scratch.remove());

const keysOf = (dump: Uint8Array) =>
  readAll(dump, { decode: true, checksum: 'ignore' }).records.filter(
    (record): record is ReadKey => record.kind === 'key',
  );

/** The elements of a value, each as a text. */
function elements(value: DecodedValue): string[] {
  if (value.type === 'string' || value.type === 'opaque') return [];
  const truth = truthOf(value);
  const list = value.type === 'stream' ? (truth as { entries: unknown[] }).entries : truth;
  return (list as unknown[]).map((element) => JSON.stringify(element));
}

describe.each(['r50', 'r62', 'r70', 'r74', 'r80', 'v91'])('%s', (name) => {
  test('whole elements of what is cut off, by --partial', async () => {
    const file = corpusBytes(name);
    const families = new Set<string>();
    for (const key of keysOf(file)) {
      const size = key.value.length / 2;
      if (size < 3000) continue;
      const end = key.offset + Math.floor(size * 0.8);
      const { report, bytes } = await repaired(scratch, file.slice(0, end), { partial: true });
      if (report.partial === undefined) continue;
      const kept = keysOf(bytes).at(-1) as ReadKey;
      expect([kept.key, kept.db, kept.expireAtMs]).toEqual([key.key, key.db, key.expireAtMs]);
      const original = new Set(elements(key.decoded as DecodedValue));
      const found = elements(kept.decoded as DecodedValue);
      expect(found.length).toBe(report.partial.elements);
      expect(found.filter((element) => !original.has(element))).toEqual([]);
      families.add(report.partial.type);
    }
    expect([...families].sort()).toEqual(expect.arrayContaining(['hash', 'list', 'set', 'zset']));
  }, 60_000);
});
