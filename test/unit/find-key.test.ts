import { expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import { findKey } from '../../src/stages/find-key.js';
import { keysOnly } from '../../src/stages/keys-only.js';
import { aux, key, keyInParts, through } from '../support/records.js';

const batches = () => [
  [aux('redis-ver'), key('other'), key('key', { db: 3 })],
  [key('ke'), ...keyInParts('key', ['one', 'two'], { db: 5 }), key('after')],
  [key('key', { db: 7 })],
  [key('last')],
];

test('the first key of that name passes, and nothing is read behind it', async () => {
  const finder = findKey(latin1Bytes('key'));
  const { out, source } = await through([finder], batches());
  expect(out).toEqual(['3 key']);
  expect(finder.found).toBe(true);
  expect(source.asked).toBe(1);
  expect(source.closed).toBe(true);
});

test('a value in parts passes whole, and ends the run', async () => {
  const finder = findKey(latin1Bytes('key'), 5);
  const { out, source } = await through([finder], batches());
  expect(out).toEqual(['5 key …', 'part one', 'part two', 'end 6']);
  expect(source.asked).toBe(2);
  expect([...finder.elsewhere]).toEqual([3]);
});

test('a key that is elsewhere only is not found, and where it is is told', async () => {
  const finder = findKey(latin1Bytes('key'), 0);
  const { out, account } = await through([finder], batches());
  expect(out).toEqual([]);
  expect(finder.found).toBe(false);
  expect([...finder.elsewhere]).toEqual([3, 5, 7]);
  expect(account.totals()).toMatchObject({ read: 7, written: 0, skipped: 7 });
});

test('only keys pass keysOnly', async () => {
  const { out } = await through([keysOnly()], batches());
  expect(out).not.toContain('aux redis-ver');
  expect(out).toHaveLength(10);
});
