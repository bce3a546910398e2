import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { string } from '../support/bytes.js';
import { corpusFile, corpusTruth } from '../support/corpus.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { type AccountReport, rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';

// `rdbkit export` as a user runs it, and JSON Lines as a source of the other commands.

const dump = corpusFile('r72') as string;
const KEYS = corpusTruth('r72').length;
const FAR = 4_102_444_800_000;

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

const FORMATS = ['jsonl', 'json', 'keys', 'csv', 'resp', 'aof', 'rdb'];

const parsed = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Keys with strings, as JSON Lines would show them. */
async function stringsOf(file: string): Promise<Record<string, string>> {
  const run = await rdbkit(['export', file]);
  expect(run.code).toBe(0);
  return Object.fromEntries(
    parsed(run.stdout)
      .filter(({ key }) => key !== undefined)
      .map(({ db, key, value }) => [`${db}/${key}`, value]),
  );
}

const small = (db: number, pairs: Readonly<Record<string, string>>) => {
  const builder = new RdbBuilder('REDIS0010').selectDb(db);
  for (const [key, value] of Object.entries(pairs)) builder.key(0, key, string(value));
  return builder.build();
};

describe('rdbkit export', () => {
  test.each(FORMATS)('%s is the same on standard output and in a file', async (format) => {
    const path = scratch.path('out');
    const toFile = await rdbkit(['export', dump, '--format', format, '-o', path, '--not-key', '*nul*']);
    expect(toFile.stdout).toMatch(new RegExp(`^Written to [^\\n]*out: [^\\n]* of ${format}\\n`));
    const args = ['export', dump, '--format', format, '--not-key', '*nul*'];
    const piped = spawnSync(process.execPath, [
      fileURLToPath(new URL('../../bin/rdbkit.js', import.meta.url)),
      ...args,
    ]);
    expect(piped.status).toBe(toFile.code);
    const written = readFileSync(path);
    // A dump in a file tells how many keys each database has; a pipe cannot be gone back in.
    if (format !== 'rdb') expect(piped.stdout.equals(written)).toBe(true);
    expect(written.length).toBeGreaterThan(1000);
    expect(readdirSync(scratch.folder)).toEqual(['out']);
  });

  test('jsonl is the default and has every key', async () => {
    const run = await rdbkit(['export', dump]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(parsed(run.stdout).filter(({ key }) => key !== undefined)).toHaveLength(KEYS);
  });

  test('selection, renaming and database maps hold', async () => {
    const file = scratch.file('in.rdb', small(3, { 'a:1': 'x', 'a:2': 'y', b: 'z' }));
    const run = await rdbkit([
      ...['export', file, '--key', 'a:*', '--rename', 's/^a:/c:/', '--map-db', '3:7', '--ttl', 'drop'],
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(parsed(run.stdout)).toEqual([
      { db: 7, key: 'c:1', type: 'string', encoding: 'string', value: 'x' },
      { db: 7, key: 'c:2', type: 'string', encoding: 'string', value: 'y' },
    ]);
  });

  test('what has expired is kept, unless it is asked not to', async () => {
    const builder = new RdbBuilder('REDIS0010').selectDb(0);
    const file = scratch.file(
      'in.rdb',
      builder.expireMs(1000).key(0, 'gone', string('x')).key(0, 'here', string('y')).build(),
    );
    expect(await stringsOf(file)).toEqual({ '0/gone': 'x', '0/here': 'y' });
    const run = await rdbkit(['export', file, '--expired', 'skip', '--format', 'keys']);
    expect(run).toMatchObject({ code: 0, stdout: 'here\n' });
  });

  test('--gzip', async () => {
    const path = scratch.path('out.gz');
    expect((await rdbkit(['export', dump, '-o', path, '--gzip'])).code).toBe(0);
    const plain = await rdbkit(['export', dump]);
    expect(gunzipSync(readFileSync(path)).toString()).toBe(plain.stdout);
    // And it is a source again.
    expect((await rdbkit(['export', path])).stdout).toBe(plain.stdout);
  });

  test('--json and --report have the account', async () => {
    const report = scratch.path('report.json');
    const run = await rdbkit(['export', dump, '-o', scratch.path('out'), '--json', '--report', report]);
    const account = JSON.parse(run.stdout) as AccountReport;
    expect(account).toMatchObject({ format: 'jsonl', read: KEYS, written: KEYS, failed: 0 });
    expect(JSON.parse(readFileSync(report, 'utf8'))).toEqual(account);
  });

  test('several sources come together under the conflict policy', async () => {
    const a = scratch.file('a.rdb', small(0, { same: 'first', a: '1' }));
    const b = scratch.file('b.rdb', small(0, { same: 'second', b: '2' }));
    const merged = async (policy: string) => {
      const path = scratch.path(`${policy}.rdb`);
      const run = await rdbkit(['export', a, b, '--format', 'rdb', '-o', path, '--conflict', policy]);
      return { code: run.code, keys: await stringsOf(path) };
    };
    expect(await merged('skip')).toEqual({ code: 0, keys: { '0/same': 'first', '0/a': '1', '0/b': '2' } });
    expect(await merged('replace')).toEqual({
      code: 0,
      keys: { '0/same': 'second', '0/a': '1', '0/b': '2' },
    });
    // The first stays, what comes later is refused.
    expect(await merged('fail')).toEqual({ code: 1, keys: { '0/same': 'first', '0/a': '1', '0/b': '2' } });
  });

  test('a type byte that Redis and Valkey use for different types is read as that of its source', async () => {
    const built = (name: string) =>
      fileURLToPath(new URL(`../../fixtures/built/${name}.rdb`, import.meta.url));
    const sources = [built('hash-expiry-valkey'), built('hash-expiry-redis')];
    const hashesOf = async (...files: string[]) => {
      const run = await rdbkit(['export', ...files, '--type', 'hash', '--expired', 'keep']);
      return parsed(run.stdout)
        .filter(({ key }) => key !== undefined)
        .map(({ key, value, fieldExpireAt }) => ({ key, value, fieldExpireAt }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    };
    const expected = await hashesOf(...sources);
    expect(expected).toHaveLength(5);
    for (const [i, order] of [sources, sources.toReversed()].entries()) {
      const path = scratch.path(`${i}.rdb`);
      const run = await rdbkit(['export', ...order, '--format', 'rdb', '--target', 'valkey-9.1', '-o', path]);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(await hashesOf(path)).toEqual(expected);
    }
  });

  test('masks', async () => {
    const key = scratch.file('secret', 'a secret of many bytes');
    const file = scratch.file('in.rdb', small(0, { 'user:1:email': 'ann@example.org', other: 'plain' }));
    const run = async (...args: string[]) =>
      parsed((await rdbkit(['export', file, '--mask-key-file', key, ...args])).stdout).map(
        ({ value }) => value,
      );
    const [hashed, kept] = await run('--mask', 'user:*:email=hash');
    expect(hashed).toMatch(/^[0-9a-f]{32}$/);
    expect(kept).toBe('plain');
    expect(await run('--mask', 'user:*:email=hash')).toEqual([hashed, kept]);
    expect(await run('--mask-values')).not.toContain('plain');
  });

  test('a reader that has seen enough ends it quietly', () => {
    const bin = fileURLToPath(new URL('../../bin/rdbkit.js', import.meta.url));
    const big = scratch.file(
      'big.rdb',
      small(0, Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key:${i}`, 'v'.repeat(500)]))),
    );
    for (const command of [`export ${big}`, `head ${big} -n 15000`, 'export --help', 'import --help']) {
      const run = spawnSync('bash', [
        '-c',
        `"${process.execPath}" "${bin}" ${command} | head -n 1; echo "code \${PIPESTATUS[0]}"`,
      ]);
      expect(run.stderr.toString()).toBe('');
      expect(run.stdout.toString()).toMatch(/^[^\n]+\ncode 0\n$/);
    }
  });

  test('values that a format cannot hold are named, and the rest is there', async () => {
    const file = fileURLToPath(new URL('../../fixtures/built/modules.rdb', import.meta.url));
    const rejects = scratch.path('rejects.jsonl');
    const run = await rdbkit(['export', file, '--format', 'resp', '--rejects', rejects]);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/^rdbkit: not everything was written:\n/);
    expect(parsed(readFileSync(rejects, 'utf8')).length).toBeGreaterThan(0);
  });
});

describe('what export refuses', () => {
  const cases: readonly (readonly [string, () => string[], number, RegExp])[] = [
    ['a folder that is not there', () => ['-o', scratch.path('no/such/out')], 2, /no\/such\/out: /],
    ['a folder as output', () => ['-o', scratch.folder], 2, /folder/],
    [
      'a file that is there',
      () => ['-o', scratch.file('there', 'old')],
      2,
      /there is a file of this name already/,
    ],
    [
      'an option of another format',
      () => ['--layout', 'rdbtools'],
      64,
      /--layout means nothing for --format jsonl; it is for --format json/,
    ],
    ['an unknown layout', () => ['--format', 'json', '--layout', 'x'], 64, /rdbtools/],
    ['an unknown format', () => ['--format', 'xml'], 64, /jsonl/],
    ['an unknown mask rule', () => ['--mask', 'user:*=shred'], 64, /hash.*noise/],
    [
      'a mask key file that is not there',
      () => ['--mask-values', '--mask-key-file', scratch.path('none')],
      2,
      /none/,
    ],
    ['an unknown target', () => ['--format', 'rdb', '--target', 'mysql-8'], 64, /redis-6\.2/],
    [
      'sizes that no value has',
      () => ['--min-size', '10kb', '--max-size', '5kb'],
      64,
      /--min-size is above --max-size/,
    ],
    [
      'two targets',
      () => ['--format', 'rdb', '--target', 'redis-6.2', '--rdb-version', '9'],
      64,
      /exclude each other/,
    ],
    [
      'a report that cannot be written',
      () => ['--report', scratch.path('no/such/report')],
      2,
      /report cannot be written/,
    ],
  ];

  test.each(cases)('%s', async (_, args, code, sentence) => {
    const run = await rdbkit(['export', dump, ...args()]);
    expect(run.stderr).toMatch(sentence);
    expect(run).toMatchObject({ code, stdout: '' });
  });

  test('the source itself as output, by whatever name', async () => {
    const content = readFileSync(dump);
    const file = scratch.file('in.rdb', content);
    symlinkSync(file, scratch.path('link.rdb'));
    for (const output of [file, scratch.path('link.rdb')]) {
      const run = await rdbkit(['export', file, '-o', output, '--overwrite']);
      expect(run).toMatchObject({ code: 64, stdout: '' });
      expect(run.stderr).toMatch(/the output is the source itself/);
    }
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  test('overlapping slot ranges of a split', async () => {
    const run = await rdbkit(['split', dump, '-o', scratch.path('s{n}'), '--slots', '0-100,50-200']);
    expect(run.code).toBe(64);
    expect(run.stderr).toMatch(/overlap/);
    expect(readdirSync(scratch.folder)).toEqual([]);
  });

  test('a full disk', async () => {
    const run = await rdbkit(['export', dump, '-o', '/dev/full']);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/^rdbkit: \/dev\/full: [^\n]+\n$/);
  });

  test.each(['jsonl', 'rdb', 'resp'])('a dump that is cut leaves no %s behind', async (format) => {
    const cut = scratch.file('cut.rdb', readFileSync(dump).subarray(0, -5000));
    const run = await rdbkit(['export', cut, '-o', scratch.path('out'), '--format', format]);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/cut\.rdb: [^\n]*cut off/);
    expect(readdirSync(scratch.folder)).toEqual(['cut.rdb']);
  });
});

describe('JSON Lines as a source', () => {
  const lines = () => [
    JSON.stringify({ db: 0, key: 'a', type: 'string', value: '1' }),
    JSON.stringify({ db: 2, key: 'h', type: 'hash', expireAt: FAR, value: { f: 'v', 2: 'x' } }),
    JSON.stringify({
      db: 2,
      key: 'z',
      type: 'zset',
      value: [
        ['m', 1.5],
        ['n', 'inf'],
      ],
    }),
  ];

  test('info and check take it', async () => {
    const file = scratch.file('in.jsonl', `${lines().join('\n')}\n`);
    const info = await rdbkit(['info', file, '--json']);
    expect(info.code).toBe(0);
    expect(JSON.parse(info.stdout)).toMatchObject({
      keys: 3,
      dbs: { 0: { keys: 1 }, 2: { keys: 2, expires: 1 } },
    });
    expect((await rdbkit(['info', file])).code).toBe(0);
    const check = await rdbkit(['check', file, '--json']);
    expect(check.code).toBe(0);
    expect(JSON.parse(check.stdout)).toMatchObject({ ok: true, keys: 3, checksum: 'absent', faults: [] });
  });

  test('lines that are not valid are named and passed over', async () => {
    const [a = '', h = '', z = ''] = lines();
    const file = scratch.file(
      'in.jsonl',
      [a, '{"db":0,"key":"b"', z, '{"db":0,"key":"c","type":"what","value":1}', h.slice(0, 40)].join('\n'),
    );
    const rejects = scratch.path('rejects.jsonl');
    const run = await rdbkit(['export', file, '--format', 'keys', '--rejects', rejects]);
    expect(run).toMatchObject({ code: 1, stdout: 'a\nz\n' });
    expect(parsed(readFileSync(rejects, 'utf8')).map(({ cause }) => cause)).toEqual([
      expect.stringMatching(/^line 2, column \d+: /),
      expect.stringMatching(/^line 4, column \d+: /),
      expect.stringMatching(/^line 5, column \d+: /),
    ]);
    const check = await rdbkit(['check', file, '--json']);
    expect(check.code).toBe(2);
    expect(JSON.parse(check.stdout)).toMatchObject({ ok: false, keys: 2 });
  });

  test.each(['r26', 'r40', 'r62', 'r72', 'r74', 'v91'].filter((name) => corpusFile(name) !== undefined))(
    'rdb → jsonl → rdb → jsonl is the same to the byte (%s)',
    async (name) => {
      const first = scratch.path('first.jsonl');
      const back = scratch.path('back.rdb');
      await rdbkit(['export', corpusFile(name) as string, '-o', first]);
      const run = await rdbkit(['export', first, '--format', 'rdb', '-o', back]);
      expect(run).toMatchObject({ code: 0, stderr: '' });
      const again = await rdbkit(['export', back]);
      const keysOnly = (text: string) => text.split('\n').filter((line) => !line.startsWith('{"aux"'));
      expect(keysOnly(again.stdout)).toEqual(keysOnly(readFileSync(first, 'utf8')));
    },
  );
});
