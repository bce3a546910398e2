import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fieldTimes, keyTimes } from '../../src/aof/held-time.js';
import {
  Account,
  aofSource,
  HeldExpiries,
  type HeldRelease,
  restoreSink,
  run,
  Spool,
} from '../../src/index.js';
import { HoldNote } from '../../src/stages/held-keys.js';
import { type HoldExpiriesOptions, holdExpiries } from '../../src/stages/hold-expiries.js';
import { Scratch } from '../support/scratch.js';
import { readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Logs whose expiries are past when they are replayed. What a server makes of its own log, which it
// loads without expiring anything, is what another must hold after a replay.

const HOUR = 3_600_000;

/** In so many ms expires what is prolonged, or not, before it does. */
const SOON = 700;

const ASIDE: HoldExpiriesOptions = { windowMs: 2 * 60_000 };

describeServers((server) => {
  let source: RunningServer;
  let target: RunningServer;
  let scratch: Scratch;
  let began: number;
  let client: Redis;

  beforeAll(async () => {
    target = await startServer(server);
  });
  afterAll(() => target.stop());
  beforeEach(async () => {
    scratch = new Scratch();
    source = await startServer(server, { config: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    client = source.client;
    began = Date.now();
    await target.clear();
  });
  afterEach(async () => {
    await source.stop();
    scratch.remove();
  });

  const soon = () => began + SOON;
  const later = () => began + HOUR;

  /** Runs commands of the form `SET key value`, in the databases that SELECT says. */
  async function write(...lines: readonly string[]): Promise<void> {
    await Promise.all(
      lines.map((line) => {
        const [name = '', ...rest] = line.split(' ');
        return client.call(name, ...rest);
      }),
    );
  }

  /** Ends the source, lets all that is due soon fall due, and replays its log. */
  async function replay(held?: HeldExpiries, account = new Account()): Promise<HeldRelease | undefined> {
    await source.kill();
    await setTimeout(Math.max(0, soon() + 50 - Date.now()));
    const sink = restoreSink(target.url, { expired: 'persist' });
    await run(
      aofSource(join(source.folder, 'appendonlydir')),
      held === undefined ? [] : [holdExpiries(held, ASIDE)],
      sink,
      { account },
    );
    return held?.release(sink.address);
  }

  /** The source started anew holds what the target does. */
  async function expectEqual(): Promise<void> {
    await source.restart();
    const [wanted, found] = [await readKeys(source), await readKeys(target)];
    expect(found).toEqual(wanted);
  }

  async function writeSessions(): Promise<void> {
    await write(
      `SET once v PXAT ${soon()}`,
      `PEXPIREAT once ${later()}`,
      `SET often v PXAT ${soon()}`,
      `PEXPIREAT often ${soon() + 10} GT`,
      `PEXPIREAT often ${soon() + 20} XX`,
      `PEXPIREAT often ${later()} GT`,
      'HSET hash f v g w',
      `PEXPIREAT hash ${soon()}`,
      'HSET hash f x',
      `PEXPIREAT hash ${later() + 1}`,
      `SET over v PXAT ${soon()}`,
      `PEXPIREAT over ${soon() + 5}`,
      `SET shorter v PXAT ${later()}`,
      `PEXPIREAT shorter ${soon()} LT`,
      'RPUSH list a b',
      `PEXPIREAT list ${soon()}`,
      'PERSIST list',
      'RPUSH list c',
      `SET kept v PXAT ${soon()}`,
      'SET kept w KEEPTTL',
      'APPEND kept x',
      `PEXPIREAT kept ${later() + 7}`,
      `SET anew v PXAT ${soon()}`,
      'DEL anew',
      'SET anew w',
      `SET overwritten v PXAT ${soon()}`,
      'SET overwritten w',
      `SET relative v EX 3600`,
      'SET forever v',
    );
  }

  test('sessions that were prolonged live, those that were not are gone', async () => {
    await writeSessions();
    const held = HeldExpiries.temporary(() => new Spool());
    const account = new Account();
    const release = await replay(held, account);
    await expectEqual();
    expect(await target.client.exists('once', 'often', 'hash', 'list', 'kept', 'anew')).toBe(6);
    expect(await target.client.exists('over', 'shorter')).toBe(0);
    expect(release).toMatchObject({ released: 0, expired: 2 });
    expect(release?.others).toBeGreaterThan(5);
    expect(account.notes).toEqual(new Map());
    expect(account.totals(({ unit }) => unit === 'command').failed).toBe(0);
  });

  test('are lost where nothing is held', async () => {
    await writeSessions();
    await replay();
    expect(await target.client.exists('once', 'often', 'kept')).toBeLessThan(3);
    expect(await target.client.hgetall('hash')).toEqual({ f: 'x' });
  });

  test('a value too large for memory is prolonged live, too', async () => {
    const value = Buffer.alloc(17 * 1024 * 1024, '$3\r\n');
    await client.set('large', value, 'PXAT', began + 2 * SOON + 600);
    began += SOON + 600;
    await write(`PEXPIREAT large ${later()}`, 'APPEND large x');
    const account = new Account();
    await replay(
      HeldExpiries.temporary(() => new Spool()),
      account,
    );
    expect(account.notes).toEqual(new Map());
    expect(await target.client.strlen('large')).toBe(value.length + 1);
    await expectEqual();
  });

  test('what is held follows to other names and databases', async () => {
    await write(
      `SET a v PXAT ${soon()}`,
      'RENAME a renamed',
      `PEXPIREAT renamed ${later()}`,
      `SET b v PXAT ${soon()}`,
      'RENAMENX b renamed-over',
      `SET c v PXAT ${soon()}`,
      'COPY c copied',
      'COPY c copied DB 2',
      'COPY c copied-over',
      `PEXPIREAT copied ${later()}`,
      `SET d v PXAT ${soon()}`,
      'MOVE d 3',
      `SET e v PXAT ${soon()}`,
      'SELECT 4',
      `SET x v PXAT ${soon()}`,
      `SET y v PXAT ${soon()}`,
      'SWAPDB 4 5',
      'SELECT 5',
      `PEXPIREAT x ${later()}`,
      'SWAPDB 5 6',
      'SWAPDB 7 0',
      'SELECT 7',
      `PEXPIREAT e ${later()}`,
      'SELECT 2',
      `PEXPIREAT copied ${later() + 2}`,
    );
    const held = HeldExpiries.temporary(() => new Spool());
    const release = await replay(held);
    await expectEqual();
    expect((await readKeys(target)).length).toBe(5);
    expect(release).toMatchObject({ released: 0, expired: 5 });
  });

  test('expiries of a base that are past', async () => {
    await write(
      `SET prolonged v PXAT ${soon()}`,
      `SET over v PXAT ${soon()}`,
      `SET far v PXAT ${later()}`,
      'BGREWRITEAOF',
    );
    await rewritten();
    await write(`PEXPIREAT prolonged ${later()}`, 'APPEND over x');
    const release = await replay(HeldExpiries.temporary(() => new Spool()));
    await expectEqual();
    expect((await readKeys(target)).length).toBe(2);
    expect(release).toEqual({ released: 0, releasedFields: 0, expired: 1, expiredFields: 0, others: 1 });
  });

  test('what is due in the window but not past is released as it should be', async () => {
    await write(`SET a v PXAT ${began + 60_000}`, `SET b v PXAT ${began + 60_001}`, `RENAME b c`);
    const held = HeldExpiries.temporary(() => new Spool());
    const sizes: number[] = [];
    await source.kill();
    const sink = restoreSink(target.url);
    await run(aofSource(join(source.folder, 'appendonlydir')), [holdExpiries(held, ASIDE)], sink);
    sizes.push(held.size);
    expect(Number(await target.client.call('PEXPIRETIME', 'a'))).toBe(keyTimes.hold(began + 60_000));
    expect(await held.releaseDue(sink.address, began + 50_000)).toMatchObject({ released: 0, others: 0 });
    sizes.push(held.size);
    expect(await held.releaseDue(sink.address, began + 50_000)).toMatchObject({ released: 0, others: 0 });
    expect(await held.releaseDue(sink.address, began + 65_001)).toMatchObject({ released: 1, others: 0 });
    sizes.push(held.size);
    expect(Number(await target.client.call('PEXPIRETIME', 'a'))).toBe(began + 60_000);
    expect(Number(await target.client.call('PEXPIRETIME', 'c'))).toBe(keyTimes.hold(began + 60_001));
    expect(await held.release(sink.address)).toMatchObject({ released: 1, expired: 0, others: 1 });
    expect([...sizes, held.size]).toEqual([3, 3, 2, 0]);
    held.close();
    await expectEqual();
  });

  test('a file of names is enough after a crash', async () => {
    await writeSessions();
    await write('SELECT 4', `SET x v PXAT ${soon()}`, 'SWAPDB 4 5');
    const path = scratch.path('held');
    // As if killed: nothing is closed.
    await expect(replay(stopping(HeldExpiries.inFile(path)))).rejects.toThrow('killed');
    expect(await target.client.exists('over', 'shorter')).toBe(2);
    const held = HeldExpiries.inFile(path);
    expect(held.size).toBeGreaterThan(5);
    expect(await held.release(restoreSink(target.url).address)).toMatchObject({ released: 0, expired: 3 });
    held.close();
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(scratch.folder)).toEqual([]);
    await expectEqual();
  });

  test('a release that fails keeps the names', async () => {
    await write(`SET k v PXAT ${soon()}`);
    const held = HeldExpiries.inFile(scratch.path('held'));
    const sink = restoreSink(target.url);
    await expect(replay(stopping(held))).rejects.toThrow('killed');
    await target.client.call('ACL', 'SETUSER', 'default', '-pexpireat');
    await expect(held.release(sink.address)).rejects.toThrow(/PEXPIREAT failed: NOPERM/);
    await expect(HeldExpiries.requireRelease(sink.address)).rejects.toThrow(/cannot be held back: NOPERM/);
    await target.client.call('ACL', 'SETUSER', 'default', '+pexpireat');
    await expect(held.release(sink.address, AbortSignal.abort())).rejects.toThrow(/interrupted/);
    await HeldExpiries.requireRelease(sink.address);
    expect(held.size).toBe(1);
    expect(await held.release(sink.address)).toMatchObject({ expired: 1 });
    expect(await target.client.dbsize()).toBe(0);
    held.close();
  });

  test('a server that does not tell expiries as times', async () => {
    const older = await startServer(server, { config: ['--rename-command', 'PEXPIRETIME', 'EXACTLY'] });
    try {
      const held = HeldExpiries.temporary(() => new Spool());
      const at = Array.from({ length: 3000 }, (_, i) => began + HOUR + 7 * i);
      for (const [i, atMs] of at.entries()) {
        older.client.call('SET', `k${i}`, 'v', 'PXAT', String(keyTimes.hold(atMs)));
        const key = Buffer.from(`k${i}`);
        held.add(1, 0, key, 0, key.length, atMs);
      }
      await older.client.ping();
      const release = await held.release(restoreSink(older.url).address);
      expect(release).toMatchObject({ released: 3000, expired: 0, others: 0 });
      const times = await Promise.all(at.map((_, i) => older.client.call('EXACTLY', `k${i}`)));
      expect(times).toEqual(at);
    } finally {
      await older.stop();
    }
  });

  describe.skipIf(!server.hasFieldExpiry)('fields', () => {
    test('of hashes that were prolonged live', async () => {
      await write(
        'HSET h a 1 b 2 c 3 d 4',
        `HPEXPIREAT h ${soon()} FIELDS 3 a b c`,
        `HPEXPIREAT h ${later()} GT FIELDS 1 a`,
        'HSET i a 1 b 2',
        `HPEXPIREAT i ${soon()} FIELDS 2 a b`,
        'RENAME i j',
        `HPEXPIREAT j ${later()} FIELDS 1 a`,
        'HSET gone a 1',
        `HPEXPIREAT gone ${soon()} FIELDS 1 a`,
      );
      const release = await replay(HeldExpiries.temporary(() => new Spool()));
      await expectEqual();
      expect(await target.client.hgetall('h')).toEqual({ a: '1', d: '4' });
      expect(await target.client.hgetall('j')).toEqual({ a: '1' });
      expect(release).toMatchObject({ releasedFields: 0, expiredFields: 4 });
    });

    test('of a base that are past, in small hashes and others', async () => {
      const many = Array.from({ length: 600 }, (_, i) => `f${i}`);
      await write('HSET h a 1 b 2 c 3', `HPEXPIREAT h ${soon()} FIELDS 2 a b`, 'HSET n a 1 b 2');
      await write(
        `HPEXPIREAT n ${later()} FIELDS 1 a`,
        `HSET many ${many.map((field) => `${field} v`).join(' ')}`,
      );
      await write(`HPEXPIREAT many ${soon()} FIELDS 3 f0 f1 f2`, `HPEXPIREAT many ${later()} FIELDS 1 f4`);
      await write(`HSET gone a 1`, `HPEXPIREAT gone ${soon()} FIELDS 1 a`, 'BGREWRITEAOF');
      await rewritten();
      await write(`HPEXPIREAT h ${later()} FIELDS 1 a`, `HPEXPIREAT many ${later() + 1} FIELDS 2 f0 f1`);
      const release = await replay(HeldExpiries.temporary(() => new Spool()));
      expect(await target.client.hgetall('h')).toEqual({ a: '1', c: '3' });
      expect(await target.client.hlen('many')).toBe(599);
      expect(await target.client.exists('gone')).toBe(0);
      expect(release).toMatchObject({ releasedFields: 0, expiredFields: 3 });
      await expectEqual();
    });

    test('of a payload that the log restores', async () => {
      await write('HSET h a 1 b 2 c 3', `HPEXPIREAT h ${soon()} FIELDS 2 a b`, 'HSET plain a 1');
      for (const [from, to, ttl] of [
        ['h', 'i', '0'],
        ['h', 'j', String(soon())],
        ['plain', 'k', '0'],
      ] as const) {
        await client.call('RESTORE', to, ttl, (await client.dumpBuffer(from)) as Buffer, 'ABSTTL');
      }
      await write(`HPEXPIREAT i ${later()} FIELDS 1 a`, `PEXPIREAT j ${later()}`, 'DEL h');
      const release = await replay(HeldExpiries.temporary(() => new Spool()));
      expect(await target.client.hgetall('i')).toEqual({ a: '1', c: '3' });
      expect(await target.client.hgetall('j')).toEqual({ c: '3' });
      expect(release).toMatchObject({ releasedFields: 0, expiredFields: 3 });
      await expectEqual();
    });

    test('that lost their expiry live, which Redis forgets when it loads its log', async () => {
      await write('HSET h a 1 b 2', `HPEXPIREAT h ${soon()} FIELDS 2 a b`, 'HPERSIST h FIELDS 1 b');
      await replay(HeldExpiries.temporary(() => new Spool()));
      expect(await target.client.hgetall('h')).toEqual({ b: '2' });
      expect(await target.client.call('HPEXPIRETIME', 'h', 'FIELDS', 1, 'b')).toEqual([-1]);
    });

    test('of a large hash, page by page', async () => {
      const fields = Array.from({ length: 3000 }, (_, i) => `field:${i}`);
      await target.client.hset('h', Object.fromEntries(fields.map((field) => [field, 'v'])));
      const expiry = (i: number) => began + HOUR + (i % 3);
      for (const [i, field] of fields.entries()) {
        target.client.call('HPEXPIREAT', 'h', fieldTimes.hold(expiry(i)), 'FIELDS', 1, field);
      }
      await target.client.ping();
      const held = HeldExpiries.temporary(() => new Spool());
      held.add(2, 0, Buffer.from('h'), 0, 1, expiry(0));
      const release = await held.release(restoreSink(target.url).address);
      expect(release).toMatchObject({ releasedFields: 3000, expiredFields: 0 });
      const times = await target.client.call('HPEXPIRETIME', 'h', 'FIELDS', 3000, ...fields);
      expect(times).toEqual(fields.map((_, i) => expiry(i)));
    });
  });

  /** The same notes, whose release never happens. */
  function stopping(held: HeldExpiries): HeldExpiries {
    return new Proxy(held, {
      get(of, name) {
        if (name === 'release') return () => Promise.reject(new Error('killed'));
        const value = Reflect.get(of, name, of);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
  }

  async function rewritten(): Promise<void> {
    for (;;) {
      const info = await client.info('persistence');
      if (/aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info)) return;
      await setTimeout(10);
    }
  }
});

test('notes of what could not be held are words that can be told apart', () => {
  expect(new Set(Object.values(HoldNote)).size).toBe(Object.keys(HoldNote).length);
});
