import { describe, expect, test } from 'vitest';
import { run } from '../../src/pipeline.js';
import type { DumpRecord } from '../../src/record.js';
import { CollisionScan } from '../../src/reports/collisions.js';
import { COLLISION, resolveCollisions } from '../../src/stages/collisions.js';
import { toDb } from '../../src/stages/map-db.js';
import { bytes } from '../support/bytes.js';
import { aux, key, keyInParts, sourceOf, through } from '../support/records.js';

/** Three keys from several databases: `a` four times, once in parts; `b` once; `c` twice. */
const records = (): DumpRecord[] => [
  key('a', { db: 0, expireAtMs: 1 }),
  aux('x'),
  key('b', { db: 0, expireAtMs: 1 }),
  ...keyInParts('a', ['part'], { db: 1, expireAtMs: 2 }),
  key('c', { db: 1, expireAtMs: 1 }),
  key('a', { db: 2, expireAtMs: 3 }),
  ...keyInParts('c', ['last'], { db: 3, expireAtMs: 2 }),
  key('a', { db: 3, expireAtMs: 4 }),
];

/** What stays of them when all are moved to one database. */
async function resolved(conflict: 'fail' | 'skip' | 'replace') {
  const scan = new CollisionScan(Int32Array.of(1, 2, 3, 4), () => {
    throw new Error('so few keys need no file');
  });
  const found = await run(sourceOf(records()), [toDb(0)], scan);
  return through([toDb(0), resolveCollisions(found, conflict)], [records()]);
}

describe('resolveCollisions', () => {
  test('skip keeps the first of each key', async () => {
    const { out, account } = await resolved('skip');
    expect(out).toEqual(['0 a @1', 'aux x', '0 b @1', '0 c @1']);
    expect(account.totals()).toMatchObject({ read: 7, written: 3, skipped: 4, failed: 0 });
    expect([...account.reasons]).toEqual([[COLLISION, 4]]);
  });

  test('replace keeps the last of each key', async () => {
    const { out, account } = await resolved('replace');
    expect(out).toEqual(['aux x', '0 b @1', '0 c @2 …', 'part last', 'end 4', '0 a @4']);
    expect(account.totals()).toMatchObject({ read: 7, written: 3, skipped: 4, failed: 0 });
    expect([...account.reasons]).toEqual([[COLLISION, 4]]);
  });

  test('fail keeps the first of each key and names the others', async () => {
    const { out, account } = await resolved('fail');
    expect(out).toEqual(['0 a @1', 'aux x', '0 b @1', '0 c @1']);
    expect(account.totals()).toMatchObject({ read: 7, written: 3, skipped: 0, failed: 4 });
    expect([...account.causes]).toEqual([[COLLISION, 4]]);
    expect(account.shown).toEqual(
      ['a', 'a', 'c', 'a'].map((name) => ({
        db: 0,
        key: bytes(name),
        command: undefined,
        code: 'CONFLICT',
        cause: COLLISION,
      })),
    );
  });

  test('keys that come once are left alone under every policy', async () => {
    for (const conflict of ['fail', 'skip', 'replace'] as const) {
      const { out } = await through(
        [resolveCollisions({ occurrence: () => undefined }, conflict)],
        [records()],
      );
      expect(out).toHaveLength(12);
    }
  });
});
