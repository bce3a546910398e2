import { afterAll, describe, expect, test } from 'vitest';
import { bytes, length, string } from '../support/bytes.js';
import { listpack } from '../support/packed.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';

// `get`, `head` and the masks of `export`, as a user runs them.

const scratch = new Scratch();
afterAll(() => scratch.remove());

const dump = scratch.file(
  'dump.rdb',
  new RdbBuilder('REDIS0011')
    .aux('redis-ver', '7.2.0')
    .selectDb(0)
    .key(0, 'greeting', string('hello\nworld'))
    .key(16, 'user:1', string(listpack(['name', 'Ann', 'email', 'ann@example.com'])))
    .key(0, bytes(0, 255), string('binary key'))
    .selectDb(3)
    .key(0, 'greeting', string('third'))
    .key(2, 'tags', bytes(length(2), string('red'), string('blue')))
    .build(),
);

describe('get', () => {
  test('shows the value of the first database that has the key', async () => {
    const { code, stdout, stderr } = await rdbkit(['get', dump, 'greeting']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^key +greeting\ndatabase +0\ntype +string\n/);
    expect(stdout).toMatch(/\n\nhello\nworld\n$/);
  });

  test('looks in the database that is asked for', async () => {
    const { stdout } = await rdbkit(['get', dump, 'greeting', '--db', '3']);
    expect(stdout).toMatch(/\n\nthird\n$/);
  });

  test('takes a binary key as redis-cli quotes it, and standard input', async () => {
    const input = new RdbBuilder('REDIS0011').selectDb(0).key(0, bytes(0, 255), string('v')).build();
    const { code, stdout } = await rdbkit(['get', '-', '"\\x00\\xff"'], { input });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^key +"\\x00\\xff"\n/);
  });

  test('--json is one line, the record of export', async () => {
    const { stdout } = await rdbkit(['get', dump, 'user:1', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      db: 0,
      key: 'user:1',
      type: 'hash',
      encoding: 'listpack',
      value: { name: 'Ann', email: 'ann@example.com' },
    });
    const exported = await rdbkit(['export', dump, '--key', 'user:1']);
    expect(exported.stdout).toContain(stdout);
  });

  test.each([
    [['nowhere'], /no key "nowhere"\n$/],
    [['tags', '--db', '0'], /no key "tags" in database 0; it is in database 3\n$/],
    [['user:*'], /no key "user:\*"; rdbkit head --key lists/],
    [['\\x00\\xff'], /double quotes\n$/],
  ])('%j is not there: exit code 1', async (args, message) => {
    const { code, stdout, stderr } = await rdbkit(['get', dump, ...args]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(dump);
    expect(stderr).toMatch(message);
  });

  test('reads no further than the key: damage behind it does not matter', async () => {
    const builder = new RdbBuilder('REDIS0011').selectDb(0).key(0, 'first', string('v'));
    const whole = builder
      .key(1, 'second', bytes(length(3), string('x'.repeat(3_000_000)), length(1)))
      .build();
    const cut = scratch.file('cut.rdb', whole.subarray(0, 2_000_000));
    expect((await rdbkit(['get', cut, 'first'])).code).toBe(0);
    const { code, stdout, stderr } = await rdbkit(['get', cut, 'second']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('cut.rdb');
  });

  test('a damaged value is an error, with nothing of it shown', async () => {
    const odd = new RdbBuilder('REDIS0011')
      .selectDb(0)
      .key(16, 'odd', string(listpack(['alone'])))
      .build();
    const { code, stdout, stderr } = await rdbkit(['get', scratch.file('odd.rdb', odd), 'odd']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/odd\.rdb: .*hash-listpack/);
  });
});

describe('a line of JSON Lines that cannot be read', () => {
  const lines = (count: number) =>
    scratch.file(
      'bad.jsonl',
      `${'{"db":0}\n'.repeat(count)}{"db":0,"key":"a","type":"string","value":"found"}\n`,
    );

  test.each([
    [1, 'one line cannot be read'],
    [9, '9 lines cannot be read'],
  ])('does not keep get from the key behind it (%i)', async (count, what) => {
    const file = lines(count);
    const { code, stdout, stderr } = await rdbkit(['get', file, 'a']);
    expect([code, stderr]).toEqual([0, `rdbkit: ${file}: ${what}; rdbkit check tells more\n`]);
    expect(stdout).toMatch(/\n\nfound\n$/);
    expect((await rdbkit(['get', file, 'a', '--quiet'])).stderr).toBe('');
  });

  test('may be the key that get does not find', async () => {
    const { code, stdout, stderr } = await rdbkit(['get', lines(1), 'b']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/bad\.jsonl: line 1, column 8: the line is no record/);
  });

  test('is not put down to the dump by check', async () => {
    const { code, stderr } = await rdbkit(['check', lines(1)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/; mend the line, or write the file again by rdbkit export\n$/);
  });
});

describe('head', () => {
  test('shows the first keys', async () => {
    const { code, stdout } = await rdbkit(['head', dump, '-n', '2']);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/)[2])).toEqual([
      'key',
      'greeting',
      'user:1',
      undefined,
    ]);
  });

  test('takes selections, and --json', async () => {
    const { stdout } = await rdbkit(['head', dump, '--db', '3', '--type', 'set', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ db: 3, key: 'tags', value: ['red', 'blue'] });
  });
});

describe('colour', () => {
  test.each([
    [{}, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '' }, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('into a pipe with %j: %s', async (env, coloured) => {
    for (const args of [
      ['get', dump, 'user:1'],
      ['head', dump],
    ]) {
      const { stdout } = await rdbkit(args, { env: { FORCE_COLOR: '', ...env } });
      expect(stdout.includes('\x1b')).toBe(coloured);
    }
  });
});

describe('masks of export', () => {
  const key = scratch.file('mask.key', 'a secret of more than sixteen bytes\n');

  test('leave nothing of what they mask, and are the same in every run with a key', async () => {
    const args = [
      'export',
      dump,
      '--mask-values',
      '--mask',
      'user:* field email=noise',
      '--mask-key-file',
      key,
    ];
    const [first, second] = [await rdbkit(args), await rdbkit(args)];
    expect(first.code).toBe(0);
    expect(first.stdout).toBe(second.stdout);
    expect(first.stdout).not.toMatch(/Ann|ann@|hello|third|blue/);
    expect(first.stdout).toMatch(/"name":"[0-9a-f]{32}","email":"[a-z]{3}@[a-z]{7}\.[a-z]{3}"/);
    expect(first.stdout).toContain('"key":"greeting"');
  });

  test('differ from run to run without a key', async () => {
    const [a, b] = [
      await rdbkit(['export', dump, '--mask-values']),
      await rdbkit(['export', dump, '--mask-values']),
    ];
    expect(a.stdout).not.toBe(b.stdout);
  });

  test('an unknown rule is wrong usage, and the forms are named', async () => {
    const { code, stderr } = await rdbkit(['export', dump, '--mask', 'user:*=md5']);
    expect(code).toBe(64);
    expect(stderr).toMatch(/no mask rule "user:\*=md5".*KEYS=METHOD.*hash, noise, fixed/);
  });

  test('a rule that matches nothing is told', async () => {
    const { code, stderr } = await rdbkit(['export', dump, '--mask', 'usr:*=hash']);
    expect(code).toBe(0);
    expect(stderr).toContain("'usr:*=hash' has matched no key");
  });

  test.each([
    [['--mask-key-file', key], /nothing to mask/],
    [['--mask-values', '--mask-key-file', scratch.file('short.key', 'short')], /could be guessed/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await rdbkit(['export', dump, ...args]);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });
});
