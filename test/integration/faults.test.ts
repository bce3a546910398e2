import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Opcode } from '../../src/rdb/opcodes.js';
import { length, string } from '../support/bytes.js';
import { corpusFile } from '../support/corpus.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { type Imported, imbalances, importInto, reportOf, startImport, until } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys, readPlain } from '../support/server-state.js';
import {
  describeServers,
  freePort,
  type RunningServer,
  type Server,
  startServer,
} from '../support/servers.js';

// Targets that refuse, fill up, go away, or let us do only a part: what is said, and what is written.

const SECRET = 'S3cret&%word/+';
const ONE_SENTENCE = /^rdbkit: [^\n]+\n$/;
const MANY = 300_000;
/** Cause of the keys that were read and not sent; only those that were sent are named one by one. */
const NOT_REACHED = 'the run ended before it was written';

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** A dump of keys `key:N`; built as text, as it is long. */
function dumpOfMany(count: number, value: (i: number) => string): Uint8Array {
  const short = (text: string) => String.fromCharCode(text.length) + text;
  const keys = Array.from({ length: count }, (_, i) => `\0${short(`key:${i}`)}${short(value(i))}`);
  const head = new RdbBuilder('REDIS0010').selectDb(0).open();
  return Buffer.concat([head, Buffer.from(`${keys.join('')}\xff\0\0\0\0\0\0\0\0`, 'latin1')]);
}

const many = scratch.file(
  'many.rdb',
  dumpOfMany(MANY, (i) => `value ${i}`),
);
const few = scratch.file(
  'few.rdb',
  dumpOfMany(10, (i) => `value ${i}`),
);
const FEW = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`0/key:${i}`, `value ${i}`]));

/** That a run has ended for a fault of the target, and says so in one sentence without a secret. */
function expectRefused(run: Imported, sentence: RegExp): void {
  expect(run.stderr).toMatch(ONE_SENTENCE);
  expect(run.stderr).toMatch(sentence);
  expect(run.code).toBe(2);
  expectNoSecret(run);
}

function expectNoSecret({ everything }: Imported): void {
  for (const secret of [SECRET, encodeURIComponent(SECRET)]) expect(everything).not.toContain(secret);
}

/** Which of the many keys a server has; throws when one has another value. */
async function countOfMany({ client }: RunningServer): Promise<number> {
  let count = 0;
  for (let from = 0; from < MANY; from += 10_000) {
    const values = await client.mget(Array.from({ length: 10_000 }, (_, i) => `key:${from + i}`));
    for (const [i, value] of values.entries()) {
      if (value === null) continue;
      if (value !== `value ${from + i}`) throw new Error(`key:${from + i} is ${value}`);
      count++;
    }
  }
  return count;
}

/** Starts to import the many keys, slowly, and resolves when some of them are there. */
async function startMany(running: RunningServer, args: readonly string[] = []) {
  const started = await startImport(running.url, [many], ['--max-rate', '60000', ...args]);
  await until(async () => (await running.client.dbsize()) > 10_000, 'some keys are there');
  return started;
}

describeServers((server) => {
  describe('a target that goes away', () => {
    let running: RunningServer;
    beforeAll(async () => {
      running = await startServer(server);
    });
    afterAll(() => running.stop());
    beforeEach(() => running.clear());

    const expectLost = (run: Imported) => {
      expectRefused(run, /connection was lost/);
      expect(run.stderr).toContain(`127.0.0.1:${running.port}`);
      expect(run.stderr).toContain('run the import again with --conflict skip to go on');
      const report = reportOf(run);
      expect(report.error?.code).toBe('TARGET_LOST');
      expect.soft(imbalances(report)).toEqual([]);
      expect(report.read).toBeLessThan(MANY);
      expect(report.written + report.failed).toBeGreaterThan(0);
      for (const cause of Object.keys(report.failedBy))
        expect(cause).toMatch(/^the connection was lost|^the run ended before it was written$/);
      expect(run.rejects).toHaveLength(report.failed - (report.failedBy[NOT_REACHED] ?? 0));
      expect(run.stdout).toMatch(/^Not finished\. Until then:\n/);
    };

    test('a server that is killed is told, and a second run completes', async () => {
      const { finished } = await startMany(running);
      await running.restart();
      expectLost(await finished);

      const again = await importInto(running.url, [many], ['--conflict', 'skip']);
      expect(again.code).toBe(0);
      expect(reportOf(again)).toMatchObject({ read: MANY, written: MANY, failed: 0 });
      expect(await countOfMany(running)).toBe(MANY);
    });

    test('after a connection that is cut, a second run writes what is missing', async () => {
      const { finished } = await startMany(running);
      await running.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      const run = await finished;
      expectLost(run);
      const there = await countOfMany(running);
      const { written, failed } = reportOf(run);
      expect(there).toBeGreaterThanOrEqual(written);
      expect(there).toBeLessThanOrEqual(written + failed);

      const again = await importInto(running.url, [many], ['--conflict', 'skip']);
      expect(again.code).toBe(0);
      expect(reportOf(again)).toMatchObject({
        read: MANY,
        written: MANY - there,
        skipped: there,
        failed: 0,
        skippedBy: { 'exists in the target': there },
      });
      expect(await countOfMany(running)).toBe(MANY);
    });

    test.each(['SIGINT', 'SIGTERM'] as const)('%s ends the run with its account', async (signal) => {
      const { child, finished } = await startMany(running);
      child.kill(signal);
      const run = await finished;
      expect(run.code).toBe(130);
      expect(run.stderr).toMatch(/^rdbkit: [^\n]*interrupted[^\n]*\n$/);
      expect(run.stdout).toMatch(/^Not finished\. Until then:\n {2}read /);
      const report = reportOf(run);
      expect(report.error?.code).toBe('ABORTED');
      expect(imbalances(report)).toEqual([]);
      expect(report.failed).toBe(report.failedBy[NOT_REACHED] ?? 0);
      expect(report.read).toBeLessThan(MANY);
      expect(await countOfMany(running)).toBe(report.written);
    });

    test('a server that becomes a replica takes no more', async () => {
      const { finished } = await startMany(running);
      await running.client.call('REPLICAOF', '127.0.0.1', String(await freePort()));
      const run = await finished;
      await running.client.call('REPLICAOF', 'NO', 'ONE');
      expectRefused(run, /read-only replica/);
      const report = reportOf(run);
      expect(report.error?.code).toBe('TARGET_REPLY');
      expect(imbalances(report)).toEqual([]);
      expect(report.failed).toBeGreaterThan(0);
      expect(run.rejects).toHaveLength(report.failed - (report.failedBy[NOT_REACHED] ?? 0));
      expect(await countOfMany(running)).toBe(report.written);
    });

    test('a server that fills up midway takes no more', async () => {
      const used = Number(/^used_memory:(\d+)/m.exec(await running.client.info('memory'))?.[1]);
      await running.client.config('SET', 'maxmemory', used + 16 * 1024 * 1024);
      const run = await importInto(running.url, [many]);
      await running.client.config('SET', 'maxmemory', 0);
      expectRefused(run, /out of memory \(OOM [^)]+\); raise maxmemory or free some/);
      const report = reportOf(run);
      expect(report.error?.code).toBe('TARGET_REPLY');
      expect(imbalances(report)).toEqual([]);
      expect(report.written).toBeGreaterThan(0);
      expect(report.failed).toBeGreaterThan(0);
      expect(run.rejects).toHaveLength(report.failed - (report.failedBy[NOT_REACHED] ?? 0));
      expect(await countOfMany(running)).toBe(report.written);
    });

    test('a large value that does not fit leaves nothing behind', async () => {
      const elements = Array.from({ length: 100_000 }, (_, i) => `element ${i}`.padEnd(60, '.'));
      const list = [length(elements.length), Buffer.concat(elements.map((element) => string(element)))];
      const file = new RdbBuilder('REDIS0010')
        .selectDb(0)
        .key(1, 'list', list)
        .key(0, 'small', string('here'));
      const used = Number(/^used_memory:(\d+)/m.exec(await running.client.info('memory'))?.[1]);
      await running.client.config('SET', 'maxmemory', used + 3 * 1024 * 1024);
      const run = await importInto(
        running.url,
        [scratch.file('list.rdb', file.build())],
        ['--max-inline-value', '64kb', '--in-flight', '256kb'],
      );
      await running.client.config('SET', 'maxmemory', 0);
      expect(run.code).toBeGreaterThan(0);
      expect(run.rejects?.[0]).toMatchObject({ key: 'list', cause: expect.stringMatching(/^OOM/) });
      expect(imbalances(reportOf(run))).toEqual([]);
      const found = await readPlain(running);
      expect(Object.keys(found).filter((key) => key !== '0/small')).toEqual([]);
      expect(Object.keys(found)).toHaveLength(reportOf(run).written);
    });
  });

  describe('a target that is not ready', () => {
    test('nobody listens', async () => {
      const port = await freePort();
      const run = await importInto(`redis://:${encodeURIComponent(SECRET)}@127.0.0.1:${port}`, [few]);
      expectRefused(run, new RegExp(`127\\.0\\.0\\.1:${port}: the connection was refused; check `));
    });

    test('there is no socket', async () => {
      const run = await importInto(`unix://${scratch.path('no.sock')}`, [few]);
      expectRefused(run, /no\.sock: there is no such socket; check /);
    });

    test('it is still loading', async () => {
      const running = await startServer(server, {
        dump: dumpOfMany(20_000, () => 'v'),
        config: ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'],
        answer: /^-LOADING/,
      });
      try {
        expectRefused(await importInto(running.url, [few]), /it is still loading its data; wait until/);
      } finally {
        await running.stop();
      }
    });

    test.each([
      [
        'a replica',
        ['--replicaof', '127.0.0.1 1'],
        /it is a read-only replica of 127\.0\.0\.1:1; import into its master/,
      ],
      ['a node of a cluster', ['--cluster-enabled', 'yes'], /it is a node of a cluster; /],
      ['full', ['--maxmemory', '1'], /it is out of memory \(OOM [^)]+\); raise maxmemory or free some/],
      [
        'short of replicas',
        ['--min-replicas-to-write', '1'],
        /refuses writes because too few replicas are connected/,
      ],
      ['without RESTORE', ['--rename-command', 'RESTORE', ''], /it does not know RESTORE/],
    ] as const)('it is %s', async (_, config, sentence) => {
      const running = await startServer(server, { config });
      try {
        const run = await importInto(running.url, [few]);
        expectRefused(run, sentence);
        expect(run.stderr).toContain(`127.0.0.1:${running.port}`);
        expect(await running.client.dbsize()).toBe(0);
      } finally {
        await running.stop();
      }
    });

    test.each([1, 2])('it has no connection left but %i', async (clients) => {
      const running = await startServer(server, { config: ['--maxclients', String(clients)] });
      try {
        expect(await running.client.dbsize()).toBe(0);
        const run = await importInto(running.url, [few]);
        expectRefused(run, /it has no connection left/);
        expect(await running.client.dbsize()).toBe(0);
      } finally {
        await running.stop();
      }
    });

    test('a replica that takes writes is written', async () => {
      const running = await startServer(server, {
        config: ['--replicaof', '127.0.0.1 1', '--replica-read-only', 'no'],
      });
      try {
        const run = await importInto(running.url, [few]);
        expect(run.code).toBe(0);
        expect(await readPlain(running)).toEqual(FEW);
      } finally {
        await running.stop();
      }
    });

    test('one that evicts is warned of', async () => {
      const running = await startServer(server, {
        config: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'],
      });
      try {
        const run = await importInto(running.url, [few]);
        expect(run.code).toBe(0);
        expect(run.stderr).toMatch(/^rdbkit: warning: [^\n]*evicts keys[^\n]*allkeys-lru[^\n]*\n$/);
      } finally {
        await running.stop();
      }
    });
  });

  describe('a target that asks who we are', () => {
    let running: RunningServer;
    beforeAll(async () => {
      running = await startServer(server, {
        config: ['--requirepass', SECRET],
        client: { password: SECRET },
      });
    });
    afterAll(() => running.stop());
    beforeEach(() => running.clear());

    const address = (password: string, user = '') =>
      `redis://${user}:${encodeURIComponent(password)}@127.0.0.1:${running.port}`;

    test('the right password', async () => {
      const run = await importInto(address(SECRET), [few]);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual(FEW);
      expectNoSecret(run);
    });

    test('a wrong password', async () => {
      const run = await importInto(address(`${SECRET}.`), [few]);
      expectRefused(run, /user or password is wrong; check them/);
      expect(await readPlain(running)).toEqual({});
    });

    test('a user that is not there', async () => {
      expectRefused(
        await importInto(address(SECRET, 'nobody'), [few]),
        /user or password is wrong; check them/,
      );
    });

    test('no password', async () => {
      const run = await importInto(running.url, [few]);
      expectRefused(
        run,
        /it asks for a password; give it in the URL, as RDBKIT_PASSWORD or by --password-file/,
      );
      expect(await readPlain(running)).toEqual({});
    });

    test('nothing of it is told when the connection is lost', async () => {
      const file = scratch.file(
        'slow.rdb',
        dumpOfMany(5000, () => 'v'),
      );
      const { finished } = await startImport(address(SECRET), [file], ['--max-rate', '1000', '--json']);
      await until(async () => (await running.client.dbsize()) > 0, 'some keys are there');
      await running.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      expectRefused(await finished, /connection was lost/);
    });
  });

  test('a password that is not asked for', async () => {
    const running = await startServer(server);
    try {
      const run = await importInto(`redis://:${encodeURIComponent(SECRET)}@127.0.0.1:${running.port}`, [few]);
      // The default user without a password takes any.
      if (run.code === 0) expect(await readPlain(running)).toEqual(FEW);
      else expectRefused(run, /it has no password, but one was given; leave the password out/);
      expectNoSecret(run);
    } finally {
      await running.stop();
    }
  });

  describe('a user who may not do everything', () => {
    let running: RunningServer;
    beforeAll(async () => {
      running = await startServer(server);
    });
    afterAll(() => running.stop());
    beforeEach(() => running.clear());

    const importAs = async (rules: readonly string[], source: string, args: readonly string[] = []) => {
      await running.client.call('ACL', 'SETUSER', 'limited', 'reset', 'on', `>${SECRET}`, ...rules);
      const url = `redis://limited:${encodeURIComponent(SECRET)}@127.0.0.1:${running.port}`;
      const run = await importInto(url, [source], args);
      expectNoSecret(run);
      return run;
    };

    test('RESTORE is what it takes', async () => {
      expectRefused(
        await importAs(['~*', '&*', '+@all', '-restore'], few),
        /the user may not run RESTORE \(NOPERM [^)]+\); grant it \+restore, or use another user/,
      );
      expect(await readPlain(running)).toEqual({});
    });

    test('RESTORE, SELECT and PING are enough', async () => {
      // Whether a server reads this stream as it is, Valkey 9 tells by its version only.
      const run = await importAs(['~*', '+restore', '+select', '+ping'], corpusFile('r62') as string, [
        '--not-key',
        'stream:backlen',
      ]);
      expect(reportOf(run)).toMatchObject({ read: 115, written: 114, failed: 0 });
      expect(run.code).toBe(0);
      expect(run.stderr).toMatch(/note: [^\n]*INFO cannot be read/);
      expect(run.stderr).toMatch(/note: [^\n]*CONFIG cannot be read/);
    });

    test('without INFO and CONFIG it says what it assumes', async () => {
      const run = await importAs(['~*', '&*', '+@all', '-info', '-config'], few);
      expect(run.code).toBe(0);
      expect(run.stderr).toMatch(/^(?:rdbkit: note: 127\.0\.0\.1:\d+: [^\n]+\n){2}$/);
      expect(run.stderr).toMatch(/CONFIG cannot be read .*proto-max-bulk-len is taken to be 512 MB/);
      expect(await readPlain(running)).toEqual(FEW);
    });

    test('without SELECT the keys of other databases fail', async () => {
      const file = new RdbBuilder('REDIS0010')
        .selectDb(0)
        .key(0, 'here', string('v'))
        .selectDb(3)
        .key(0, 'there', string('v'));
      const run = await importAs(['~*', '&*', '+@all', '-select'], scratch.file('dbs.rdb', file.build()));
      expect(run.code).toBe(1);
      expect(await readPlain(running)).toEqual({ '0/here': 'v' });
      expect(run.rejects).toEqual([
        {
          db: 3,
          key: 'there',
          command: 'SELECT',
          code: 'TARGET_REPLY',
          cause: expect.stringMatching(/^database 3 cannot be selected: NOPERM/),
        },
      ]);
    });

    test('without FUNCTION the functions fail alone', async () => {
      const file = new RdbBuilder('REDIS0010')
        .raw(Opcode.function, string("#!lua name=lib\nredis.register_function('f', function() return 1 end)"))
        .selectDb(0)
        .key(0, 'key', string('v'));
      const run = await importAs(
        ['~*', '&*', '+@all', '-function'],
        scratch.file('function.rdb', file.build()),
      );
      expect(run.code).toBe(1);
      expect(await readPlain(running)).toEqual({ '0/key': 'v' });
      expect(run.rejects).toEqual([
        {
          db: -1,
          key: 'lib',
          command: 'FUNCTION LOAD',
          code: 'TARGET_REPLY',
          cause: expect.stringMatching(/^NOPERM/),
        },
      ]);
    });

    test('the keys that it may not write fail, each by itself', async () => {
      const far = 4_102_444_800_000;
      const file = new RdbBuilder('REDIS0010').selectDb(0);
      for (let i = 0; i < 10; i++) {
        file
          .expireMs(far + i)
          .key(0, `app:${i}`, string('mine'))
          .key(0, `other:${i}`, string('theirs'));
      }
      const run = await importAs(['~app:*', '&*', '+@all'], scratch.file('app.rdb', file.build()));
      expect(run.code).toBe(1);
      expect(reportOf(run)).toMatchObject({ read: 20, written: 10, failed: 10 });
      expect(imbalances(reportOf(run))).toEqual([]);
      expect(run.rejects?.map(({ key }) => key)).toEqual(Array.from({ length: 10 }, (_, i) => `other:${i}`));
      for (const { cause } of run.rejects ?? []) expect(cause).toMatch(/^NOPERM/);
      const keys = await readKeys(running);
      expect(keys.map(({ expireAt }) => expireAt)).toEqual(Array.from({ length: 10 }, (_, i) => far + i));
    });

    test.each(sourcesOf(server))('what it may write arrives whole (%s)', async (name) => {
      const source = corpusFile(name) as string;
      await importInto(running.url, [source], ['--add-prefix', 'app:']);
      const usual = await readKeys(running);
      await running.clear();
      await importAs(['~app:*', '&*', '+@all'], source, ['--add-prefix', 'app:']);
      expect(await readKeys(running)).toEqual(usual);
    });

    test('what it may write is replaced', async () => {
      await running.client.set('app:key', 'old', 'PX', 1_000_000);
      const file = new RdbBuilder('REDIS0010').selectDb(0).key(0, 'app:key', string('new'));
      const run = await importAs(['~app:*', '&*', '+@all'], scratch.file('app.rdb', file.build()), [
        '--conflict',
        'replace',
      ]);
      expect(run.code).toBe(0);
      expect(await readPlain(running)).toEqual({ '0/app:key': 'new' });
      expect(await running.client.pttl('app:key')).toBe(-1);
    });

    test('a large value that may not be renamed leaves nothing behind', async () => {
      const elements = Array.from({ length: 2000 }, (_, i) => string(`element ${i}`.padEnd(60, '.')));
      const file = new RdbBuilder('REDIS0010')
        .selectDb(0)
        .key(1, 'list', [length(elements.length), elements])
        .key(0, 'small', string('here'));
      const run = await importAs(['~*', '&*', '+@all', '-renamenx'], scratch.file('list.rdb', file.build()), [
        '--max-inline-value',
        '64kb',
      ]);
      expect(run.code).toBe(1);
      expect(run.rejects?.map(({ key, cause }) => [key, cause.slice(0, 6)])).toEqual([['list', 'NOPERM']]);
      expect(await readPlain(running)).toEqual({ '0/small': 'here' });
    });
  });

  describe('--max-rate', () => {
    let running: RunningServer;
    beforeAll(async () => {
      running = await startServer(server);
    });
    afterAll(() => running.stop());
    beforeEach(() => running.clear());

    const file = () =>
      scratch.file(
        'rate.rdb',
        dumpOfMany(1500, () => 'x'.repeat(60)),
      );

    // A rate that is kept can be lower than asked for, never higher but for what was saved up.
    test('in keys', async () => {
      const run = await importInto(running.url, [file()], ['--max-rate', '1000']);
      expect(reportOf(run)).toMatchObject({ read: 1500, written: 1500 });
      expect(1500 / reportOf(run).seconds).toBeLessThan(1100);
      expect(await running.client.dbsize()).toBe(1500);
    });

    test('in bytes', async () => {
      const run = await importInto(running.url, [file()], ['--max-rate', '60kb/s']);
      expect(reportOf(run)).toMatchObject({ read: 1500, written: 1500 });
      expect(90_000 / reportOf(run).seconds).toBeLessThan(66_000);
      expect(await running.client.dbsize()).toBe(1500);
    });
  });
});

/** Dumps of the corpus that hold what this server tells from others. */
function sourcesOf(server: Server): string[] {
  return server.family === 'valkey' ? ['r62', 'v91'] : ['r62', 'r80'];
}
