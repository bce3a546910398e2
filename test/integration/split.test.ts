import { execFileSync } from 'node:child_process';
import { linkSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { string } from '../support/bytes.js';
import { corpusBytes, corpusFile, corpusTruth } from '../support/corpus.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { rdbkit } from '../support/rdbkit.js';
import { type ReadKey, readAll } from '../support/read.js';
import { Scratch } from '../support/scratch.js';

// `rdbkit split` as a user runs it.

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

const files = () => readdirSync(scratch.folder).sort();

function keysOf(content: Uint8Array): string[] {
  const read = readAll(content);
  expect(read).toMatchObject({ error: undefined, checksum: 'ok' });
  return read.records
    .filter((record): record is ReadKey => record.kind === 'key')
    .map(({ db, key, value, expireAtMs }) => `${db} ${key} ${expireAtMs} ${value}`);
}

const keysIn = (name: string) => keysOf(readFileSync(scratch.path(name)));

describe('rdbkit split', () => {
  test.each([['r72'], ['v91']])('deals a dump of the corpus (%s) out to shards', async (name) => {
    const template = scratch.path('shard-{n}.rdb');
    const run = await rdbkit([
      'split',
      corpusFile(name, 'dump') as string,
      '-o',
      template,
      '--slots',
      '0-5460,5461-10922,10923-16383',
      '--expired',
      'keep',
      '--json',
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(run.stdout);
    expect(files()).toEqual(['shard-1.rdb', 'shard-2.rdb', 'shard-3.rdb']);
    expect(report.outputs.map(({ name: label }: { name: string }) => label)).toEqual([
      '0-5460',
      '5461-10922',
      '10923-16383',
    ]);
    const parts = files().map(keysIn);
    expect(parts.map((keys) => keys.length)).toEqual(
      report.outputs.map(({ keys }: { keys: number }) => keys),
    );
    expect(parts.flat().sort()).toEqual(keysOf(corpusBytes(name)).sort());
    expect(report.read).toBe(corpusTruth(name).length);
    expect(report.written).toBe(report.read);
  });

  test('merges several dumps and cuts them anew, one key of each name', async () => {
    const dump = (name: string, keys: readonly string[]) => {
      const builder = new RdbBuilder().selectDb(0);
      for (const key of keys) builder.key(0, key, string(name));
      return scratch.file(`${name}.rdb`, builder.build());
    };
    const sources = [dump('one', ['user:1', 'user:2']), dump('two', ['user:2', 'job:1'])];
    const run = await rdbkit([
      'split',
      ...sources,
      '-o',
      scratch.path('by-{name}.rdb'),
      '--by',
      'prefix',
      '--conflict',
      'skip',
    ]);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('would come more than once');
    expect(files()).toEqual(['by-job.rdb', 'by-user.rdb', 'one.rdb', 'two.rdb']);
    expect(keysIn('by-user.rdb')).toHaveLength(2);
    expect(keysIn('by-job.rdb')).toHaveLength(1);
    expect(run.stdout).toMatch(/by-user\.rdb\s+2\s/);
  });

  test('selects, converts and compresses', async () => {
    const source = corpusFile('r72', 'dump') as string;
    const run = await rdbkit([
      ...['split', source, '-o', scratch.path('{name}.rdb.gz'), '--by', 'type', '--type', 'hash,list'],
      ...['--max-value-size', '64kb', '--target', 'redis-6.2', '--gzip', '--expired', 'keep', '--quiet'],
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(files()).toEqual(['hash.rdb.gz', 'list.rdb.gz']);
    for (const file of files()) {
      const plain = execFileSync('gzip', ['-dc', scratch.path(file)], { maxBuffer: 1 << 28 });
      expect(plain.subarray(0, 9).toString()).toBe('REDIS0009');
      expect(keysOf(plain).length).toBeGreaterThan(0);
    }
  });

  test('begins another file at a size', async () => {
    const builder = new RdbBuilder().selectDb(0);
    for (let i = 0; i < 100; i++) builder.key(0, `key:${i}`, string('x'.repeat(1000)));
    const source = scratch.file('dump.rdb', builder.build());
    const run = await rdbkit(['split', source, '-o', scratch.path('part-{n}.rdb'), '--max-size', '40kb']);
    expect(run.code).toBe(0);
    expect(files()).toEqual(['dump.rdb', 'part-1.rdb', 'part-2.rdb', 'part-3.rdb']);
    expect(['part-1.rdb', 'part-2.rdb', 'part-3.rdb'].flatMap(keysIn)).toHaveLength(100);
  });

  describe('refuses', () => {
    const source = () =>
      scratch.file(
        'dump.rdb',
        new RdbBuilder().selectDb(0).key(0, 'a', string('1')).key(0, 'b:1', string('2')).build(),
      );

    test.each([
      [['-o', 'x-{n}', '--slots', '0-100,50-200'], 64, 'the slot ranges 0-100 and 50-200 overlap'],
      [['-o', 'x-{n}', '--slots', '0-16384'], 64, 'Give slots from 0 to 16383'],
      [['-o', 'x-{n}', '--shards', '0'], 64, 'a cluster cannot have 0 shards'],
      [['-o', 'x-{n}', '--by', 'key'], 64, 'Give db, type, prefix or prefix:2'],
      [['-o', 'x-{n}'], 64, 'where to cut is not said'],
      [['-o', 'x-{n}', '--by', 'db', '--shards', '3'], 64, 'only one cut can be made'],
      [['-o', 'x', '--by', 'db'], 64, 'all files would have the same name'],
      [['-o', 'x-{n}', '--by', 'db', '--target', 'redis-9x'], 64, 'Give a server as'],
      [['-o', 'x-{n}', '--by', 'db', '--rdb-version', '5'], 64, 'Give a version of Redis from 6'],
      [['-o', 'x-{n}', '--by', 'db', '--target', 'redis-7', '--rdb-version', '9'], 64, 'exclude each other'],
      [['-o', 'missing/x-{n}', '--by', 'db'], 2, 'the folder for it is not there'],
    ])('%j', async (args, code, message) => {
      const path = source();
      const placed = args.map((arg, i) => (args[i - 1] === '-o' ? scratch.path(arg) : arg));
      const run = await rdbkit(['split', path, ...placed]);
      expect(run.stderr).toContain(message);
      expect(run.code).toBe(code);
      expect(files()).toEqual(['dump.rdb']);
    });

    test('an output that is a source, or there already', async () => {
      const path = source();
      linkSync(path, scratch.path('part-1.rdb'));
      const same = await rdbkit([
        'split',
        path,
        '-o',
        scratch.path('part-{n}.rdb'),
        '--by',
        'db',
        '--overwrite',
      ]);
      expect(same).toMatchObject({ code: 64 });
      expect(same.stderr).toContain('the output is the source itself');
      scratch.file('x-2.rdb', 'mine');
      const there = await rdbkit(['split', path, '-o', scratch.path('x-{n}.rdb'), '--by', 'prefix']);
      expect(there).toMatchObject({ code: 2 });
      expect(there.stderr).toContain('there is a file of this name already');
      expect(files()).toEqual(['dump.rdb', 'part-1.rdb', 'x-2.rdb']);
      expect(readFileSync(scratch.path('x-2.rdb'), 'latin1')).toBe('mine');
    });

    test('a damaged dump, and leaves nothing', async () => {
      const whole = readFileSync(source());
      const path = scratch.file('dump.rdb', whole.subarray(0, -5));
      const run = await rdbkit(['split', path, '-o', scratch.path('x-{n}.rdb'), '--shards', '3']);
      expect(run.code).toBe(2);
      expect(files()).toEqual(['dump.rdb']);
    });
  });
});

describe('the report of a split', () => {
  const dump = () => new RdbBuilder().selectDb(0).key(0, 'a', string('x')).key(0, 'b', string('y')).build();

  test('tells files and account', async () => {
    const path = scratch.path('report.json');
    const run = await rdbkit([
      ...['split', scratch.file('dump.rdb', dump()), '-o', scratch.path('{n}.rdb')],
      ...['--shards', '2', '--report', path, '--json'],
    ]);
    const { seconds: _, ...report } = JSON.parse(readFileSync(path, 'utf8'));
    expect(JSON.parse(run.stdout)).toMatchObject(report);
    expect(report).toMatchObject({ read: 2, written: 2 });
    expect(report.outputs).toHaveLength(2);
  });

  test('tells what ended it, and is none of the files', async () => {
    const path = scratch.path('report.json');
    const cut = scratch.file('cut.rdb', dump().subarray(0, 20));
    const args = ['split', cut, '-o', scratch.path('{n}.rdb'), '--shards', '2', '--report'];
    expect((await rdbkit([...args, path])).code).toBe(2);
    expect(JSON.parse(readFileSync(path, 'utf8')).error.code).toBe('INPUT_TRUNCATED');
    const file = scratch.file('dump.rdb', dump());
    const same = ['split', file, '-o', scratch.path('{n}.rdb'), '--shards', '2', '--report'];
    const run = await rdbkit([...same, scratch.path('1.rdb')]);
    expect(run.code).toBe(64);
    expect(run.stderr).toMatch(/-o and --report name the same file/);
  });

  test('a wrong checksum is verified, or not', async () => {
    const wrong = dump();
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1;
    const args = ['split', scratch.file('wrong.rdb', wrong), '-o', scratch.path('{n}.rdb'), '--shards', '2'];
    expect((await rdbkit(args)).code).toBe(2);
    expect((await rdbkit([...args, '--no-checksum'])).code).toBe(0);
  });
});
