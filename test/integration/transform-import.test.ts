import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Opcode } from '../../src/rdb/opcodes.js';
import { bytes, float64, length, lzfString, string } from '../support/bytes.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { type Imported, imbalances, importInto, reportOf } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Which keys are taken, and what is changed on the way, seen from what the server then holds.

const FAR = 4_102_444_800_000;
const PAST = 1_000_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** A key of the dump; its name is Latin-1, a character for each byte. */
interface Key {
  readonly db: number;
  readonly key: string;
  readonly type: 'string' | 'list' | 'set' | 'zset' | 'hash';
  readonly value: Uint8Array;
  readonly expireAt?: number;
}

const CODES = { string: 0, list: 1, set: 2, zset: 5, hash: 4 } as const;

const one = (db: number, key: string, expireAt?: number, value: Uint8Array = string('v')): Key => ({
  db,
  key,
  type: 'string',
  value,
  ...(expireAt === undefined ? {} : { expireAt }),
});

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

const KEYS: readonly Key[] = [
  one(0, 'user:1', FAR),
  one(0, 'user:2', FAR + 1),
  one(0, 'user:10'),
  one(0, 'user:x'),
  one(0, 'USER:1'),
  one(0, 'session:live', Date.now() + 10 * DAY),
  one(0, 'session:gone', PAST),
  one(0, 'bin\0\xff\n'),
  one(0, 'with space'),
  one(0, '"quoted"'),
  one(0, 'weird[1]*?\\'),
  one(0, utf8('schlüssel')),
  one(0, ''),
  one(0, 'big', undefined, string(new Uint8Array(5000).fill(0x61))),
  one(0, 'packed', undefined, lzfString('a'.repeat(5000))),
  { db: 0, key: 'list', type: 'list', value: bytes(length(2), string('a'), string('b')) },
  { db: 0, key: 'set', type: 'set', value: bytes(length(1), string('a')) },
  { db: 3, key: 'zset', type: 'zset', value: bytes(length(1), string('a'), float64(1.5)) },
  { db: 3, key: 'hash', type: 'hash', value: bytes(length(1), string('f'), string('v')), expireAt: FAR + 2 },
  one(3, 'other:1'),
  one(3, 'other:2', FAR + 3),
  one(9, 'foo{tag}bar'),
  one(9, 'gone', PAST + 1),
];

const isLive = ({ expireAt }: Key) => expireAt === undefined || expireAt > Date.now();

function dumpOf(keys: readonly Key[]): Uint8Array {
  const builder = new RdbBuilder('REDIS0010').raw(
    Opcode.function,
    string("#!lua name=lib\nredis.register_function('f', function() return 1 end)"),
  );
  let db = -1;
  for (const key of keys) {
    if (key.db !== db) builder.selectDb(key.db);
    db = key.db;
    if (key.expireAt !== undefined) builder.expireMs(key.expireAt);
    builder.key(CODES[key.type], latin1(key.key), key.value);
  }
  return builder.build();
}

const dump = scratch.file('keys.rdb', dumpOf(KEYS));

/** Database, name and expiry of everything that a server holds. */
async function held(running: RunningServer): Promise<Key['key'][]> {
  const keys = await readKeys(running);
  return keys.map(({ db, key, expireAt }) =>
    line(db, Buffer.from(key, 'base64').toString('latin1'), expireAt),
  );
}

const line = (db: number, key: string, expireAt: unknown) =>
  `${db} ${JSON.stringify(key)} ${expireAt ?? '-'}`;

const expectedLines = (keys: readonly Key[]) =>
  keys.map(({ db, key, expireAt }) => line(db, key, expireAt)).sort();

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  /** Imports the keys, and expects those there that `keep` picks, changed by `change`. */
  async function expectTaken(
    args: readonly string[],
    keep: (key: Key, i: number) => boolean,
    change: (key: Key) => Key = (key) => key,
  ): Promise<Imported> {
    const run = await importInto(running.url, [dump], args);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    const expected = KEYS.filter(keep).map(change).filter(isLive);
    expect((await held(running)).sort()).toEqual(expectedLines(expected));
    expect(reportOf(run)).toMatchObject({ written: expected.length, failed: 0 });
    expect(imbalances(reportOf(run))).toEqual([]);
    return run;
  }

  describe('which keys', () => {
    test('all of them, but those that have expired', async () => {
      const run = await expectTaken([], () => true);
      expect(reportOf(run)).toMatchObject({ read: KEYS.length, skipped: 2, skippedBy: { expired: 2 } });
    });

    const selections: readonly (readonly [args: readonly string[], keep: (key: Key) => boolean])[] = [
      [['--db', '0'], ({ db }) => db === 0],
      [['--db', '3,9'], ({ db }) => db === 3 || db === 9],
      [['--db', '5'], () => false],
      [['--not-db', '0'], ({ db }) => db !== 0],
      [['--not-db', '3,9'], ({ db }) => db === 0],
      [['--db', '0,3', '--not-db', '3'], ({ db }) => db === 0],
      [['--key', 'user:*'], ({ key }) => key.startsWith('user:')],
      [['--key', 'user:?'], ({ key }) => /^user:.$/s.test(key)],
      [['--key', 'user:[0-9]*'], ({ key }) => /^user:[0-9]/.test(key)],
      [['--key', 'user:*', '--key', 'other:*'], ({ key }) => /^(?:user|other):/.test(key)],
      [['--key', 'user:*', '--not-key', '*1'], ({ key }) => /^user:/.test(key) && !key.endsWith('1')],
      [['--not-key', 'user:*', '--not-key', 'other:*'], ({ key }) => !/^(?:user|other):/.test(key)],
      [['--key', 'weird\\[1\\]\\*\\?\\\\'], ({ key }) => key.startsWith('weird')],
      [['--key', '"bin\\x00\\xff\\n"'], ({ key }) => key.startsWith('bin')],
      [['--key', '"bin\\x00*"'], ({ key }) => key.startsWith('bin')],
      [['--key', '\\"*'], ({ key }) => key.startsWith('"')],
      [['--key', 'schlüssel'], ({ key }) => key.startsWith('schl')],
      [['--key', 'schl??ssel'], ({ key }) => key.startsWith('schl')],
      [['--key', ''], ({ key }) => key === ''],
      [['--key-regex', '^user:[0-9]+$'], ({ key }) => /^user:[0-9]+$/.test(key)],
      [['--key-regex', 's'], ({ key }) => key.includes('s')],
      [['--key-regex', 'ü'], ({ key }) => key.includes(utf8('ü'))],
      [['--key-regex', '\\xff'], ({ key }) => key.includes('\xff')],
      [['--key-regex', '^$'], ({ key }) => key === ''],
      [['--type', 'string'], ({ type }) => type === 'string'],
      [['--type', 'list,hash,zset'], ({ type }) => ['list', 'hash', 'zset'].includes(type)],
      [['--type', 'stream'], () => false],
      [['--min-size', '100'], ({ value }) => value.length >= 100],
      [['--max-size', '100'], ({ value }) => value.length <= 100],
      [
        ['--min-size', '100', '--max-size', '1kb'],
        ({ value }) => value.length >= 100 && value.length <= 1024,
      ],
      [['--min-size', '5003', '--max-size', '5003'], ({ value }) => value.length === 5003],
      [['--expiry', 'any'], () => true],
      [['--expiry', 'with'], ({ expireAt }) => expireAt !== undefined],
      [['--expiry', 'without'], ({ expireAt }) => expireAt === undefined],
      [['--expiry', 'live'], isLive],
      [['--expiry', 'expired'], () => false],
      [['--sample', '100%'], () => true],
      [['--sample', '0%'], () => false],
      [['--limit', '1000'], () => true],
      [
        ['--db', '0', '--type', 'string', '--key', 'user:*', '--expiry', 'with'],
        ({ db, key, expireAt }) => db === 0 && key.startsWith('user:') && expireAt !== undefined,
      ],
    ];

    test.each(selections.map(([args, keep]) => [args.join(' '), args, keep] as const))(
      '%s',
      async (_, args, keep) => {
        await expectTaken(args, keep);
      },
    );

    test('keys left out are counted by what left them out', async () => {
      const run = await expectTaken(
        ['--db', '0', '--key', 'user:*'],
        ({ db, key }) => db === 0 && /^user:/.test(key),
      );
      const others = KEYS.filter(({ db }) => db !== 0).length;
      const rest = KEYS.length - others - 4;
      expect(reportOf(run).skippedBy).toEqual({ database: others, key: rest });
    });

    test('--keys-from takes a list of keys as they are, or quoted', async () => {
      const list = [
        'user:1',
        '',
        '"bin\\x00\\xff\\n"',
        'with space\r',
        '"\\"quoted\\""',
        'weird[1]*?\\',
        'schlüssel',
        'no such key',
      ];
      const names = ['user:1', 'bin\0\xff\n', 'with space', '"quoted"', 'weird[1]*?\\', utf8('schlüssel')];
      await expectTaken(['--keys-from', scratch.file('list', list.join('\n'))], ({ key }) =>
        names.includes(key),
      );
    });

    test('--slot agrees with the slots of the server', async () => {
      const node = await startServer(server, { config: ['--cluster-enabled', 'yes'] });
      const slots = new Map<string, number>();
      for (const { key } of KEYS) {
        slots.set(key, Number(await node.client.call('CLUSTER', 'KEYSLOT', Buffer.from(key, 'latin1'))));
      }
      await node.stop();
      const slotOf = ({ key }: Key) => slots.get(key) as number;
      await expectTaken(['--slot', '0-8191'], (key) => slotOf(key) < 8192);
      await running.clear();
      await expectTaken(['--slot', '8192-16383'], (key) => slotOf(key) >= 8192);
      await running.clear();
      const tagged = KEYS.find(({ key }) => key === 'foo{tag}bar') as Key;
      await expectTaken(['--slot', String(slotOf(tagged))], (key) => slotOf(key) === slotOf(tagged));
    });

    test.each([1, 5, 14])('--limit %i takes the first', async (count) => {
      const live = KEYS.filter(isLive);
      const run = await importInto(running.url, [dump], ['--limit', String(count)]);
      expect(run.code).toBe(0);
      expect((await held(running)).sort()).toEqual(expectedLines(live.slice(0, count)));
      expect(imbalances(reportOf(run))).toEqual([]);
    });

    test('--limit counts what the others leave', async () => {
      const run = await importInto(running.url, [dump], ['--limit', '2', '--key', 'other:*']);
      expect(run.code).toBe(0);
      expect((await held(running)).sort()).toEqual(
        expectedLines(KEYS.filter(({ key }) => /^other:/.test(key))),
      );
    });

    test('--sample takes the same keys from another dump, in another order', async () => {
      const names = Array.from({ length: 2000 }, (_, i) => `sample:${i}`);
      const sampled = async (order: readonly string[], db: number) => {
        await running.clear();
        const file = scratch.file('sample.rdb', dumpOf(order.map((name) => one(db, name))));
        const run = await importInto(running.url, [file], ['--sample', '25%']);
        expect(reportOf(run).written).toBeGreaterThan(400);
        expect(reportOf(run).written).toBeLessThan(600);
        return (await readKeys(running)).map(({ key }) => key);
      };
      const first = await sampled(names, 0);
      expect(await sampled([...names].reverse(), 4)).toEqual(first);
      expect(
        await sampled(names.filter((_, i) => i % 2 === 0).concat(names.filter((_, i) => i % 2 === 1)), 0),
      ).toEqual(first);
    });

    test('sizes decide over values in parts as well', async () => {
      const large = one(0, 'large', undefined, string(new Uint8Array(200_000).fill(0x7a)));
      const file = scratch.file('large.rdb', dumpOf([large, one(0, 'small')]));
      for (const [args, names] of [
        [['--min-size', '100kb'], ['large']],
        [['--max-size', '100kb'], ['small']],
        [['--min-size', '1mb'], []],
      ] as const) {
        await running.clear();
        const run = await importInto(running.url, [file], [...args, '--max-inline-value', '64kb']);
        expect(run.stderr).toBe('');
        expect(run.code).toBe(0);
        expect((await readKeys(running)).map(({ key }) => Buffer.from(key, 'base64').toString())).toEqual(
          names,
        );
      }
    });

    test.each([
      ['--db', 'x'],
      ['--slot', '16384'],
      ['--slot', '5-3'],
      ['--type', 'strings'],
      ['--sample', '101%'],
      ['--limit', '-1'],
      ['--min-size', 'much'],
      ['--expiry', 'never'],
      ['--key-regex', '('],
      ['--rename', 'old:new'],
      ['--ttl', '1h'],
      ['--map-db', '3'],
      ['--map-db', '3:0,3:1'],
      ['--expired', 'drop'],
      ['--conflict', 'merge'],
      ['--max-rate', '0'],
    ])('%s %s is wrong usage', async (...args) => {
      const run = await importInto(running.url, [dump], args);
      expect(run.code).toBe(64);
      expect(run.stderr).toContain(args[0]);
      expect(await readKeys(running)).toEqual([]);
    });
  });

  describe('new names and places', () => {
    const renamed = (change: (key: string) => string) => (key: Key) => ({ ...key, key: change(key.key) });
    const all = () => true;

    test('--add-prefix', async () => {
      await expectTaken(
        ['--add-prefix', 'new:'],
        all,
        renamed((key) => `new:${key}`),
      );
    });

    test('--add-prefix with bytes', async () => {
      await expectTaken(
        ['--add-prefix', '"\\x00\\xff"'],
        all,
        renamed((key) => `\0\xff${key}`),
      );
    });

    test('--strip-prefix', async () => {
      await expectTaken(
        ['--strip-prefix', 'other:'],
        all,
        renamed((key) => key.replace(/^other:/, '')),
      );
    });

    test('--strip-prefix of the whole key leaves an empty one', async () => {
      await expectTaken(
        ['--key', 'zset', '--strip-prefix', 'zset'],
        ({ key }) => key === 'zset',
        renamed(() => ''),
      );
    });

    test('--strip-prefix, then --rename, then --add-prefix, then the database', async () => {
      await expectTaken(
        [
          '--db',
          '3',
          '--strip-prefix',
          'other:',
          '--rename',
          's/^1$/one/',
          '--add-prefix',
          'p:',
          '--map-db',
          '3:8',
        ],
        ({ db }) => db === 3,
        (key) => ({ ...key, db: 8, key: `p:${key.key.replace(/^other:/, '').replace(/^1$/, 'one')}` }),
      );
    });

    const renames: readonly (readonly [rules: readonly string[], change: (key: string) => string])[] = [
      [['s/^user:/u:/'], (key) => key.replace(/^user:/, 'u:')],
      [
        ['s/^user:/u:/i', 's/^u:1$/U/'],
        (key) => (key === 'USER:1' || key === 'user:1' ? 'U' : key.replace(/^user:/i, 'u:')),
      ],
      [['s/e/E/'], (key) => key.replace('e', 'E')],
      [['s/e/E/g'], (key) => key.replaceAll('e', 'E')],
      [['s/^(\\w+):(\\d+)$/$2:$1/'], (key) => key.replace(/^(\w+):(\d+)$/, '$2:$1')],
      [['s/^(\\w+):(\\d+)$/\\2-\\1/'], (key) => key.replace(/^(\w+):(\d+)$/, '$2-$1')],
      [['s|:|/|g'], (key) => key.replaceAll(':', '/')],
      [['s/:/\\//g'], (key) => key.replaceAll(':', '/')],
      [['s/ü/ue/'], (key) => key.replace(utf8('ü'), 'ue')],
      [['s/ue/ü/', 's/\\xff/#/'], (key) => key.replace('ue', utf8('ü')).replace('\xff', '#')],
    ];

    test.each(renames.map(([rules, change]) => [rules.join(' '), rules, change] as const))(
      '--rename %s',
      async (_, rules, change) => {
        const args = rules.flatMap((rule) => ['--rename', rule]);
        const isOf0 = ({ db, key }: Key) => db === 0 && !(rules.length === 2 && key === 'USER:1');
        await expectTaken(
          [...args, '--db', '0', ...(rules.length === 2 ? ['--not-key', 'USER:1'] : [])],
          isOf0,
          renamed(change),
        );
      },
    );

    test.each([
      ['3:0', (db: number) => (db === 3 ? 0 : db)],
      ['3:9,9:3', (db: number) => (db === 3 ? 9 : db === 9 ? 3 : db)],
      ['0:1,3:2,9:4', (db: number) => ({ 0: 1, 3: 2, 9: 4 })[db] as number],
    ] as const)('--map-db %s', async (map, change) => {
      await expectTaken(['--map-db', map], all, (key) => ({ ...key, db: change(key.db) }));
    });

    test('--to-db', async () => {
      await expectTaken(['--to-db', '2'], all, (key) => ({ ...key, db: 2 }));
    });
  });

  describe('expiries', () => {
    const all = () => true;
    const at =
      (change: (expireAt: number) => number | undefined) =>
      (key: Key): Key => {
        const { expireAt, ...rest } = key;
        const changed = expireAt === undefined ? undefined : change(expireAt);
        return changed === undefined ? rest : { ...rest, expireAt: changed };
      };

    const rules: readonly (readonly [rule: string, change: (expireAt: number) => number | undefined])[] = [
      ['keep', (expireAt) => expireAt],
      ['drop', () => undefined],
      ['+1h', (expireAt) => expireAt + HOUR],
      ['+1d12h', (expireAt) => expireAt + 1.5 * DAY],
      ['-1h', (expireAt) => expireAt - HOUR],
      ['-250ms', (expireAt) => expireAt - 250],
      // Those that are past come back to life, and those that are not die.
      ['+36500d', (expireAt) => expireAt + 36_500 * DAY],
      ['-36500d', (expireAt) => expireAt - 36_500 * DAY],
    ];

    test.each(rules)('--ttl %s', async (rule, change) => {
      await expectTaken(['--ttl', rule], all, at(change));
    });

    test('--ttl max brings them nearer, and gives none', async () => {
      const before = Date.now();
      const run = await importInto(running.url, [dump], ['--ttl', 'max:7d']);
      const after = Date.now();
      expect(run.code).toBe(0);
      const found = await readKeys(running);
      const live = KEYS.filter(isLive);
      expect(found).toHaveLength(live.length);
      for (const { key, expireAt } of found) {
        const name = Buffer.from(key, 'base64').toString('latin1');
        const source = live.find((one) => one.key === name) as Key;
        if (source.expireAt === undefined) expect(expireAt).toBeNull();
        else {
          expect(expireAt).toBeGreaterThanOrEqual(before + 7 * DAY);
          expect(expireAt).toBeLessThanOrEqual(after + 7 * DAY);
        }
      }
    });

    test('--ttl max leaves those that are nearer', async () => {
      await expectTaken(['--ttl', 'max:36500d'], all);
    });

    test('--ttl jitter changes what is left by so much at most, each in its own way', async () => {
      const keys = Array.from({ length: 500 }, (_, i) => one(0, `jitter:${i}`, FAR));
      const run = await importInto(
        running.url,
        [scratch.file('jitter.rdb', dumpOf([...keys, one(0, 'gone', PAST), one(0, 'forever')]))],
        ['--ttl', 'jitter:10%'],
      );
      const now = Date.now();
      expect(reportOf(run)).toMatchObject({ written: 501, skipped: 1 });
      const expiries = (await readKeys(running)).map(({ expireAt }) => expireAt as number | null);
      expect(expiries.filter((expireAt) => expireAt === null)).toHaveLength(1);
      const shares = expiries
        .filter((expireAt) => expireAt !== null)
        .map((expireAt) => (expireAt - now) / (FAR - now));
      expect(Math.min(...shares)).toBeGreaterThan(0.8999);
      expect(Math.max(...shares)).toBeLessThan(1.1001);
      expect(Math.min(...shares)).toBeLessThan(0.92);
      expect(Math.max(...shares)).toBeGreaterThan(1.08);
      expect(new Set(shares).size).toBeGreaterThan(450);
    });

    test('--expired keep writes them without expiry, and says so', async () => {
      const run = await importInto(running.url, [dump], ['--expired', 'keep']);
      expect(run.code).toBe(0);
      const expected = KEYS.map((key) => (isLive(key) ? key : at(() => undefined)(key)));
      expect((await held(running)).sort()).toEqual(expectedLines(expected));
      expect(reportOf(run)).toMatchObject({
        read: KEYS.length,
        written: KEYS.length,
        notes: { 'expired keys written without expiry': 2 },
      });
      expect(run.stdout).toContain('note: expired keys written without expiry: 2');
    });

    test('--expiry expired with --expired keep takes only those', async () => {
      const run = await importInto(running.url, [dump], ['--expiry', 'expired', '--expired', 'keep']);
      expect(run.code).toBe(0);
      const expected = KEYS.filter((key) => !isLive(key)).map(at(() => undefined));
      expect((await held(running)).sort()).toEqual(expectedLines(expected));
    });

    test('an expired key does not take the place of one that is there', async () => {
      await running.client.set('session:gone', 'there');
      const run = await importInto(running.url, [dump], ['--conflict', 'replace', '--key', 'session:gone']);
      expect(run.code).toBe(0);
      expect(await running.client.get('session:gone')).toBe('there');
    });

    test('expiries in seconds, as old dumps have them', async () => {
      const seconds = 2_000_000_000;
      const file = new RdbBuilder('REDIS0002').selectDb(0).expireSeconds(seconds).key(0, 'old', string('v'));
      const run = await importInto(running.url, [scratch.file('old.rdb', file.build('none'))]);
      expect(run.code).toBe(0);
      expect(await held(running)).toEqual([line(0, 'old', seconds * 1000)]);
    });

    test('an expiry beyond what a double holds exactly', async () => {
      const at = 4_611_686_018_427_387_000n;
      const file = new RdbBuilder('REDIS0010').selectDb(0).expireMs(at).key(0, 'far', string('v'));
      const run = await importInto(running.url, [scratch.file('far.rdb', file.build())]);
      expect(run.code).toBe(0);
      expect(String(await running.client.callBuffer('PEXPIRETIME', 'far'))).toBe(String(Number(at)));
    });
  });
});
