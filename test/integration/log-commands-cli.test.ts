import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { unpackAof } from '../support/aof-corpus.js';
import { string } from '../support/bytes.js';
import { logOf, placeIn, respBytes } from '../support/log-bytes.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { importInto, rdbkit } from '../support/rdbkit.js';
import { pipeCommands } from '../support/redis-cli.js';
import { Scratch } from '../support/scratch.js';
import { readKeys, readPlain } from '../support/server-state.js';
import { type RunningServer, type Server, servers, startServer } from '../support/servers.js';

// `check`, `info` and `export` of append-only logs, as a user runs them.

const PAST = 1_600_000_000_000;
const FUTURE = 4_102_444_800_000;

const scratch = new Scratch();
afterAll(() => scratch.remove());

let files = 0;
const file = (content: Uint8Array) => scratch.file(`log-${files++}.aof`, content);

const small = logOf(
  'SELECT 0',
  '#TS:1700000000',
  'SET user:1 x',
  'INCR hits',
  '#TS:1700000060',
  'DEL user:1',
);

/** A dump as the base of a log. */
const dump = () => new RdbBuilder('REDIS0009').aux('aof-preamble', '1').selectDb(0);

/** A folder with a base and two increments. */
function folder(parts: { base?: Uint8Array; first?: Uint8Array; last?: Uint8Array } = {}): string {
  const path = scratch.path(`appendonlydir-${files++}`);
  mkdirSync(path);
  const put = (name: string, content: Uint8Array) =>
    writeFileSync(join(path, `appendonly.aof.${name}`), content);
  put('1.base.rdb', parts.base ?? dump().key(0, 'n', string('7')).build());
  put('1.incr.aof', parts.first ?? logOf('SELECT 0', 'INCR n'));
  put('2.incr.aof', parts.last ?? logOf('SELECT 3', 'RPUSH l 1 2'));
  put(
    'manifest',
    Buffer.from(
      'file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n',
    ),
  );
  return path;
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('check', () => {
  test('a log that is whole', async () => {
    const path = folder();
    const { code, stdout, stderr } = await rdbkit(['check', path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${path}: ok, 1 key and 4 commands read\n`);
    expect(stdout).toMatch(/appendonly\.aof\.1\.base\.rdb +base +1 +0 +\d+ B +ok\n/);
    expect(stdout).toMatch(/appendonly\.aof\.2\.incr\.aof +increment +0 +2 +\d+ B\n/);
  });

  test('as JSON', async () => {
    const { code, stdout } = await rdbkit(['check', file(small), '--json']);
    expect(code).toBe(0);
    const [found] = linesOf(stdout);
    expect(found).toMatchObject({
      format: 'aof',
      ok: true,
      commands: 4,
      transactions: 0,
      firstTime: 1_700_000_000,
      lastTime: 1_700_000_060,
      faults: [],
      warnings: [],
      parts: [{ role: 'single', bytes: small.length, commands: 4 }],
    });
  });

  test('a torn tail: one line with the next step', async () => {
    const path = file(small.subarray(0, -4));
    const { code, stdout, stderr } = await rdbkit(['check', path]);
    expect(code).toBe(2);
    expect(stdout).toContain(`${path}: TORN at its end, 3 commands read`);
    expect(stdout).toContain('written from 2023-11-14T22:13:20Z to 2023-11-14T22:14:20Z');
    expect(stderr).toMatch(
      /^rdbkit: .*: INPUT_TRUNCATED: the last command is cut off: 21 bytes of it are there \(at .*\.aof:\d+\); a server cuts this off when it starts; rdbkit repair writes a log without it\n$/,
    );
  });

  test('damage in the middle: what is there, and where it goes on', async () => {
    const log = Buffer.concat([small, small]);
    const at = placeIn(log, '*2\r\n$4\r\nINCR');
    log[at] = 0x21;
    const path = file(log);
    const { code, stdout, stderr } = await rdbkit(['check', path]);
    expect(code).toBe(2);
    expect(stdout).toContain(': DAMAGED, 7 commands read');
    expect(stdout).toMatch(new RegExp(`the log goes on at .*:${placeIn(log, '#TS', 1)}, \\d+ B behind`));
    expect(stdout).toContain('> "!2\\r\\n$4\\r\\nINCR');
    expect(stderr).toMatch(/^rdbkit: .*INPUT_CORRUPT: .*rdbkit repair writes a log of what is whole\n$/);
  });

  test('a manifest whose file is gone', async () => {
    const path = folder();
    writeFileSync(
      join(path, 'appendonly.aof.manifest'),
      'file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.7.incr.aof seq 7 type i\n',
    );
    const { code, stdout, stderr } = await rdbkit(['check', path]);
    expect(code).toBe(2);
    expect(stdout).toContain(
      'note: appendonly.aof.1.incr.aof is in the folder, but the manifest does not name it',
    );
    expect(stderr).toMatch(
      /the manifest names appendonly\.aof\.7\.incr\.aof \(increment\).*get the whole folder/,
    );
  });

  test('standard input, compressed or not', async () => {
    expect((await rdbkit(['check', '-'], { input: small })).stdout).toContain('stdin: ok, 4 commands read');
    const torn = await rdbkit(['check', '-'], { input: gzipSync(small.subarray(0, -4)) });
    expect(torn.code).toBe(2);
    expect(torn.stdout).toContain('stdin: TORN at its end');
  });

  test('a selection is refused', async () => {
    const { code, stderr } = await rdbkit(['check', file(small), '--key', 'a']);
    expect(code).toBe(64);
    expect(stderr).toContain('a log is checked whole');
  });
});

describe('info', () => {
  test('a folder', async () => {
    const { code, stdout, stderr } = await rdbkit(['info', folder()]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('append-only log of 3 files');
    expect(stdout).toMatch(/base REDIS0009.*: 1 key, 0 with expiry/);
    expect(stdout).toContain('without times (aof-timestamp-enabled was off)');
    expect(stdout).toMatch(/RPUSH +list +1 +\d+ B/);
  });

  test('a histogram, and the largest', async () => {
    const { stdout } = await rdbkit(['info', file(small)]);
    expect(stdout).toContain('written from 2023-11-14T22:13:20Z to 2023-11-14T22:14:20Z');
    expect(stdout).toMatch(/2023-11-14T22:13:20Z +\S+ +█+/);
    expect(stdout).toMatch(/"user:" +2 /);
    expect(stdout).toMatch(/no prefix +1 /);
    expect(stdout).toMatch(/SET "user:1" +0 +\S+\.aof:\d+ +\d+ B/);
  });

  test('as JSON, and of what is selected', async () => {
    const { stdout } = await rdbkit(['info', file(small), '--key', 'user:*', '--json']);
    expect(linesOf(stdout)[0]).toMatchObject({
      format: 'aof',
      parts: [{ role: 'single' }],
      notes: [],
      base: { keys: 0 },
      log: { firstTime: 1_700_000_000, byPrefix: [{ prefix: 'user:', commands: 2 }] },
    });
    const byName = await rdbkit(['info', file(small), '--command', 'INCR', '--json']);
    expect(linesOf(byName.stdout)[0]).toMatchObject({ log: { byDb: { '0': { commands: 1 } } } });
  });

  test('how the log ends', async () => {
    const { code, stdout } = await rdbkit(['info', file(small.subarray(0, -4))]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/note: the log is cut off within a command at .*: 21 B of it are there/);
  });
});

describe('export', () => {
  const history = logOf(
    'SELECT 0',
    'SET a 1',
    'SET b 2',
    'MSET a 3 b 4',
    'RENAME a c',
    'MULTI',
    'DEL a b',
    'EXEC',
  );

  test('the history of a key, multi-key commands included', async () => {
    const { code, stdout, stderr } = await rdbkit(['export', file(history), '--key', 'a']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = linesOf(stdout);
    expect(lines.map((line) => line['command'])).toEqual([
      ['SET', 'a', '1'],
      ['MSET', 'a', '3', 'b', '4'],
      ['RENAME', 'a', 'c'],
      ['DEL', 'a', 'b'],
    ]);
    expect(lines.at(-1)).toMatchObject({
      db: 0,
      transaction: 1,
      offset: placeIn(history, '*3\r\n$3\r\nDEL'),
    });
  });

  test('from and until a time or a place, without the base', async () => {
    const exported = async (...args: string[]) =>
      linesOf((await rdbkit(['export', file(small), ...args])).stdout).map(
        (line) => (line['command'] as string[])[0],
      );
    expect(await exported('--from', '2023-11-14T22:14:00Z')).toEqual(['DEL']);
    expect(await exported('--until', '1700000000')).toEqual(['SET', 'INCR']);
    const path = folder();
    const commands = async (...args: string[]) => linesOf((await rdbkit(['export', path, ...args])).stdout);
    expect((await commands()).map((line) => line['command'] ?? line['key'] ?? line['aux'])).toEqual([
      ['aof-preamble', '1'],
      'n',
      ['INCR', 'n'],
      ['RPUSH', 'l', '1', '2'],
    ]);
    expect((await commands('--no-base')).map((line) => line['part'])).toEqual([
      'appendonly.aof.1.incr.aof',
      'appendonly.aof.2.incr.aof',
    ]);
    expect(await commands('--from', 'appendonly.aof.2.incr.aof:0')).toMatchObject([{ db: 3 }]);
  });

  test('as resp: expiries that are past are told', async () => {
    const log = Buffer.concat([
      dump().expireMs(PAST).key(0, 'e', string('x')).build(),
      logOf('SELECT 0', `PEXPIREAT e ${PAST}`, `SET f 1 PXAT ${PAST}`, `SET g 1 PXAT ${FUTURE}`),
    ]);
    const { code, stderr } = await rdbkit(['export', file(log), '--format', 'resp']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/note: expiries are past: a running server deletes.*: 3\n/);
    expect((await rdbkit(['export', file(log), '--format', 'aof'])).stderr).toBe('');
  });

  test('a torn tail is left out: exit code 1', async () => {
    const { code, stdout, stderr } = await rdbkit(['export', file(small.subarray(0, -4))]);
    expect(code).toBe(1);
    expect(linesOf(stdout)).toHaveLength(2);
    expect(stderr).toMatch(
      /^rdbkit: note: the log is cut off within a command at .*: 21 B of it are there\n$/,
    );
  });

  test('a transaction that was never finished is left out, and told', async () => {
    const out = scratch.path(`out-${files++}.aof`);
    const report = scratch.path(`report-${files++}.json`);
    const path = file(Buffer.concat([small, logOf('MULTI', 'SET a 1', 'SET b 1')]));
    const { code, stdout } = await rdbkit(['export', path, '--format', 'aof', '-o', out, '--report', report]);
    expect(code).toBe(0);
    expect(readFileSync(out, 'latin1')).not.toContain('MULTI');
    expect(stdout).toMatch(/note: the transaction at .* has no EXEC: its 2 commands are none/);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      unfinishedTransaction: expect.stringMatching(`:${small.length}$`),
      commands: {
        read: 5,
        written: 3,
        skipped: 2,
        skippedBy: { 'a transaction that was never finished': 2 },
      },
    });
  });

  test.each([
    [['--format', 'json'], /--format json has no place for the commands of a log.*jsonl, resp or aof/],
    [['--format', 'csv'], /--format csv has no place/],
    [['--format', 'keys'], /--format keys has no place/],
    [['--format', 'rdb'], /--format rdb has no place/],
    [['--mask-values'], /the commands of a log cannot be masked/],
    [['--mask', 'key *=hash'], /the commands of a log cannot be masked/],
    [['--format', 'aof', '--target', 'redis-6.2'], /--target is for dumps/],
    [['--format', 'jsonl', '--restore'], /--restore means nothing for --format jsonl/],
    [['--expired', 'skip'], /--expired skip makes no sense with a log/],
    [['--min-size', '1kb'], /cannot pick commands/],
    [['--to-db', '1'], /databases 0 and 3 of the log would both go to 1/],
  ])('%j is refused', async (args, message) => {
    const { code, stdout, stderr } = await rdbkit(['export', folder(), ...args]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('several inputs are refused', async () => {
    const { code, stderr } = await rdbkit(['export', file(small), file(small)]);
    expect(code).toBe(64);
    expect(stderr).toContain('a log is exported alone');
  });

  test('what is for logs is refused with a dump', async () => {
    const path = scratch.file(`dump-${files++}.rdb`, new RdbBuilder('REDIS0009').selectDb(0).build());
    for (const args of [['--no-base'], ['--from', '1'], ['--command', 'SET']]) {
      expect(await rdbkit(['export', path, ...args])).toMatchObject({ code: 64 });
    }
  });

  test('a key of the base that was refused is not made by commands', async () => {
    // A listpack that claims a byte more than it has.
    const broken = string(Uint8Array.of(8, 0, 0, 0, 0, 0, 0xff));
    const log = Buffer.concat([
      dump().key(20, 's', broken).key(0, 'ok', string('1')).build(),
      logOf('SELECT 0', 'SADD s x', 'RENAME s t', 'SADD t y', 'INCR ok'),
    ]);
    const { code, stdout, stderr } = await rdbkit(['export', file(log), '--format', 'resp']);
    expect(code).toBe(1);
    expect(stdout).toContain('INCR');
    expect(stdout).not.toMatch(/SADD|RENAME/);
    expect(stderr).toMatch(/3 its key was refused before/);
  });
});

describe('commands that look at keys only', () => {
  const log = Buffer.concat([dump().key(0, 'k', string('v')).build(), small]);

  test.each([
    ['get', ['k']],
    ['head', []],
    ['split', ['--by', 'db', '-o', 'out-{n}.rdb']],
  ])('%s refuses a log', async (name, args) => {
    for (const path of [file(log), file(small), folder()]) {
      const { code, stdout, stderr } = await rdbkit([name, path, ...args]);
      expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
      expect(stderr).toMatch(/this is an append-only log.*rdbkit export --key/);
    }
    expect((await rdbkit([name, '-', ...args], { input: log })).code).toBe(64);
  });

  test('but read the base of one', async () => {
    const path = join(folder(), 'appendonly.aof.1.base.rdb');
    expect(await rdbkit(['get', path, 'n'])).toMatchObject({ code: 0 });
    expect(
      await rdbkit(['get', '-', 'v'], { input: dump().key(0, 'v', string('x')).raw().build() }),
    ).toBeDefined();
  });
});

describe.skipIf(servers.length === 0)('into a server', () => {
  const [server] = servers as [Server];
  let running: RunningServer[] = [];
  beforeEach(() => {
    running = [];
    return async () => {
      for (const one of running) await one.stop();
    };
  });

  /** A server that starts from a log in one file. */
  async function startFrom(log: Uint8Array): Promise<RunningServer> {
    const path = scratch.path(`data-${files++}`);
    mkdirSync(path);
    writeFileSync(join(path, 'appendonly.aof'), log);
    const started = await startServer(server, { config: ['--appendonly', 'yes', '--dir', path] });
    running.push(started);
    return started;
  }

  // What has expired when a server loads the log counts until it has loaded.
  const expiring = Buffer.concat([
    dump()
      .expireMs(PAST)
      .key(0, 'counter', string('5'))
      .expireMs(PAST)
      .key(0, 'gone', string('x'))
      .expireMs(FUTURE)
      .key(0, 'stays', string('y'))
      .key(0, 'bytes\xff\r\n', string('z\x00'))
      .build(),
    logOf(
      'SELECT 0',
      'INCR counter',
      'PERSIST counter',
      'SET later 1',
      `PEXPIREAT later ${PAST}`,
      'APPEND later 2',
      `PEXPIREAT later ${FUTURE}`,
      `SET never 1 PXAT ${PAST}`,
      'MULTI',
      'SELECT 5',
      'RPUSH l a b c',
      'SELECT 0',
      'RENAME stays moved',
      'EXEC',
      'SWAPDB 5 6',
    ),
    respBytes('SET', 'b\xff:\r\n$3', Buffer.alloc(70_000, '*1\r\n$4\r\nEXEC\r\n')),
  ]);

  test('one that starts from `--format aof` holds what one does that starts from the log', async () => {
    const out = scratch.path(`out-${files++}.aof`);
    const { code } = await rdbkit(['export', file(expiring), '--format', 'aof', '-o', out]);
    expect(code).toBe(0);
    const [theirs, ours] = [await startFrom(expiring), await startFrom(readFileSync(out))];
    const state = await readKeys(theirs);
    expect(state.length).toBe(6);
    expect(await readKeys(ours)).toEqual(state);
    expect(await readPlain(ours)).toMatchObject({
      '0/counter': '6',
      '0/later': '12',
      '6/l': ['a', 'b', 'c'],
    });
  });

  test.each(['r32', 'r70'])('the log of %s as aof is what its import gives', async (name) => {
    const folder = scratch.path(`corpus-${files++}`);
    mkdirSync(folder);
    const path = unpackAof(name, folder);
    const out = scratch.path(`out-${files++}.aof`);
    const list = scratch.path(`rejects-${files++}.jsonl`);
    await rdbkit(['export', path, '--format', 'aof', '-o', out, '--rejects', list]);
    const target = await startServer(server);
    running.push(target);
    await importInto(target.url, [path]);
    // Commands cannot build every stream.
    const rejects = linesOf(readFileSync(list, 'utf8'));
    const refused = new Set(rejects.map(({ key }) => Buffer.from(String(key)).toString('base64')));
    expect(rejects.map(({ key }) => key)).toEqual(name === 'r32' ? [] : ['stream:big']);
    const loaded = await startFrom(readFileSync(out));
    const expected = (await readKeys(target)).filter(({ key }) => !refused.has(key));
    expect(await readKeys(loaded)).toEqual(expected);
  });

  test('one that is sent `--format resp` holds the same where nothing has expired', async () => {
    const log = Buffer.concat([
      dump().key(0, 'n', string('7')).expireMs(FUTURE).key(0, 'e', string('x')).build(),
      logOf('SELECT 0', 'INCR n', 'MULTI', 'SELECT 2', 'RPUSH l 1 2', 'EXEC', 'MULTI', 'SET half 1'),
    ]);
    const out = scratch.path(`out-${files++}.resp`);
    expect((await rdbkit(['export', file(log), '--format', 'resp', '-o', out])).code).toBe(0);
    const target = await startServer(server);
    running.push(target);
    expect(await pipeCommands(target, readFileSync(out))).toContain('errors: 0');
    expect(await readPlain(target)).toEqual({ '0/n': '8', '0/e': 'x', '2/l': ['1', '2'] });
  });
});
