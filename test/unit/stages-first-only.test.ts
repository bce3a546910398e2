import { describe, expect, test } from 'vitest';
import { COLLISION } from '../../src/stages/collisions.js';
import { firstOnly } from '../../src/stages/first-only.js';
import { toDb } from '../../src/stages/map-db.js';
import { aux, key, keyInParts, through } from '../support/records.js';

const seed = Int32Array.of(1, 2, 3, 4);

describe('firstOnly', () => {
  const records = () => [
    key('a', { db: 0 }),
    aux('x'),
    ...keyInParts('a', ['part'], { db: 1 }),
    key('b', { db: 1 }),
    key('a', { db: 2 }),
  ];
  const stage = (conflict: 'fail' | 'skip', needed = true) =>
    firstOnly({ key: seed, conflict, isNeeded: () => needed, maxKeys: 100 });

  test.each(['fail', 'skip'] as const)('%s keeps the first of each key', async (conflict) => {
    const { out, account } = await through([toDb(0), stage(conflict)], [records()]);
    expect(out).toEqual(['0 a', 'aux x', '0 b']);
    const counts = conflict === 'fail' ? { skipped: 0, failed: 2 } : { skipped: 2, failed: 0 };
    expect(account.totals()).toMatchObject({ read: 4, written: 2, ...counts });
    expect([...(conflict === 'fail' ? account.causes : account.reasons)]).toEqual([[COLLISION, 2]]);
  });

  test('passes everything where keys cannot come twice', async () => {
    const { account } = await through([toDb(0), stage('fail', false)], [records()]);
    expect(account.totals()).toMatchObject({ read: 4, written: 4 });
  });

  test('keeps thousands of keys apart, and refuses more than it may remember', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => key(`k${i % 5000}`));
    const bounded = () => firstOnly({ key: seed, conflict: 'skip', isNeeded: () => true, maxKeys: 8192 });
    const { account } = await through([bounded()], [many(10_000)]);
    expect(account.totals()).toMatchObject({ written: 5000, skipped: 5000 });
    const others = Array.from({ length: 9000 }, (_, i) => key(`n${i}`));
    await expect(through([bounded()], [others])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
