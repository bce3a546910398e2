import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Account, type Reject } from '../../src/account.js';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { LogDecoder } from '../../src/aof/decoder.js';
import { newLogState } from '../../src/aof/log-state.js';
import { RdbkitError } from '../../src/errors.js';
import { run, type Source } from '../../src/pipeline.js';
import { dumpPayload } from '../../src/rdb/payload.js';
import type { LogPart } from '../../src/record.js';
import { type RestoreSinkOptions, restoreSink } from '../../src/redis/restore-sink.js';
import { string } from '../support/bytes.js';
import { command, LogSource, log } from '../support/log-source.js';
import { makeSpill } from '../support/memory-output.js';
import { readPlain } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Commands of a log sent to a server: in their databases, their transactions whole or not at all,
// and of each one said what became of it.

interface Replayed {
  readonly account: Account;
  readonly rejects: Reject[];
  readonly error: RdbkitError | undefined;
  readonly totals: { read: number; written: number; skipped: number; failed: number };
}

describeServers((server) => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  async function replay(
    input: Uint8Array,
    options: RestoreSinkOptions = {},
    target = running.url,
    signal = new AbortController().signal,
  ): Promise<Replayed> {
    const account = new Account();
    const rejects: Reject[] = [];
    account.onReject = (reject) => rejects.push(reject);
    let error: RdbkitError | undefined;
    try {
      await run(new LogSource(input, options.limits), [], restoreSink(target, options), { account, signal });
    } catch (thrown) {
      if (!(thrown instanceof RdbkitError)) throw thrown;
      error = thrown;
    }
    if (error?.code === 'INTERNAL') throw error;
    const { bytes: _, ...totals } = account.totals(({ unit }) => unit === 'command');
    return { account, rejects, error, totals };
  }

  const plain = () => readPlain(running);

  test('databases, and commands between them', async () => {
    const done = await replay(
      log(
        'SELECT 0',
        'SET a 0',
        'SELECT 5',
        'SET a 5',
        'SET b 5',
        'SELECT 0',
        'SET b 0',
        'MOVE a 7',
        'SELECT 7',
        'APPEND a x',
      ),
    );
    expect(done.error).toBeUndefined();
    expect(done.totals).toEqual({ read: 6, written: 6, skipped: 0, failed: 0 });
    expect(await plain()).toEqual({ '0/b': '0', '5/a': '5', '5/b': '5', '7/a': '0x' });
  });

  test('a database that the target does not have', async () => {
    const done = await replay(log('SET a 1', 'SELECT 99', 'SET a 99', 'SELECT 0', 'SET b 1'));
    expect(done.error).toBeUndefined();
    expect(done.totals).toEqual({ read: 3, written: 2, skipped: 0, failed: 1 });
    expect(done.rejects).toMatchObject([
      { db: 99, command: 'SET', cause: expect.stringMatching(/^database 99 cannot be selected/) },
    ]);
    expect(await plain()).toEqual({ '0/a': '1', '0/b': '1' });
  });

  describe('transactions', () => {
    test('are carried out, in every database that they are in', async () => {
      const done = await replay(
        log(
          'MULTI',
          'SET a 1',
          'SELECT 3',
          'SET a 3',
          'EXEC',
          'SET b 3',
          'SELECT 0',
          'SET b 0',
          'MULTI',
          'EXEC',
          'SET c 0',
        ),
      );
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 5, written: 5, skipped: 0, failed: 0 });
      expect(await plain()).toEqual({ '0/a': '1', '3/a': '3', '3/b': '3', '0/b': '0', '0/c': '0' });
    });

    test('with a command that fails', async () => {
      await running.client.lpush('list', 'x');
      const input = log(
        'MULTI',
        'SET a 1',
        'SELECT 2',
        'SET a 2',
        'SELECT 0',
        'INCR list',
        'SET c 1',
        'EXEC',
        'SET d 1',
      );
      const done = await replay(input);
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 5, written: 4, skipped: 0, failed: 1 });
      const [reject] = done.rejects;
      expect(reject).toMatchObject({ db: 0, command: 'INCR', code: 'TARGET_REPLY' });
      expect(reject?.cause).toMatch(/^WRONGTYPE/);
      expect(Buffer.from(reject?.key ?? []).toString()).toBe('list');
      expect(reject?.position).toBe(`appendonly.aof:${input.indexOf('*2\r\n$4\r\nINCR')}`);
      expect(await plain()).toEqual({ '0/a': '1', '2/a': '2', '0/list': ['x'], '0/c': '1', '0/d': '1' });
    });

    test('with a command that is refused when it is queued', async () => {
      const input = log(
        'MULTI',
        'SET a 1',
        'SELECT 2',
        'SET b 2',
        'SET c',
        'EXEC',
        'SET d 2',
        'SELECT 0',
        'SET e 0',
      );
      const done = await replay(input);
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 5, written: 2, skipped: 0, failed: 3 });
      expect(done.rejects.map(({ command, cause }) => [command, cause])).toEqual([
        ['SET', expect.stringMatching(/^its transaction was refused: ERR wrong number/)],
        ['SET', expect.stringMatching(/^its transaction was refused: ERR wrong number/)],
        ['SET', expect.stringMatching(/^ERR wrong number/)],
      ]);
      expect(await plain()).toEqual({ '2/d': '2', '0/e': '0' });
    });

    test('with a command that the target does not know', async () => {
      const done = await replay(
        log(
          'SET a 1',
          'MULTI',
          'SELECT 4',
          'SET b 1',
          'NO.SUCH k v',
          'SET c 1',
          'EXEC',
          'SET d 4',
          'MULTI',
          'SET e 4',
          'EXEC',
        ),
      );
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 6, written: 3, skipped: 0, failed: 3 });
      expect(Object.fromEntries(done.account.commandCauses)).toEqual({
        'the target does not know NO.SUCH': 1,
        'its transaction cannot be carried out: the target does not know NO.SUCH': 2,
      });
      expect(await plain()).toEqual({ '0/a': '1', '4/d': '4', '4/e': '4' });
    });

    test('in a database that the target does not have', async () => {
      const done = await replay(
        log('MULTI', 'SET a 1', 'SELECT 99', 'SET a 99', 'EXEC', 'SELECT 1', 'SET b 1'),
      );
      expect(done.totals).toEqual({ read: 3, written: 1, skipped: 0, failed: 2 });
      expect(await plain()).toEqual({ '1/b': '1' });
    });

    test('that never end are none', async () => {
      const done = await replay(log('SET a 1', 'MULTI', 'SET b 1', 'SET c 1'));
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 3, written: 1, skipped: 2, failed: 0 });
      expect(Object.fromEntries(done.account.commandReasons)).toEqual({
        'a transaction that was never finished': 2,
      });
      expect(await plain()).toEqual({ '0/a': '1' });
    });

    test('larger than what may be in flight', async () => {
      const lines = Array.from({ length: 5000 }, (_, i) => `RPUSH list ${i}`);
      const limits = { inFlightCommands: 16, inFlightBytes: 1000, batchRecords: 7 };
      const done = await replay(log('MULTI', ...lines, 'EXEC'), { limits });
      expect(done.error).toBeUndefined();
      expect(done.totals).toMatchObject({ read: 5000, written: 5000 });
      expect(await running.client.lrange('list', 0, -1)).toEqual(lines.map((_, i) => String(i)));
    });

    test('larger than what can be followed are not carried out, and end the run', async () => {
      const lines = Array.from({ length: 20_000 }, (_, i) => `RPUSH list ${i}`);
      const limits = { inFlightCommands: 16, maxTransactionCommands: 100 };
      const done = await replay(log('SET a 1', 'MULTI', ...lines, 'EXEC'), { limits });
      expect(done.error?.code).toBe('LIMIT_EXCEEDED');
      expect(done.totals).toMatchObject({ written: 1 });
      expect(await plain()).toEqual({ '0/a': '1' });
    });

    test('in number', async () => {
      const lines = Array.from({ length: 3000 }, (_, i) => [
        'MULTI',
        `SELECT ${i % 3}`,
        `INCR n`,
        `SELECT ${(i + 1) % 3}`,
        `INCR n`,
        'EXEC',
        'INCR m',
      ]).flat();
      const limits = { inFlightCommands: 50, batchRecords: 13 };
      const done = await replay(log(...lines), { limits });
      expect(done.error).toBeUndefined();
      expect(await plain()).toEqual({
        ...{ '0/n': '2000', '1/n': '2000', '2/n': '2000' },
        ...{ '0/m': '1000', '1/m': '1000', '2/m': '1000' },
      });
    });
  });

  test('errors are told by command, key and position, without values', async () => {
    await running.client.set('text', 'words');
    const input = log(
      'SET a 1',
      'LPUSH text secret',
      'INCR text',
      'XADD s 5-1 f v',
      'XADD s 4-1 f v',
      'SET b 1',
    );
    const done = await replay(input);
    expect(done.error).toBeUndefined();
    expect(done.totals).toEqual({ read: 6, written: 3, skipped: 0, failed: 3 });
    expect(done.rejects.map(({ command, position }) => [command, position])).toEqual([
      ['LPUSH', `appendonly.aof:${input.indexOf('*3\r\n$5\r\nLPUSH')}`],
      ['INCR', `appendonly.aof:${input.indexOf('*2\r\n$4\r\nINCR')}`],
      ['XADD', `appendonly.aof:${input.lastIndexOf('*5\r\n$4\r\nXADD')}`],
    ]);
    expect(done.rejects.map(({ key }) => Buffer.from(key).toString())).toEqual(['text', 'text', 's']);
    expect(JSON.stringify(done.rejects)).not.toContain('secret');
  });

  describe('RESTORE', () => {
    const value = string('some text');
    const restore = (key: string, payload: Uint8Array) => command('RESTORE', key, '0', payload, 'REPLACE');

    test.each([6, 11, 15, 81, 200])('with a payload of RDB version %i', async (version) => {
      const done = await replay(
        Buffer.concat([log('MULTI', 'SET a 1'), restore('k', dumpPayload(0, value, version)), log('EXEC')]),
      );
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 2, written: 2, skipped: 0, failed: 0 });
      expect(await plain()).toEqual({ '0/a': '1', '0/k': 'some text' });
    });

    test('of a value that the target does not know, or that is damaged', async () => {
      const damaged = Buffer.from(dumpPayload(0, value, 9));
      damaged[3] = 0x7a;
      const done = await replay(
        Buffer.concat([restore('k', damaged), restore('l', dumpPayload(0x7f, value, 9)), log('SET a 1')]),
      );
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 3, written: 1, skipped: 0, failed: 2 });
      expect(await plain()).toEqual({ '0/a': '1' });
    });
  });

  test('commands that show another state than the log was written in are counted', async () => {
    const done = await replay(log('PEXPIREAT none 4102444800000', 'SREM s x', 'DEL gone', 'SET a 1'));
    expect(done.totals).toMatchObject({ written: 4, failed: 0 });
    expect(Object.fromEntries(done.account.notes)).toEqual({
      'expiries changed in the log that the target does not have': 1,
      'elements removed in the log that the target does not have': 1,
    });
  });

  test.each([1, 1000, 100_000])('commands in parts, in chunks of %i bytes', async (chunk) => {
    const size = chunk === 1 ? 3000 : 700_000;
    const limits = { maxInlineCommand: 1000, commandHeadBytes: 500, partBytes: 400 };
    const big = Buffer.alloc(size, 'abcdefg');
    const input = Buffer.concat([
      log('SELECT 2', 'SET a 1'),
      command('SET', 'big', big),
      log('SET b 1', 'MULTI'),
      command('APPEND', 'a', big),
      log('EXEC', 'MULTI', 'SELECT 3'),
      command('LPUSH', 'never', big),
      log('NO.SUCH x', 'EXEC'),
      command('NO.SUCH', big),
      log('MULTI'),
      command('SET', 'open', big),
    ]);
    const account = new Account();
    await run(new LogSource(input, limits, chunk), [], restoreSink(running.url, { limits }), { account });
    expect(account.totals(({ unit }) => unit === 'command')).toMatchObject({
      read: 8,
      written: 4,
      failed: 3,
      skipped: 1,
    });
    expect(await plain()).toEqual({ '2/a': `1${big}`, '2/b': '1', '2/big': String(big) });
  });

  test('a dry run sends nothing and counts the same', async () => {
    const input = log(
      'SET a 1',
      'MULTI',
      'SET b 1',
      'SELECT 3',
      'SET c 1',
      'EXEC',
      'NO.SUCH x',
      'MULTI',
      'SET d 1',
    );
    const done = await replay(input, { dryRun: true });
    expect(done.error).toBeUndefined();
    expect(done.totals).toEqual({ read: 5, written: 3, skipped: 1, failed: 1 });
    expect(await plain()).toEqual({});
  });

  test('no more commands a second than were allowed', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => `SET k${i} v`);
    const started = performance.now();
    await replay(log(...lines), { maxRate: { keys: 1000 } });
    expect(performance.now() - started).toBeGreaterThan(150);
    expect(await running.client.dbsize()).toBe(300);
  });

  describe('a run that ends early', () => {
    const MANY = 200_000;
    const lines = Array.from({ length: MANY }, (_, i) => `RPUSH list ${i}`);

    /** Follows a run, and what it can say of how far it has come. */
    class Tracker {
      sent = 0;
      acknowledgedTo = 0;
      constructor(private readonly onSend = (_: number): void | Promise<void> => {}) {}
      willSend(_: LogPart, end: number): void | Promise<void> {
        expect(end).toBeGreaterThanOrEqual(this.sent);
        this.sent = end;
        return this.onSend(end);
      }
      acknowledged(_: LogPart, end: number): void {
        expect(end).toBeGreaterThan(this.acknowledgedTo);
        expect(end).toBeLessThanOrEqual(this.sent);
        this.acknowledgedTo = end;
      }
    }

    /** Commands that end at or before a position. */
    const countTo = (input: Uint8Array, end: number) =>
      Buffer.from(input.subarray(0, end)).toString('latin1').split('RPUSH').length - 1;

    test.each(['killed', 'cut', 'interrupted'])('because it was %s', async (how) => {
      const own = await startServer(server);
      try {
        const input = Buffer.concat(lines.map((line) => log(line)));
        const controller = new AbortController();
        let ended: Promise<unknown> | undefined;
        const tracker = new Tracker((end) => {
          if (ended !== undefined || end < input.length / 3) return;
          if (how === 'killed') ended = own.client.lrange('list', 0, -1).then(() => own.kill());
          else if (how === 'cut')
            ended = own.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
          else {
            ended = Promise.resolve();
            controller.abort();
          }
        });
        const limits = { inFlightCommands: 1000, batchRecords: 500 };
        const done = await replay(input, { tracker, limits }, own.url, controller.signal);
        await ended;
        expect(done.error?.code).toBe(how === 'interrupted' ? 'ABORTED' : 'TARGET_LOST');
        expect(done.totals.written).toBeGreaterThan(1000);
        expect(countTo(input, tracker.acknowledgedTo)).toBe(done.totals.written);
        if (how !== 'interrupted') {
          expect(done.error?.hint).toContain(`go on from appendonly.aof:${tracker.acknowledgedTo}`);
        }
        if (how === 'killed') return;
        const there = await own.client.llen('list');
        expect(there).toBeGreaterThanOrEqual(done.totals.written);
        expect(there).toBeLessThanOrEqual(countTo(input, tracker.sent));
        expect(await own.client.lindex('list', -1)).toBe(String(there - 1));
      } finally {
        await own.stop();
      }
    });

    test('because the target takes no more', async () => {
      const own = await startServer(server, {
        config: ['--maxmemory', '8mb', '--maxmemory-policy', 'noeviction'],
      });
      try {
        const input = log(...Array.from({ length: 3000 }, (_, i) => `SET k${i} ${'x'.repeat(5000)}`));
        const tracker = new Tracker();
        const done = await replay(input, { tracker }, own.url);
        expect(done.error?.code).toBe('TARGET_REPLY');
        expect(done.error?.describe()).toMatch(
          /out of memory.*in appendonly\.aof:\d+.*raise maxmemory.*; then go on from appendonly\.aof:\d+/,
        );
        // What was acknowledged ends where the first command begins that was refused.
        expect(done.error?.where).toBe(`appendonly.aof:${tracker.acknowledgedTo}`);
        expect(await own.client.dbsize()).toBeLessThan(3000);
      } finally {
        await own.stop();
      }
    });

    test('and is told before anything is sent', async () => {
      let isTold = false;
      const seen: [boolean, number][] = [];
      const tracker = new Tracker(async () => {
        seen.push([isTold, await running.client.dbsize()]);
        isTold = true;
      });
      const input = log(...Array.from({ length: 10_000 }, (_, i) => `SET k${i} ${'x'.repeat(100)}`));
      const done = await replay(input, { tracker, limits: { batchRecords: 20_000, batchBytes: 2 ** 24 } });
      expect(done.error).toBeUndefined();
      expect(seen[0]).toEqual([false, 0]);
      expect(tracker.acknowledgedTo).toBe(input.length);
    });
  });

  describe('in transactions with a position', () => {
    const transactional = (more: object = {}) => ({
      key: Buffer.from('position'),
      db: 9,
      positionOf: (part: LogPart, end: number) => `${part.name}:${end}`,
      ...more,
    });

    test.each([1, 7, 100_000])('%i commands at a time', async (maxCommands) => {
      const lines = Array.from({ length: 1000 }, (_, i) => [
        ...[`SELECT ${i % 2}`, 'INCR n', 'MULTI', 'INCR n', 'SELECT 3', 'INCR n', 'EXEC', 'INCR n'],
      ]).flat();
      const input = log(...lines);
      const sink = {
        transactional: transactional({ maxCommands }),
        limits: { inFlightCommands: 100, batchRecords: 50 },
      };
      const done = await replay(input, sink);
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 4000, written: 4000, skipped: 0, failed: 0 });
      expect(await plain()).toEqual({
        ...{ '0/n': '1000', '1/n': '1000', '3/n': '2000' },
        '9/position': `appendonly.aof:${input.length}`,
      });
      const again = restoreSink(running.url, sink);
      expect(await again.readPosition()).toBe(`appendonly.aof:${input.length}`);
      await again.abort(new RdbkitError('ABORTED', 'done'));
    });

    test('commands in parts, of which none is cut off by the end of a batch', async () => {
      const limits = { maxInlineCommand: 1000, commandHeadBytes: 500, partBytes: 400, batchBytes: 2000 };
      // What a server would carry out that took the end of the value for commands.
      const value = Buffer.concat(Array.from({ length: 2000 }, () => log('SET inside 1')));
      const input = Buffer.concat([
        log('SET a 1'),
        command('SET', 'big', value),
        log('SELECT 3', 'SET b 1', 'MULTI', 'SET c 1'),
        command('APPEND', 'big', value),
        log('EXEC'),
        command('LPUSH', 'l', value),
      ]);
      const account = new Account();
      await run(
        new LogSource(input, limits, 3000),
        [],
        restoreSink(running.url, { transactional: transactional(), limits }),
        { account },
      );
      expect(account.totals(({ unit }) => unit === 'command')).toMatchObject({ read: 6, written: 6 });
      expect(await plain()).toEqual({
        ...{ '0/a': '1', '0/big': String(value), '3/b': '1', '3/c': '1', '3/big': String(value) },
        ...{ '3/l': [String(value)], '9/position': `appendonly.aof:${input.length}` },
      });
    });

    test('state and position stay together when the connection is cut', async () => {
      const input = log(...Array.from({ length: 50_000 }, () => 'INCR n'));
      let cuts = 0;
      const tracker = {
        acknowledged() {},
        willSend() {
          if (++cuts === 10) running.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        },
      };
      const done = await replay(input, {
        tracker,
        transactional: transactional(),
        limits: { batchRecords: 500 },
      });
      expect(done.error?.code).toBe('TARGET_LOST');
      const { '0/n': n, '9/position': position } = (await plain()) as Record<string, string>;
      const size = command('INCR', 'n').length;
      expect(position).toBe(`appendonly.aof:${Number(n) * size}`);
      expect(Number(n)).toBeGreaterThanOrEqual(500);
    });

    test('a transaction that is refused ends the run where it began', async () => {
      const input = log('SET a 1', 'SET b 1', 'SET c', 'SET d 1', 'SET e 1', 'SET f 1');
      const done = await replay(input, { transactional: transactional({ maxCommands: 2 }) });
      const place = `appendonly.aof:${input.indexOf('*2\r\n$3\r\nSET')}`;
      expect(done.error).toMatchObject({ code: 'TARGET_REPLY', where: place });
      expect(await plain()).toEqual({ '0/a': '1', '0/b': '1', '9/position': place });
      expect(done.totals).toEqual({ read: 6, written: 2, skipped: 0, failed: 4 });
    });

    test('a transaction of the log that cannot be carried out is left out alone', async () => {
      const input = log(
        'SET a 1',
        'MULTI',
        'SET b 1',
        'NO.SUCH x',
        'EXEC',
        'SET c 1',
        'NO.SUCH y',
        'SET d 1',
        'MULTI',
        'SET e 1',
      );
      const done = await replay(input, { transactional: transactional() });
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 7, written: 3, skipped: 1, failed: 3 });
      expect(await plain()).toMatchObject({ '0/a': '1', '0/c': '1', '0/d': '1' });
      expect(await running.client.exists('b', 'e')).toBe(0);
    });
  });

  test('who follows is told when all is answered, on the same connection', async () => {
    const kinds: string[] = [];
    const done = await replay(log('SET a 1', 'SELECT 2', 'SET b 1'), {
      async onDrained(link, kind) {
        kinds.push(kind);
        expect(link.window.pending).toBe(0);
        await link.call('SET', 'c', '1');
      },
    });
    expect(done.error).toBeUndefined();
    expect(kinds).toEqual(['end']);
    expect(await plain()).toEqual({ '0/a': '1', '2/b': '1', '2/c': '1' });
  });

  test('a reader that waits for more has all carried out before', async () => {
    const pieces = [
      log('SET a 1'),
      log('SELECT 2', 'SET b 1', 'MULTI', 'SET c 1'),
      log('SET d 1', 'EXEC', 'MULTI', 'SET e 1'),
    ];
    const seen: unknown[] = [];
    const kinds: string[] = [];
    const sink = restoreSink(running.url, {
      onDrained: async (_, kind) => {
        kinds.push(kind);
      },
    });
    const source: Source = {
      name: 'pieces',
      size: undefined,
      position: 0,
      async *read() {
        const state = newLogState(0);
        const lookup = new CommandLookup();
        for (const piece of pieces) {
          const decoder = new LogDecoder({ index: 0, name: 'log' }, state, lookup, makeSpill, {});
          decoder.push(piece);
          for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
          await sink.drain();
          seen.push(await plain());
        }
      },
    };
    const account = new Account();
    await run(source, [], sink, { account });
    expect(seen).toEqual([
      { '0/a': '1' },
      { '0/a': '1', '2/b': '1' },
      { '0/a': '1', '2/b': '1', '2/c': '1', '2/d': '1' },
    ]);
    // While a transaction is open nobody may send anything else.
    expect(kinds).toEqual(['caught-up', 'end']);
    expect(account.totals(({ unit }) => unit === 'command')).toMatchObject({ written: 4, skipped: 1 });
  });

  describe('a target', () => {
    test('that must be empty', async () => {
      const sink = restoreSink(running.url, {});
      await sink.requireEmpty();
      await running.client.select(3);
      await running.client.set('a', '1');
      await running.client.select(0);
      await sink.requireEmpty([0, 1]);
      await expect(sink.requireEmpty()).rejects.toMatchObject({ code: 'TARGET_INCOMPATIBLE' });
      await expect(sink.requireEmpty([3])).rejects.toThrow('database 3 is not empty (1 key)');
      await sink.abort(new RdbkitError('ABORTED', 'done'));
    });

    test.each(['INFO', 'COMMAND'])('that forbids %s', async (name) => {
      await running.client.call(
        'ACL',
        'SETUSER',
        'limited',
        'on',
        '>x',
        '~*',
        '+@all',
        `-${name.toLowerCase()}`,
      );
      const url = running.url.replace('//', '//limited:x@');
      const sink = restoreSink(url, {});
      await sink.requireEmpty([0, 1]);
      await sink.abort(new RdbkitError('ABORTED', 'done'));
      const done = await replay(
        log('SET a 1', 'NO.SUCH x', 'MULTI', 'SET b 1', 'NO.SUCH x', 'EXEC', 'SET c 1'),
        {},
        url,
      );
      expect(done.error).toBeUndefined();
      expect(done.totals).toEqual({ read: 5, written: 2, skipped: 0, failed: 3 });
      expect(await plain()).toEqual({ '0/a': '1', '0/c': '1' });
    });

    test('that takes no arguments so long', async () => {
      const own = await startServer(server, { config: ['--proto-max-bulk-len', '1mb'] });
      try {
        const long = 'x'.repeat(2 ** 20 + 1);
        const input = Buffer.concat([
          log('SET a 1'),
          command('SET', 'b', long),
          command('SET', 'c', long.slice(1)),
          log('SET d 1'),
        ]);
        for (const maxInlineCommand of [2 ** 24, 1000]) {
          await own.clear();
          const limits = { maxInlineCommand, commandHeadBytes: 500, partBytes: 400 };
          const done = await replay(input, { limits }, own.url);
          expect(done.error).toBeUndefined();
          expect(done.totals).toEqual({ read: 4, written: 3, skipped: 0, failed: 1 });
          expect(await own.client.exists('a', 'c', 'd')).toBe(3);
        }
      } finally {
        await own.stop();
      }
    });

    test('that forbids a command of the log', async () => {
      await running.client.call('ACL', 'SETUSER', 'few', 'on', '>x', '~*', '+@all', '-incr');
      const done = await replay(
        log('SET a 1', 'INCR n', 'SET b 1'),
        {},
        running.url.replace('//', '//few:x@'),
      );
      expect(done.error?.describe()).toMatch(/may not run a command of the log.*incr/i);
    });

    test('that forbids transactions', async () => {
      await running.client.call('ACL', 'SETUSER', 'single', 'on', '>x', '~*', '+@all', '-multi');
      const url = running.url.replace('//', '//single:x@');
      const done = await replay(log('SET a 1', 'MULTI', 'SET b 1', 'EXEC', 'SET c 1'), {}, url);
      expect(done.error).toMatchObject({ code: 'TARGET_INCOMPATIBLE' });
      expect(await running.client.exists('b', 'c')).toBe(0);
    });
  });
});
