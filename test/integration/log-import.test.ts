import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { moduleId } from '../../src/rdb/module-id.js';
import { length, string } from '../support/bytes.js';
import { command, log } from '../support/log-source.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { importInto, reportOf } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readPlain } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// `rdbkit import` of a log: its base by RESTORE, then its commands, into a target that has nothing
// that they could change.

const FUTURE = 4_102_444_800_000;

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** A log whose base is a dump with some strings of database 0. */
function preamble(keys: Readonly<Record<string, string>>, commands: Uint8Array): Buffer {
  const dump = new RdbBuilder('REDIS0009').aux('aof-preamble', '1').selectDb(0);
  for (const [name, value] of Object.entries(keys)) dump.key(0, name, string(value));
  return Buffer.concat([dump.build(), commands]);
}

let files = 0;
const file = (content: Uint8Array) => scratch.file(`log-${files++}.aof`, content);

/** The commands of a report. */
const commandsOf = (run: Parameters<typeof reportOf>[0]) =>
  (reportOf(run) as unknown as { commands: Record<string, unknown> }).commands;

describeServers((server) => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  const plain = () => readPlain(running);
  const importLog = (content: Uint8Array, args: readonly string[] = []) =>
    importInto(running.url, [file(content)], args);

  test('keys of the base, then commands', async () => {
    const run = await importLog(
      preamble({ a: '1', b: 'x', c: 'y' }, log('SELECT 0', 'INCR a', 'DEL b', 'SELECT 3', 'RPUSH l 1 2')),
    );
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    expect(await plain()).toEqual({ '0/a': '2', '0/c': 'y', '3/l': ['1', '2'] });
    expect(reportOf(run)).toMatchObject({ read: 3, written: 3 });
    expect(commandsOf(run)).toMatchObject({ read: 3, written: 3, names: { INCR: { read: 1, written: 1 } } });
    expect(run.stdout).toMatch(/read {5}3 commands/);
    expect(run.stdout).toMatch(/RPUSH +1 +1 +0 +0/);
  });

  test('from standard input', async () => {
    const input = preamble({ a: '1' }, log('SELECT 0', 'INCR a'));
    const run = await importInto(running.url, ['-'], [], { input });
    expect(run.code).toBe(0);
    expect(await plain()).toEqual({ '0/a': '2' });
  });

  describe('a target that is not empty', () => {
    const content = preamble({ a: '1' }, log('SELECT 0', 'INCR a', 'INCR n'));

    test.each([{ args: [] }, { args: ['--no-precheck'] }, { args: ['--dry-run'] }])(
      'is left as it is: $args',
      async ({ args }) => {
        await running.client.set('n', '7');
        const run = await importLog(content, args);
        expect(run.code).toBe(2);
        expect(run.stderr).toMatch(
          /database 0 is not empty \(1 key\).*; empty it, or give --conflict replace/,
        );
        expect(await plain()).toEqual({ '0/n': '7' });
      },
    );

    test('does not matter in databases that the log does not touch', async () => {
      await running.client.select(2);
      await running.client.set('n', '7');
      await running.client.select(0);
      expect((await importLog(content)).code).toBe(0);
      expect(await plain()).toEqual({ '0/a': '2', '0/n': '1', '2/n': '7' });
    });

    test.each(['FLUSHALL', 'SWAPDB 0 2', 'MOVE a 2'])('matters where %s reaches it', async (words) => {
      await running.client.select(2);
      await running.client.set('n', '7');
      await running.client.select(0);
      const run = await importLog(preamble({ a: '1' }, log('SELECT 0', words)));
      expect(run.code).toBe(2);
      expect(run.stderr).toContain('database 2 is not empty');
      expect(await plain()).toEqual({ '2/n': '7' });
    });

    test('is changed with --conflict replace', async () => {
      await running.client.mset('a', 'old', 'n', '7', 'other', 'x');
      const run = await importLog(content, ['--conflict', 'replace']);
      expect(run.code).toBe(0);
      expect(await plain()).toEqual({ '0/a': '2', '0/n': '8', '0/other': 'x' });
    });

    test('cannot be passed over key by key', async () => {
      const run = await importLog(content, ['--conflict', 'skip']);
      expect(run.code).toBe(64);
      expect(run.stderr).toMatch(/--conflict skip makes no sense with a log/);
      expect(await plain()).toEqual({});
    });
  });

  test('a key of the base that was refused is not made again by commands', async () => {
    // A module value that no server here reads.
    const dump = new RdbBuilder('REDIS0009')
      .aux('aof-preamble', '1')
      .selectDb(0)
      .key(7, 'm', [length(moduleId('nosuchmod', 1)), 0])
      .key(0, 'ok', string('1'));
    const content = Buffer.concat([
      dump.build(),
      log(
        'SELECT 0',
        'INCR ok',
        'SET m 1',
        'RENAME m m2',
        'APPEND m2 x',
        'MULTI',
        'SET t 1',
        'GETSET m 2',
        'EXEC',
        'MOVE ok 1',
        'SELECT 1',
        'INCR ok',
      ),
    ]);
    const run = await importLog(content);
    expect(run.code).toBe(1);
    expect(await plain()).toEqual({ '1/ok': '3' });
    expect(commandsOf(run)).toMatchObject({
      read: 8,
      written: 3,
      failed: 5,
      failedBy: {
        'its key was refused before': 4,
        'its transaction cannot be carried out: its key was refused before': 1,
      },
    });
  });

  test('a torn tail is told, and all before it is imported', async () => {
    const content = preamble(
      { a: '1' },
      Buffer.concat([log('SELECT 0', 'INCR a'), command('SET', 'b', 'x').subarray(0, -4)]),
    );
    const run = await importLog(content);
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/cut off within a command at log-\d+\.aof:\d+/);
    expect(await plain()).toEqual({ '0/a': '2' });
  });

  test('damage in the middle writes nothing', async () => {
    const whole = log('SELECT 0', ...Array.from({ length: 100 }, (_, i) => `SET k${i} ${'v'.repeat(50)}`));
    const at = whole.indexOf('$3\r\nk50');
    const content = preamble(
      { a: '1' },
      Buffer.concat([whole.subarray(0, at), Buffer.from('?'), whole.subarray(at + 1)]),
    );
    const run = await importLog(content);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/nothing was written; rdbkit repair/);
    expect(await plain()).toEqual({});
  });

  test('keys that expire on the way are prolonged where the log says so', async () => {
    const content = log(
      'SELECT 0',
      'SET kept v',
      'PEXPIREAT kept 1600000000000',
      `PEXPIREAT kept ${FUTURE}`,
      'SET gone v',
      'PEXPIREAT gone 1600000000000',
      'APPEND gone w',
      'SET free v PXAT 1600000000000',
      'PERSIST free',
    );
    const run = await importLog(content);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    expect(await plain()).toEqual({ '0/kept': 'v', '0/free': 'v' });
    expect(await running.client.pexpiretime('kept')).toBe(FUTURE);
    expect(await running.client.pexpiretime('free')).toBe(-1);
  });

  test('a dry run writes nothing', async () => {
    const run = await importLog(preamble({ a: '1' }, log('SELECT 0', 'INCR a', 'MULTI', 'SET b 1')), [
      '--dry-run',
    ]);
    expect(run.code).toBe(0);
    expect(commandsOf(run)).toMatchObject({ read: 2, written: 1, skipped: 1 });
    expect(await plain()).toEqual({});
  });

  test('databases go where they are told to, but not two into one', async () => {
    const content = log('SELECT 0', 'SET a 0', 'SELECT 1', 'SET a 1');
    expect((await importLog(content, ['--map-db', '0:4'])).code).toBe(0);
    expect(await plain()).toEqual({ '4/a': '0', '1/a': '1' });
    await running.clear();
    const merged = await importLog(content, ['--to-db', '4']);
    expect(merged.code).toBe(64);
    expect(merged.stderr).toMatch(/databases 0 and 1 of the log would both go to 4/);
    expect(await plain()).toEqual({});
    expect((await importLog(content, ['--db', '1', '--to-db', '4'])).code).toBe(0);
    expect(await plain()).toEqual({ '4/a': '1' });
  });
});
