import { describe, expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import type { Integer } from '../../src/bytes/integer.js';
import type { KeyRecord } from '../../src/record.js';
import { mapDb, toDb } from '../../src/stages/map-db.js';
import { addPrefix, rename, stripPrefix } from '../../src/stages/rename.js';
import { skipExpired } from '../../src/stages/skip-expired.js';
import { type TtlRule, ttl } from '../../src/stages/ttl.js';
import { aux, kept, key, keyInParts, through } from '../support/records.js';

const NOW = 1_000_000;
const names = (...list: string[]) => list.map((name) => key(latin1Bytes(name)));

describe('databases', () => {
  const records = () => [key('a', { db: 0 }), key('b', { db: 1 }), ...keyInParts('c', ['x'], { db: 2 })];

  test('mapDb moves all at once: databases can change places', async () => {
    const { out } = await through(
      [
        mapDb(
          new Map([
            [0, 1],
            [1, 0],
          ]),
        ),
      ],
      [records()],
    );
    expect(out).toEqual(['1 a', '0 b', '2 c …', 'part x', 'end 1']);
  });

  test('toDb moves everything to one', async () => {
    expect((await through([toDb(9)], [records()])).out).toEqual(['9 a', '9 b', '9 c …', 'part x', 'end 1']);
  });

  test('the account keeps to the databases of the source', async () => {
    const { account } = await through([toDb(9)], [records()]);
    expect(account.tallies.map(({ db, read, written }) => [db, read, written])).toEqual([
      [0, 1, 1],
      [1, 1, 1],
      [2, 1, 1],
    ]);
  });
});

describe('names', () => {
  test.each([
    [/^old:/, 'new:', 'old:1', 'new:1'],
    [/^old:/, 'new:', 'very old:1', 'very old:1'],
    [/a/, 'b', 'aaa', 'baa'],
    [/a/g, 'b', 'aaa', 'bbb'],
    [/A/gi, 'bb', 'aaa', 'bbbbbb'],
    [/^(\w+):(\w+)/, '$2:$1', 'user:7', '7:user'],
    [/^.*$/s, '<$&>', 'x\ny', '<x\ny>'],
    [/\xff\0/, '\xfe', 'a\xff\0b', 'a\xfeb'],
    [/[\x80-\xff]+/, '', 'a\xc3\xa9', 'a'],
    [/.*/s, '', 'key', ''],
    [/$/, '\xff', '', '\xff'],
  ])('rename %s to %j: %j is %j', async (expression, replacement, from, to) => {
    expect(await kept([rename(expression, replacement)], names(from))).toEqual([to]);
    expect(await kept([rename(expression, replacement)], names('other', from).slice(1))).toEqual([to]);
  });

  test('an expression with g begins each key at its beginning', async () => {
    expect(await kept([rename(/a/g, 'b')], names('xxa', 'a', 'xa'))).toEqual(['xxb', 'b', 'xb']);
  });

  test('addPrefix puts bytes before every key', async () => {
    expect(await kept([addPrefix(latin1Bytes('p\xff:'))], names('a', '', '\0'))).toEqual([
      'p\xff:a',
      'p\xff:',
      'p\xff:\0',
    ]);
  });

  test('stripPrefix takes bytes off the keys that have them', async () => {
    const list = names('p:a', 'p:', 'p', 'xp:a', 'p:p:a', '');
    expect(await kept([stripPrefix(latin1Bytes('p:'))], list)).toEqual(['a', '', 'p', 'xp:a', 'p:a', '']);
    expect(await kept([stripPrefix(latin1Bytes('p)'))], names('p', '(p)'))).toEqual(['p', '(p)']);
    expect(await kept([stripPrefix(latin1Bytes(''))], names('a'))).toEqual(['a']);
    expect(await kept([stripPrefix(latin1Bytes('\xff\0'))], names('\xff\0k'))).toEqual(['k']);
  });

  test('one takes back what the other did, in this order', async () => {
    const prefix = latin1Bytes('p:');
    expect(await kept([addPrefix(prefix), stripPrefix(prefix)], names('a', 'p:b'))).toEqual(['a', 'p:b']);
    expect(await kept([stripPrefix(prefix), rename(/b/, 'c'), addPrefix(prefix)], names('p:ab'))).toEqual([
      'p:ac',
    ]);
  });

  test('keys in parts are renamed; values and what is no key stay as they are', async () => {
    const one = key('a', { value: 'a value' });
    const { out } = await through(
      [rename(/a/g, 'b'), addPrefix(latin1Bytes('p:'))],
      [[aux('a'), one, ...keyInParts('za', ['a part'])]],
    );
    expect(out).toEqual(['aux a', '0 p:b', '0 p:zb …', 'part a part', 'end 6']);
    expect(Buffer.from(one.value).toString()).toBe('a value');
  });
});

describe('ttl', () => {
  /** The expiry that the rule makes of another. */
  async function changed(
    rule: TtlRule,
    expireAtMs: Integer | undefined,
    name = 'k',
  ): Promise<Integer | undefined> {
    const record: KeyRecord = key(name, { expireAtMs });
    await through([ttl(rule, () => NOW)], [[record]]);
    return record.expireAtMs;
  }

  const FAR = 2n ** 62n;

  test.each<[TtlRule, Integer, Integer | undefined]>([
    [{ kind: 'keep' }, NOW + 5, NOW + 5],
    [{ kind: 'keep' }, FAR, FAR],
    [{ kind: 'drop' }, NOW + 5, undefined],
    [{ kind: 'drop' }, FAR, undefined],
    [{ kind: 'shift', ms: 3_600_000 }, NOW, NOW + 3_600_000],
    [{ kind: 'shift', ms: -3_600_000 }, 5_000_000, 1_400_000],
    [{ kind: 'shift', ms: 0.5 }, NOW, NOW + 1],
    [{ kind: 'shift', ms: 1 }, FAR, FAR + 1n],
    [{ kind: 'shift', ms: -1 }, FAR, FAR - 1n],
    [{ kind: 'shift', ms: 1 }, Number.MAX_SAFE_INTEGER, 2n ** 53n],
    [{ kind: 'shift', ms: -1 }, 2n ** 53n, Number.MAX_SAFE_INTEGER],
    [{ kind: 'shift', ms: 1000 }, 2n ** 63n - 2n, 2n ** 63n - 1n],
    [{ kind: 'shift', ms: -1000 }, -(2n ** 63n) + 2n, -(2n ** 63n) + 1n],
    [{ kind: 'max', ms: 1000 }, NOW + 999, NOW + 999],
    [{ kind: 'max', ms: 1000 }, NOW + 1000, NOW + 1000],
    [{ kind: 'max', ms: 1000 }, NOW + 1001, NOW + 1000],
    [{ kind: 'max', ms: 1000 }, NOW - 1, NOW - 1],
    [{ kind: 'max', ms: 1000 }, FAR, NOW + 1000],
    [{ kind: 'max', ms: 1000 }, -FAR, -FAR],
    [{ kind: 'jitter', share: 0.5 }, NOW, NOW],
    [{ kind: 'jitter', share: 0.5 }, NOW - 1, NOW - 1],
    [{ kind: 'jitter', share: 0 }, NOW + 77, NOW + 77],
    [{ kind: 'jitter', share: 1 }, FAR, FAR],
  ])('%o: %s is %s', async (rule, before, after) => {
    expect(await changed(rule, before)).toBe(after);
  });

  test.each<TtlRule>([
    { kind: 'keep' },
    { kind: 'drop' },
    { kind: 'shift', ms: 1000 },
    { kind: 'max', ms: 1000 },
    { kind: 'jitter', share: 1 },
  ])('%o gives no expiry to a key without', async (rule) => {
    expect(await changed(rule, undefined)).toBeUndefined();
  });

  test('jitter spreads the time left over the whole share, the same for a key in every run', async () => {
    const left = 100_000;
    const rule: TtlRule = { kind: 'jitter', share: 0.1 };
    const seen: number[] = [];
    for (let i = 0; i < 500; i++) {
      const at = (await changed(rule, NOW + left, `key:${i}`)) as number;
      expect(await changed(rule, NOW + left, `key:${i}`)).toBe(at);
      seen.push((at - NOW) / left);
    }
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(0.9);
    expect(Math.min(...seen)).toBeLessThan(0.91);
    expect(Math.max(...seen)).toBeLessThanOrEqual(1.1);
    expect(Math.max(...seen)).toBeGreaterThan(1.09);
    expect(Math.abs(seen.reduce((sum, one) => sum + one, 0) / 500 - 1)).toBeLessThan(0.01);
  });

  test('jitter never expires a key that lives', async () => {
    for (let i = 0; i < 200; i++) {
      const at = await changed({ kind: 'jitter', share: 1 }, NOW + 1, `key:${i}`);
      expect(at === NOW + 1 || at === NOW + 2).toBe(true);
    }
  });

  test('a stage behind sees the new expiry, of values in parts, too', async () => {
    const stages = [ttl({ kind: 'shift', ms: -1000 }, () => NOW), skipExpired(() => NOW)];
    const { out } = await through(stages, [
      [key('gone', { expireAtMs: NOW + 1000 }), ...keyInParts('big', ['x'], { expireAtMs: NOW + 1001 })],
    ]);
    expect(out).toEqual([`0 big @${NOW + 1} …`, 'part x', 'end 1']);
  });
});
