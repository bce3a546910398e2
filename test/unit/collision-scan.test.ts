import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { putInt32LE } from '../../src/bytes/integer.js';
import { RdbkitError } from '../../src/errors.js';
import { KeyRecord } from '../../src/record.js';
import { CollisionScan } from '../../src/reports/collisions.js';
import type { Spill } from '../../src/spill.js';
import { anyBytes } from '../support/arbitraries.js';
import { aux, key, keyInParts } from '../support/records.js';

const RUNS = 200;
/** As many fingerprints as are held in memory. */
const HELD = 1_048_576;
const SEED = Int32Array.of(0x01020304, -5, 6, 0x7fffffff);

/** A temporary file as it should be used: not after it was closed. */
class FakeSpill implements Spill {
  size = 0;
  closed = 0;
  private readonly pieces = new Map<number, Uint8Array>();

  write(bytes: Uint8Array): number {
    this.expectOpen();
    const start = this.size;
    this.pieces.set(start, bytes.slice());
    this.size += bytes.length;
    return start;
  }

  readAt(offset: number, target: Uint8Array): void {
    this.expectOpen();
    target.set(this.pieces.get(offset) as Uint8Array);
  }

  read(): Iterable<Uint8Array> {
    this.expectOpen();
    return this.pieces.values();
  }

  close(): void {
    this.expectOpen();
    this.closed++;
  }

  private expectOpen(): void {
    if (this.closed > 0) throw new Error('a temporary file is used after it was closed');
  }
}

function scanWithSpills(limits = {}): { scan: CollisionScan; spills: FakeSpill[] } {
  const spills: FakeSpill[] = [];
  const makeSpill = () => {
    const spill = new FakeSpill();
    spills.push(spill);
    return spill;
  };
  return { scan: new CollisionScan(SEED, makeSpill, limits), spills };
}

function closedOnce(spills: readonly FakeSpill[]): number {
  return spills.filter(({ closed }) => closed === 1).length;
}

const numbered = new KeyRecord();
numbered.rename(new Uint8Array(8));

/** The key of that number, in the one record that serves for all. */
function keyOf(number: number, db = 0): KeyRecord {
  putInt32LE(numbered.keyBytes, 2, number);
  numbered.db = db;
  return numbered;
}

function writeKeys(scan: CollisionScan, from: number, to: number): void {
  for (let i = from; i < to; i++) scan.write({ records: [keyOf(i)] });
}

describe('CollisionScan in memory', () => {
  test('finds the keys that come more than once, and counts each of them', () => {
    const keys = fc.array(fc.tuple(anyBytes(2), fc.nat(2)), { maxLength: 60 });
    fc.assert(
      fc.property(keys, (list) => {
        const { scan, spills } = scanWithSpills();
        const records = list.map(([name, db]) => key(name, { db }));
        const nameOf = ([name, db]: (typeof list)[number]) => `${db} ${Buffer.from(name).toString('hex')}`;
        const totals = new Map<string, number>();
        for (const one of list) totals.set(nameOf(one), (totals.get(nameOf(one)) ?? 0) + 1);
        const repeated = [...totals.values()].filter((total) => total > 1);

        scan.write({ records });
        const found = scan.close();
        expect(found.keys).toBe(repeated.length);
        expect(found.surplus).toBe(repeated.reduce((sum, total) => sum + total - 1, 0));
        const seen = new Map<string, number>();
        for (const [i, one] of list.entries()) {
          const [name, total] = [nameOf(one), totals.get(nameOf(one)) as number];
          seen.set(name, (seen.get(name) ?? 0) + 1);
          const expected = total === 1 ? undefined : { index: seen.get(name), total };
          expect(found.occurrence(records[i] as KeyRecord)).toEqual(expected);
        }
        expect(spills).toHaveLength(0);
      }),
      { numRuns: RUNS },
    );
  });

  test('looks at keys, whole or in parts, and at nothing else', () => {
    const { scan } = scanWithSpills();
    scan.write({ records: [aux('a'), key('a'), aux('a'), ...keyInParts('a', ['part', 'part'])] });
    scan.write({ records: [key('a', { db: 1 }), aux('a')] });
    const found = scan.close();
    expect([found.keys, found.surplus]).toEqual([1, 1]);
  });

  test('thousands of colliding keys', () => {
    const { scan } = scanWithSpills();
    for (const [from, to] of [
      [0, 9000],
      [3000, 9000],
      [6000, 9000],
    ] as const)
      writeKeys(scan, from, to);
    const found = scan.close();
    expect([found.keys, found.surplus]).toEqual([6000, 9000]);
    for (let i = 0; i < 9000; i++) {
      const total = 1 + Math.floor(i / 3000);
      expect(found.occurrence(keyOf(i))).toEqual(total === 1 ? undefined : { index: 1, total });
    }
  });

  test('can be looked at before the end', () => {
    const { scan } = scanWithSpills();
    scan.write({ records: [key('a'), key('a')] });
    expect(scan.report().surplus).toBe(1);
    scan.write({ records: [key('a'), key('b')] });
    expect(scan.close().surplus).toBe(2);
  });

  test('refuses to remember more colliding keys than the limit', () => {
    const { scan } = scanWithSpills({ maxCollisions: 2 });
    scan.write({ records: ['a', 'a', 'a', 'b', 'b', 'c'].map((name) => key(name)) });
    expect(scan.report()).toMatchObject({ keys: 2, surplus: 3 });
    scan.write({ records: [key('c')] });
    expect(() => scan.close()).toThrow(RdbkitError);
    expect(() => scan.close()).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});

describe('CollisionScan beyond a million keys', () => {
  test('holds a million, then goes to a file, and misses no collision across', () => {
    const { scan, spills } = scanWithSpills();
    writeKeys(scan, 0, HELD - 1);
    expect(spills).toHaveLength(0);
    writeKeys(scan, HELD - 1, HELD + 5000);
    expect(spills).toHaveLength(1);
    writeKeys(scan, HELD - 3000, HELD + 2000);
    writeKeys(scan, 10, 20);
    writeKeys(scan, 15, 20);
    for (let i = 0; i < 100; i++) scan.write({ records: [keyOf(i, 1)] });

    const found = scan.close();
    expect([found.keys, found.surplus]).toEqual([5010, 5015]);
    expect(found.occurrence(keyOf(9))).toBeUndefined();
    expect(found.occurrence(keyOf(10))).toEqual({ index: 1, total: 2 });
    expect(found.occurrence(keyOf(10))).toEqual({ index: 2, total: 2 });
    expect(found.occurrence(keyOf(19))).toEqual({ index: 1, total: 3 });
    expect(found.occurrence(keyOf(19, 1))).toBeUndefined();
    expect(found.occurrence(keyOf(HELD - 3001))).toBeUndefined();
    expect(found.occurrence(keyOf(HELD - 3000))).toEqual({ index: 1, total: 2 });
    expect(found.occurrence(keyOf(HELD + 1999))).toEqual({ index: 1, total: 2 });
    expect(found.occurrence(keyOf(HELD + 2000))).toBeUndefined();
    expect(closedOnce(spills)).toBe(1);
    // What does not fill a block of its first byte stays in memory: at most 511 of each.
    const all = HELD + 5000 + 5000 + 10 + 5 + 100;
    expect(spills[0]?.size).toBeGreaterThan(16 * (all - 256 * 512));
    expect(spills[0]?.size).toBeLessThanOrEqual(16 * all);
  });

  test('closes its file when the run is aborted', () => {
    const { scan, spills } = scanWithSpills();
    writeKeys(scan, 0, HELD);
    scan.abort();
    expect(closedOnce(spills)).toBe(1);
  });

  test('closes its file when too many keys collide', () => {
    const { scan, spills } = scanWithSpills({ maxCollisions: 1 });
    writeKeys(scan, 0, HELD);
    writeKeys(scan, 0, 100);
    expect(() => scan.close()).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
    expect(closedOnce(spills)).toBe(1);
  });

  test('can be looked at before the end', () => {
    const { scan } = scanWithSpills();
    writeKeys(scan, 0, HELD);
    writeKeys(scan, 0, 1);
    expect(scan.report().surplus).toBe(1);
    writeKeys(scan, 1, 3);
    expect(scan.close().surplus).toBe(3);
  });
});
