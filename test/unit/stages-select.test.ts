import { describe, expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import { ByteSet } from '../../src/bytes/byte-set.js';
import { keySlot } from '../../src/codec/crc16.js';
import type { Stage } from '../../src/pipeline.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { sample } from '../../src/stages/sample.js';
import { dropDb, selectDb } from '../../src/stages/select-db.js';
import { type ExpirySelection, selectExpiry } from '../../src/stages/select-expiry.js';
import { dropKey, selectKey, selectKeyExpression, selectKeyList } from '../../src/stages/select-key.js';
import { selectSize } from '../../src/stages/select-size.js';
import { selectSlot } from '../../src/stages/select-slot.js';
import { selectType } from '../../src/stages/select-type.js';
import { skipExpired } from '../../src/stages/skip-expired.js';
import { aux, kept, key, keyInParts, through } from '../support/records.js';

const NOW = 1_000_000;
const globs = (...patterns: string[]) => patterns.map(latin1Bytes);

describe('a stage of selection', () => {
  const stages: [Stage, string][] = [
    [selectDb([7]), 'database'],
    [dropDb([0]), 'database'],
    [selectKey(globs('x*')), 'key'],
    [dropKey(globs('*')), 'key'],
    [selectKeyExpression(/^x/), 'key'],
    [selectKeyList(new ByteSet()), 'key'],
    [selectSize(1000), 'size'],
    [selectSlot([]), 'slot'],
    [selectType(['hash']), 'type'],
    [selectExpiry('with'), 'expiry'],
    [sample(0), 'sample'],
    [keyStage('mine', () => false), 'mine'],
  ];

  test.each(stages)('skips under its name what it drops, whole or in parts: %#', async (stage, reason) => {
    const records = [aux('a'), key('one'), ...keyInParts('two', ['abc', 'de'], { size: 5 }), aux('b')];
    const { out, account } = await through([stage], [records]);
    expect(out).toEqual(['aux a', 'aux b']);
    expect([...account.reasons]).toEqual([[reason, 2]]);
    expect(account.totals()).toMatchObject({ read: 2, written: 0, skipped: 2, failed: 0 });
  });
});

describe('by database', () => {
  const records = [key('a', { db: 0 }), key('b', { db: 1 }), key('c', { db: 15 }), key('d', { db: 1 })];

  test('selectDb keeps the ones named, dropDb the others', async () => {
    expect(await kept([selectDb([1, 15])], records)).toEqual(['b', 'c', 'd']);
    expect(await kept([dropDb([1, 15])], records)).toEqual(['a']);
    expect(await kept([selectDb([])], records)).toEqual([]);
    expect(await kept([dropDb([])], records)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('by key', () => {
  const records = ['user:1', 'user:22', 'job:1', '\0\xff', ''].map((name) => key(latin1Bytes(name)));

  test('selectKey keeps what one of the globs matches, dropKey the others', async () => {
    expect(await kept([selectKey(globs('user:?', 'job:*'))], records)).toEqual(['user:1', 'job:1']);
    expect(await kept([dropKey(globs('user:?', 'job:*'))], records)).toEqual(['user:22', '\0\xff', '']);
    expect(await kept([selectKey(globs('\0*'))], records)).toEqual(['\0\xff']);
    expect(await kept([selectKey([])], records)).toEqual([]);
    expect(await kept([dropKey([])], records)).toHaveLength(5);
  });

  test('selectKeyExpression sees bytes as characters, and every key from its beginning', async () => {
    expect(await kept([selectKeyExpression(/:\d$/g)], records)).toEqual(['user:1', 'job:1']);
    expect(await kept([selectKeyExpression(/u/y)], records)).toEqual(['user:1', 'user:22']);
    expect(await kept([selectKeyExpression(/^.\xff$/s)], records)).toEqual(['\0\xff']);
    expect(await kept([selectKeyExpression(/^$/)], records)).toEqual(['']);
  });

  test('selectKeyList keeps the keys of a list', async () => {
    const keys = new ByteSet();
    for (const name of ['user:1', '\0\xff', 'user:3']) keys.add(latin1Bytes(name));
    expect(await kept([selectKeyList(keys)], records)).toEqual(['user:1', '\0\xff']);
  });
});

describe('by slot', () => {
  test('selectSlot keeps ranges with both ends', async () => {
    const names = ['foo', 'bar', '{foo}1', 'hello', ''];
    const records = names.map((name) => key(name));
    expect(await kept([selectSlot([[12_182, 12_182]])], records)).toEqual(['foo', '{foo}1']);
    expect(
      await kept(
        [
          selectSlot([
            [0, 866],
            [5061, 6000],
          ]),
        ],
        records,
      ),
    ).toEqual(['bar', 'hello', '']);
    expect(await kept([selectSlot([[0, 16_383]])], records)).toEqual(names);
    expect(await kept([selectSlot([[867, 5060]])], records)).toEqual([]);
    expect(keySlot(latin1Bytes('bar'))).toBe(5061);
  });
});

describe('by type and size', () => {
  test('selectType keeps families', async () => {
    const records = ['string', 'hash', 'stream', 'hash'].map((family, i) => key(`${i}`, { family }));
    expect(await kept([selectType(['hash', 'list'])], records)).toEqual(['1', '3']);
  });

  test('selectSize keeps values from the smallest to the largest size', async () => {
    const records = ['', 'a', 'ab', 'abc'].map((value) => key(`size ${value.length}`, { value }));
    expect(await kept([selectSize(1, 2)], records)).toEqual(['size 1', 'size 2']);
    expect(await kept([selectSize(2)], records)).toEqual(['size 2', 'size 3']);
    expect(await kept([selectSize(0, 0)], records)).toEqual(['size 0']);
  });

  test('selectSize on a value in parts needs its size where that decides', async () => {
    const known = keyInParts('big', ['abc', 'def'], { size: 6 });
    expect(await kept([selectSize(6, 6)], known)).toEqual(['big …', 'part abc', 'part def', 'end 6']);
    expect(await kept([selectSize(0)], keyInParts('big', ['abc']))).toEqual(['big …', 'part abc', 'end 3']);
    await expect(kept([selectSize(1)], keyInParts('big', ['abc']))).rejects.toMatchObject({
      code: 'USAGE',
      key: latin1Bytes('big'),
    });
    await expect(kept([selectSize(0, 9)], keyInParts('big', ['abc']))).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('by expiry', () => {
  const far = 2n ** 62n;
  const records = [
    key('none'),
    key('past', { expireAtMs: NOW - 1 }),
    key('now', { expireAtMs: NOW }),
    key('next', { expireAtMs: NOW + 1 }),
    key('far', { expireAtMs: far }),
    key('ever', { expireAtMs: -far }),
    key('zero', { expireAtMs: 0 }),
  ];

  test.each([
    ['any', ['none', 'past', 'now', 'next', 'far', 'ever', 'zero']],
    ['with', ['past', 'now', 'next', 'far', 'ever', 'zero']],
    ['without', ['none']],
    ['live', ['none', 'next', 'far']],
    ['expired', ['past', 'now', 'ever', 'zero']],
  ] as [ExpirySelection, string[]][])('selectExpiry %s', async (selection, expected) => {
    const { out } = await through([selectExpiry(selection, () => NOW)], [records]);
    expect(out.map((text) => text.split(' ')[1])).toEqual(expected);
  });

  test('skipExpired drops what a server would treat as gone, as expired', async () => {
    const { out, account } = await through([skipExpired(() => NOW)], [records]);
    expect(out.map((text) => text.split(' ')[1])).toEqual(['none', 'next', 'far']);
    expect([...account.reasons]).toEqual([['expired', 4]]);
  });

  test('the clock is asked for each key', async () => {
    let now = NOW;
    const { out } = await through(
      [skipExpired(() => now++)],
      [[key('a', { expireAtMs: NOW + 1 }), key('b', { expireAtMs: NOW + 1 })]],
    );
    expect(out).toEqual([`0 a @${NOW + 1}`]);
  });
});

describe('sample', () => {
  const names = Array.from({ length: 5000 }, (_, i) => `key:${i}`);
  const records = names.map((name) => key(name));

  test('keeps about the share that was asked for', async () => {
    for (const share of [0.01, 0.1, 0.5, 0.9]) {
      const { length } = await kept([sample(share)], records);
      expect(Math.abs(length - share * 5000)).toBeLessThan(4 * Math.sqrt(5000 * share * (1 - share)));
    }
    expect(await kept([sample(1)], records)).toEqual(names);
    expect(await kept([sample(0)], records)).toEqual([]);
  });

  test('picks by the key alone: whatever stands before it, its database and its value', async () => {
    const first = await kept([sample(0.2)], records);
    const others = names.map((name, i) => key(name, { db: i % 3, value: `other ${i}` })).reverse();
    expect((await kept([sample(0.2)], others)).reverse()).toEqual(first);
    expect(await kept([sample(0.2), sample(0.2)], records)).toEqual(first);
  });

  test('a larger share keeps all that a smaller one keeps', async () => {
    const more = new Set(await kept([sample(0.3)], records));
    expect((await kept([sample(0.1)], records)).every((name) => more.has(name))).toBe(true);
  });
});
