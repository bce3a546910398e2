import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Opcode } from '../../src/rdb/opcodes.js';
import { length, string } from '../support/bytes.js';
import { corpusFile } from '../support/corpus.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { imbalances, importInto, reportOf } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readFunctions, readKeys, readPlain } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// What happens to keys and functions that are there already, or come twice.

const EXISTS = 'exists in the target';
const COLLIDES = 'collides with another record of the same key';
const FAR = 4_102_444_800_000;

const scratch = new Scratch();
afterAll(() => scratch.remove());

const library = (name: string, result: number, functionName = name) =>
  `#!lua name=${name}\nredis.register_function('${functionName}', function() return ${result} end)`;

const list = (...elements: string[]) => [length(elements.length), ...elements.map(string)];

/** Keys by database, all strings; as a file of that name. */
function dumpOf(name: string, dbs: Record<number, Record<string, string>>): string {
  const builder = new RdbBuilder('REDIS0010');
  for (const [db, keys] of Object.entries(dbs)) {
    builder.selectDb(Number(db));
    for (const [key, value] of Object.entries(keys)) builder.key(0, key, string(value));
  }
  return scratch.file(name, builder.build());
}

const mixed = scratch.file(
  'mixed.rdb',
  new RdbBuilder('REDIS0010')
    .raw(Opcode.function, string(library('shared', 2)))
    .raw(Opcode.function, string(library('fresh', 2)))
    .selectDb(0)
    .key(0, 'same', string('new'))
    .key(0, 'other-type', string('new'))
    .expireMs(FAR)
    .key(0, 'expiring', string('new'))
    .key(1, 'list', list('a', 'b'))
    .key(0, 'only-in-dump', string('new'))
    .selectDb(1)
    .key(0, 'same', string('new in 1'))
    .build(),
);

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  describe('with keys and functions that the target has', () => {
    beforeEach(async () => {
      const { client } = running;
      await client.set('same', 'old', 'PXAT', FAR + 1);
      await client.rpush('other-type', 'old');
      await client.set('expiring', 'old');
      await client.rpush('list', 'a');
      await client.set('only-in-target', 'old');
      await client.call('FUNCTION', 'LOAD', library('shared', 1));
    });

    const old = {
      '0/same': 'old',
      '0/other-type': ['old'],
      '0/expiring': 'old',
      '0/list': ['a'],
      '0/only-in-target': 'old',
    };
    const fresh = { '0/only-in-dump': 'new', '1/same': 'new in 1' };

    const conflicting = [
      { db: -1, key: 'shared', command: 'FUNCTION LOAD', code: 'CONFLICT', cause: EXISTS },
      ...['same', 'other-type', 'expiring', 'list'].map((key) => ({
        db: 0,
        key,
        command: 'RESTORE',
        code: 'CONFLICT',
        cause: EXISTS,
      })),
    ];

    test('fail is the default: they stay as they are and count as failed', async () => {
      const run = await importInto(running.url, [mixed]);
      expect(run.code).toBe(1);
      expect(await readPlain(running)).toEqual({ ...old, ...fresh });
      expect(await running.client.pexpiretime('same')).toBe(FAR + 1);
      expect(await running.client.pexpiretime('expiring')).toBe(-1);
      expect(await readFunctions(running)).toEqual({
        shared: library('shared', 1),
        fresh: library('fresh', 2),
      });
      expect(reportOf(run)).toMatchObject({
        read: 6,
        written: 2,
        skipped: 0,
        failed: 4,
        failedBy: { [EXISTS]: 4 },
        besides: { [EXISTS]: 1 },
        types: { function: { read: 2, written: 1, failed: 1 } },
      });
      expect(imbalances(reportOf(run))).toEqual([]);
      expect(run.rejects).toHaveLength(5);
      expect(run.rejects).toEqual(expect.arrayContaining(conflicting));
      expect(run.stdout).toContain('"other-type": exists in the target (RESTORE)');
    });

    test('skip leaves them and counts them as skipped', async () => {
      const run = await importInto(running.url, [mixed], ['--conflict', 'skip']);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual({ ...old, ...fresh });
      expect(await running.client.pexpiretime('same')).toBe(FAR + 1);
      expect(await readFunctions(running)).toEqual({
        shared: library('shared', 1),
        fresh: library('fresh', 2),
      });
      expect(reportOf(run)).toMatchObject({
        read: 6,
        written: 2,
        skipped: 4,
        failed: 0,
        skippedBy: { [EXISTS]: 4 },
        besides: { [EXISTS]: 1 },
        types: { function: { read: 2, written: 1, skipped: 1, failed: 0 } },
      });
      expect(imbalances(reportOf(run))).toEqual([]);
      expect(run.rejects).toHaveLength(5);
      expect(run.rejects).toEqual(expect.arrayContaining(conflicting));
    });

    test('replace puts the new ones in their place, type and expiry included', async () => {
      const run = await importInto(running.url, [mixed], ['--conflict', 'replace']);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual({
        '0/same': 'new',
        '0/other-type': 'new',
        '0/expiring': 'new',
        '0/list': ['a', 'b'],
        '0/only-in-target': 'old',
        ...fresh,
      });
      expect(await running.client.pexpiretime('same')).toBe(-1);
      expect(await running.client.pexpiretime('expiring')).toBe(FAR);
      expect(await readFunctions(running)).toEqual({
        shared: library('shared', 2),
        fresh: library('fresh', 2),
      });
      expect(reportOf(run)).toMatchObject({ read: 6, written: 6, skipped: 0, failed: 0 });
      expect(run.rejects).toEqual([]);
    });

    test('a dry run writes nothing and tells what would collide', async () => {
      const before = await readKeys(running);
      const run = await importInto(running.url, [mixed], ['--dry-run']);
      expect(await readKeys(running)).toEqual(before);
      expect(Object.keys(await readFunctions(running))).toEqual(['shared']);
      expect(run.code).toBe(1);
      expect(reportOf(run)).toMatchObject({
        dryRun: true,
        read: 6,
        written: 2,
        failed: 4,
        failedBy: { [EXISTS]: 4 },
      });
      expect(run.stdout).toMatch(/^Dry run: nothing was written to /);
      expect(run.stdout).toMatch(/would be written +2\n/);
      const keys = (run.rejects ?? []).filter(({ db }) => db >= 0).map(({ key }) => key);
      expect(keys.sort()).toEqual(['expiring', 'list', 'other-type', 'same']);
    });

    test('a dry run tells which functions would collide', async () => {
      const run = await importInto(running.url, [mixed], ['--dry-run']);
      expect(reportOf(run)).toMatchObject({
        besides: { [EXISTS]: 1 },
        types: { function: { read: 2, written: 1, failed: 1 } },
      });
      expect((run.rejects ?? []).filter(({ db }) => db < 0).map(({ key }) => key)).toEqual(['shared']);
    });

    test.each([
      ['skip', { written: 2, skipped: 4, failed: 0 }],
      ['replace', { written: 6, skipped: 0, failed: 0 }],
    ] as const)('a dry run tells what %s would do', async (policy, counts) => {
      const before = await readKeys(running);
      const run = await importInto(running.url, [mixed], ['--dry-run', '--conflict', policy]);
      expect(run.code).toBe(0);
      expect(reportOf(run)).toMatchObject(counts);
      expect(await readKeys(running)).toEqual(before);
    });

    test('a function that another library has is never passed over in silence', async () => {
      await running.client.call('FUNCTION', 'LOAD', library('elsewhere', 1, 'taken'));
      const file = scratch.file(
        'taken.rdb',
        new RdbBuilder('REDIS0010').raw(Opcode.function, string(library('mine', 2, 'taken'))).build(),
      );
      for (const policy of ['fail', 'skip', 'replace']) {
        const run = await importInto(running.url, [file], ['--conflict', policy]);
        expect(run.code).toBe(1);
        expect(reportOf(run).types['function']).toMatchObject({ read: 1, failed: 1 });
        expect(run.rejects).toEqual([
          expect.objectContaining({ key: 'mine', cause: expect.stringMatching(/taken.*already exists/) }),
        ]);
      }
      expect(await readFunctions(running)).not.toHaveProperty('mine');
    });
  });

  describe('running again', () => {
    const dump = corpusFile('r62') as string;
    const KEYS = 115;

    test.each([
      ['skip', 0, { written: 0, skipped: KEYS, failed: 0 }],
      ['replace', 0, { written: KEYS, skipped: 0, failed: 0 }],
      ['fail', 1, { written: 0, skipped: 0, failed: KEYS }],
    ] as const)('under %s changes nothing', async (policy, code, counts) => {
      const first = await importInto(running.url, [dump]);
      expect(reportOf(first)).toMatchObject({ written: KEYS });
      const before = await readKeys(running);
      for (let again = 0; again < 2; again++) {
        const run = await importInto(running.url, [dump], ['--conflict', policy]);
        expect(run.code).toBe(code);
        expect(reportOf(run)).toMatchObject(counts);
        expect(imbalances(reportOf(run))).toEqual([]);
        expect(await readKeys(running)).toEqual(before);
      }
    });

    test('after half of the keys were lost, skip brings them back', async () => {
      await importInto(running.url, [dump]);
      const before = await readKeys(running);
      const lost = before.filter(({ db }, i) => db === 0 && i % 2 === 0);
      await running.client.del(...lost.map(({ key }) => Buffer.from(key, 'base64')));
      const run = await importInto(running.url, [dump], ['--conflict', 'skip']);
      expect(reportOf(run)).toMatchObject({ written: lost.length, skipped: KEYS - lost.length, failed: 0 });
      expect(await readKeys(running)).toEqual(before);
    });
  });

  describe('when databases are merged', () => {
    const dump = () =>
      dumpOf('dbs.rdb', {
        0: { a: 'a of 0', b: 'b of 0' },
        3: { a: 'a of 3', c: 'c of 3' },
        4: { a: 'a of 4' },
      });

    const outcomes = [
      ['fail', 1, { written: 3, skipped: 0, failed: 2, failedBy: { [COLLIDES]: 2 } }, 'a of 0'],
      ['skip', 0, { written: 3, skipped: 2, failed: 0, skippedBy: { [COLLIDES]: 2 } }, 'a of 0'],
      ['replace', 0, { written: 3, skipped: 2, failed: 0, skippedBy: { [COLLIDES]: 2 } }, 'a of 4'],
    ] as const;

    test.each(outcomes)('by --map-db, %s decides', async (policy, code, counts, a) => {
      const run = await importInto(running.url, [dump()], ['--map-db', '3:0,4:0', '--conflict', policy]);
      expect(await readPlain(running)).toEqual({ '0/a': a, '0/b': 'b of 0', '0/c': 'c of 3' });
      expect(run.code).toBe(code);
      expect(reportOf(run)).toMatchObject({ read: 5, ...counts });
      expect(imbalances(reportOf(run))).toEqual([]);
      expect(run.stderr).toMatch(
        /^rdbkit: 1 keys? would come more than once; --conflict (fail|skip|replace) decides\n$/,
      );
    });

    test.each(outcomes)('by --to-db, %s decides', async (policy, code, counts, a) => {
      const run = await importInto(running.url, [dump()], ['--to-db', '5', '--conflict', policy]);
      expect(await readPlain(running)).toEqual({ '5/a': a, '5/b': 'b of 0', '5/c': 'c of 3' });
      expect(run.code).toBe(code);
      expect(reportOf(run)).toMatchObject({ read: 5, ...counts });
    });

    test.each([
      ['fail', 1, { written: 2, skipped: 0, failed: 3 }, 'a of target'],
      ['skip', 0, { written: 2, skipped: 3, failed: 0 }, 'a of target'],
      ['replace', 0, { written: 3, skipped: 2, failed: 0 }, 'a of 4'],
    ] as const)('and the target has the key too, %s decides', async (policy, code, counts, a) => {
      await running.client.set('a', 'a of target');
      const run = await importInto(running.url, [dump()], ['--to-db', '0', '--conflict', policy]);
      expect(await readPlain(running)).toEqual({ '0/a': a, '0/b': 'b of 0', '0/c': 'c of 3' });
      expect(run.code).toBe(code);
      expect(reportOf(run)).toMatchObject({ read: 5, ...counts });
    });

    test('databases that change places do not collide', async () => {
      const run = await importInto(running.url, [dump()], ['--map-db', '0:3,3:0']);
      expect(run.code).toBe(0);
      expect(run.stderr).toBe('');
      expect(await readPlain(running)).toEqual({
        '0/a': 'a of 3',
        '0/c': 'c of 3',
        '3/a': 'a of 0',
        '3/b': 'b of 0',
        '4/a': 'a of 4',
      });
    });

    test('a dry run tells the collisions', async () => {
      const run = await importInto(running.url, [dump()], ['--to-db', '0', '--dry-run']);
      expect(run.code).toBe(1);
      expect(reportOf(run)).toMatchObject({ written: 3, failed: 2 });
      expect(run.rejects?.map(({ db, key, code, cause }) => [db, key, code, cause])).toEqual([
        [0, 'a', 'CONFLICT', COLLIDES],
        [0, 'a', 'CONFLICT', COLLIDES],
      ]);
      expect(await readPlain(running)).toEqual({});
    });

    test('renaming can make keys collide as well', async () => {
      const run = await importInto(
        running.url,
        [dumpOf('cases.rdb', { 0: { Key: 'first', KEY: 'second', other: 'x' } })],
        ['--rename', 's/^key$/key/i', '--conflict', 'replace'],
      );
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual({ '0/key': 'second', '0/other': 'x' });
    });
  });

  describe('with several files', () => {
    const files = () => [
      dumpOf('1.rdb', { 0: { a: 'a of 1', b: 'b of 1' } }),
      dumpOf('2.rdb', { 0: { a: 'a of 2', c: 'c of 2' } }),
      dumpOf('3.rdb', { 0: { c: 'c of 3' }, 1: { a: 'a of 3' } }),
    ];

    test.each([
      ['fail', 1, { written: 4, skipped: 0, failed: 2 }, 'a of 1', 'c of 2'],
      ['skip', 0, { written: 4, skipped: 2, failed: 0 }, 'a of 1', 'c of 2'],
      ['replace', 0, { written: 4, skipped: 2, failed: 0 }, 'a of 2', 'c of 3'],
    ] as const)('%s decides between keys that several have', async (policy, code, counts, a, c) => {
      const run = await importInto(running.url, files(), ['--conflict', policy]);
      expect(await readPlain(running)).toEqual({ '0/a': a, '0/b': 'b of 1', '0/c': c, '1/a': 'a of 3' });
      expect(run.code).toBe(code);
      expect(reportOf(run)).toMatchObject({ read: 6, ...counts });
      expect(imbalances(reportOf(run))).toEqual([]);
    });

    test.each([
      ['fail', 1, { written: 3, skipped: 0, failed: 1, failedBy: { [EXISTS]: 1 } }, 'a of 1'],
      ['skip', 0, { written: 3, skipped: 1, failed: 0, skippedBy: { [EXISTS]: 1 } }, 'a of 1'],
      ['replace', 0, { written: 4, skipped: 0, failed: 0 }, 'a of 2'],
    ] as const)('%s decides when one comes from standard input', async (policy, code, counts, a) => {
      const [first = '', second = ''] = files();
      const run = await importInto(running.url, [first, '-'], ['--conflict', policy], {
        input: readFileSync(second),
      });
      expect(await readPlain(running)).toEqual({ '0/a': a, '0/b': 'b of 1', '0/c': 'c of 2' });
      expect(run.code).toBe(code);
      expect(reportOf(run)).toMatchObject({ read: 4, ...counts });
    });

    test.each([
      ['fail', 1, 1],
      ['skip', 0, 1],
      ['replace', 0, 2],
    ] as const)('%s decides between function libraries', async (policy, code, result) => {
      const sources = [1, 2].map((version) =>
        scratch.file(
          `functions-${version}.rdb`,
          new RdbBuilder('REDIS0010').raw(Opcode.function, string(library('both', version))).build(),
        ),
      );
      const run = await importInto(running.url, sources, ['--conflict', policy]);
      expect(run.code).toBe(code);
      expect(await readFunctions(running)).toEqual({ both: library('both', result) });
    });
  });

  describe('with databases of the target', () => {
    test('one in the address is where all keys go', async () => {
      const dump = dumpOf('to-address.rdb', { 0: { a: '0' }, 7: { b: '7' } });
      const run = await importInto(`${running.url}/5`, [dump]);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual({ '5/a': '0', '5/b': '7' });
    });

    test.each([
      ['--map-db', '7:1'],
      ['--to-db', '1'],
    ])('one in the address and %s exclude each other', async (...args) => {
      const dump = dumpOf('to-address.rdb', { 0: { a: '0' } });
      const run = await importInto(`${running.url}/5`, [dump], args);
      expect(run.code).toBe(64);
      expect(run.stderr).toMatch(/^rdbkit: [^\n]*--map-db or --to-db[^\n]*\n$/);
      expect(await readPlain(running)).toEqual({});
    });
  });

  describe('with four databases only', () => {
    let small: RunningServer;
    beforeAll(async () => {
      small = await startServer(server, { config: ['--databases', '4'] });
    });
    afterAll(() => small.stop());
    beforeEach(() => small.clear());

    const dump = () =>
      dumpOf('many.rdb', { 0: { a: '0' }, 3: { a: '3' }, 4: { a: '4', b: '4' }, 15: { c: '15' } });

    test('the keys of others fail and land nowhere', async () => {
      const run = await importInto(small.url, [dump()]);
      expect(run.code).toBe(1);
      expect(await readPlain(small)).toEqual({ '0/a': '0', '3/a': '3' });
      expect(reportOf(run)).toMatchObject({ read: 5, written: 2, failed: 3, dbs: { 4: { failed: 2 } } });
      expect(run.rejects?.map(({ db, key, cause }) => [db, key, cause.slice(0, 31)])).toEqual([
        [4, 'a', 'database 4 cannot be selected: '],
        [4, 'b', 'database 4 cannot be selected: '],
        [15, 'c', 'database 15 cannot be selected:'],
      ]);
    });

    test('a dry run tells that they would fail', async () => {
      const run = await importInto(small.url, [dump()], ['--dry-run']);
      expect(run.code).toBe(1);
      expect(reportOf(run)).toMatchObject({ written: 2, failed: 3 });
    });

    test('--map-db brings them in', async () => {
      const run = await importInto(small.url, [dump()], ['--map-db', '4:1,15:2']);
      expect(run.code).toBe(0);
      expect(await readPlain(small)).toEqual({
        '0/a': '0',
        '1/a': '4',
        '1/b': '4',
        '2/c': '15',
        '3/a': '3',
      });
    });

    test('an address with one that is not there fails every key', async () => {
      const run = await importInto(`${small.url}/9`, [dump()], ['--conflict', 'skip']);
      expect(run.code).not.toBe(0);
      expect(`${run.stderr}${run.stdout}`).toMatch(/database 9 cannot be selected/);
      expect(await readPlain(small)).toEqual({});
    });
  });
});
