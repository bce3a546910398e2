import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Checkpoint, type LogPlace } from '../../src/io/checkpoint.js';
import { aofTruth, comparable, unpackAof } from '../support/aof-corpus.js';
import { log } from '../support/log-source.js';
import { importInto, rdbkit, startRdbkit, until } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys, readPlain } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';
import { inTruthOrder, type Truth, truthName } from '../support/truth.js';
import { type WrittenLog, writeLog, writeParts } from '../support/written-log.js';

// The replay of logs into servers, as a user runs it. Runs that are killed: replay-kill.test.ts.

describeServers((server) => {
  let running: RunningServer;
  let scratch: Scratch;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(async () => {
    scratch = new Scratch();
    await running.clear();
  });
  afterEach(() => scratch.remove());

  const written = (...lines: readonly string[]) => writeLog(scratch.folder, lines);
  const replayed = (source: string, ...args: readonly string[]) =>
    rdbkit(['replay', source, '--to', running.url, ...args]);
  /** A run of which nothing is said, since all went well. */
  const quiet = async (source: string, ...args: readonly string[]) => {
    expect(await replayed(source, '--quiet', ...args)).toMatchObject({ code: 0, stderr: '' });
  };
  const state = () => readPlain(running);

  describe('from a position to another', () => {
    test('the delta of a log makes of its base what the log stands for', async () => {
      const source = unpackAof('r70', scratch.folder);
      const base = join(source, 'appendonly.aof.1.base.rdb');
      expect((await importInto(running.url, [base])).code).toBe(0);
      await quiet(source, '--from', 'end-of-base', '--allow-flush');
      const truth = aofTruth('r70').sort(inTruthOrder);
      const found = new Map((await readKeys(running)).map((key) => [truthName(key), key]));
      expect([...found.keys()].sort()).toEqual(truth.map(truthName).sort());
      for (const key of truth) {
        expect(comparable(found.get(truthName(key)) as Truth, key)).toEqual(comparable(key, key));
      }
    });

    test('positions lie between commands', async () => {
      const source = written('RPUSH k a', 'RPUSH k b', 'RPUSH k c', 'RPUSH k d');
      await quiet(source.path, '--from', source.at(1), '--until', source.at(3));
      expect(await state()).toEqual({ '0/k': ['b', 'c'] });
      await running.clear();
      await quiet(source.path, '--until', source.at(0));
      await quiet(source.path, '--from', source.end);
      expect(await state()).toEqual({});
      await quiet(source.path, '--from', source.at(0), '--until', source.end);
      expect(await state()).toEqual({ '0/k': ['a', 'b', 'c', 'd'] });
    });

    test('a position within a command is refused, with those beside it', async () => {
      const source = written('RPUSH k a', 'RPUSH k b', 'RPUSH k c');
      const within = `${source.name}:${(source.offsets[1] as number) + 5}`;
      for (const option of ['--from', '--until']) {
        const run = await replayed(source.path, option, within);
        expect(run).toMatchObject({ code: 64, stdout: '' });
        expect(run.stderr).toContain(`${within} lies inside a command`);
        expect(run.stderr).toContain(`${source.at(1)} and ${source.at(2)}`);
      }
      const behind = await replayed(source.path, '--from', `${source.name}:1000`);
      expect(behind.code).toBe(64);
      expect(behind.stderr).toContain('lies behind the end');
      expect(behind.stderr).toContain(source.end);
      expect((await replayed(source.path, '--from', source.at(2), '--until', source.at(1))).stderr).toContain(
        'lies before the one to begin at',
      );
      expect(await state()).toEqual({});
    });

    test('a transaction is never entered or left in the middle', async () => {
      const source = written('SET a 1', 'MULTI', 'SET b 1', 'SET c 1', 'EXEC', 'SET d 1');
      const into = await replayed(source.path, '--from', source.at(3));
      expect(into.code).toBe(64);
      expect(into.stderr).toContain('inside a transaction');
      expect(into.stderr).toContain(`${source.at(1)} and ${source.at(5)}`);
      await quiet(source.path, '--until', source.at(3));
      expect(Object.keys(await state())).toEqual(['0/a']);
      await quiet(source.path, '--from', source.at(1));
      expect(Object.keys(await state())).toEqual(['0/a', '0/b', '0/c', '0/d']);
    });

    test('times are those of the log, as ISO or as Unix seconds', async () => {
      const at = 1_800_000_000;
      const source = written(
        ...['SELECT 2', 'RPUSH k early', `#TS:${at}`, 'RPUSH k a', 'MULTI', 'RPUSH k b'],
        ...[`#TS:${at + 10}`, 'RPUSH k c', 'EXEC', 'RPUSH k d', `#TS:${at + 20}`, 'RPUSH k e'],
      );
      const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
      const cases: [string[], string[]][] = [
        [
          ['--from', `${at}`],
          ['a', 'b', 'c', 'd', 'e'],
        ],
        [
          ['--from', iso(at + 1)],
          ['b', 'c', 'd', 'e'],
        ],
        [['--from', `${at + 15}`, '--until', `${at + 25}`], ['e']],
        [
          ['--until', iso(at)],
          ['early', 'a', 'b', 'c'],
        ],
        [
          ['--until', `${at + 10}`],
          ['early', 'a', 'b', 'c', 'd'],
        ],
        [['--from', `${at + 21}`], []],
        [['--until', `${at - 1}`], ['early']],
      ];
      const results: unknown[] = [];
      for (const [args] of cases) {
        await running.client.flushall();
        expect((await replayed(source.path, ...args)).code).toBe(0);
        results.push((await state())['2/k'] ?? []);
      }
      // A transaction is carried out whole where its MULTI is.
      const expected = cases.map(([args, values]) => (args[1] === iso(at) ? ['early', 'a'] : values));
      expect(results).toEqual(expected);
    });

    test('a time is refused where the log has none', async () => {
      const source = written('RPUSH k a');
      const run = await replayed(source.path, '--from', '2026-03-01T12:00:00Z');
      expect(run.code).toBe(64);
      expect(run.stderr).toMatch(/the log has no times.*PART:OFFSET.*aof-timestamp-enabled/);
      expect((await replayed(source.path, '--until', 'tomorrow')).stderr).toMatch(
        /"tomorrow" cannot be used/,
      );
    });

    test('options that exclude each other', async () => {
      const { path } = written('SET a 1');
      const file = scratch.path('any');
      const cases: [string[], RegExp][] = [
        [['--from', 'end-of-base', '--after-rdb', path], /--from and --after-rdb exclude each other/],
        [['--follow', '--until', '5'], /--follow has no end/],
        [['--follow', '--dry-run'], /--dry-run of a log that is followed/],
        [['--transactional', 'k', '--on-doubt', 'send'], /--transactional leaves no doubt/],
        [['--position-db', '1'], /--transactional, too/],
        [['--min-size', '1kb'], /--min-size cannot pick commands/],
        [['--expired', 'keep'], /--expired keep makes no sense/],
        [['--checkpoint', file, '--rejects', file], /name the same file/],
        [['--checkpoint', path], /input|source|reads/i],
      ];
      const runs = await Promise.all(cases.map(([args]) => replayed(path, ...args)));
      runs.forEach((run, i) => {
        const [args, message] = cases[i] as (typeof cases)[number];
        expect([args, run.code]).toEqual([args, 64]);
        expect(run.stderr).toMatch(message);
      });
      const stdin = await rdbkit(['replay', '-', '--to', running.url]);
      expect(stdin).toMatchObject({ code: 64 });
      expect(stdin.stderr).toContain('a replay needs a log in files');
      expect(await state()).toEqual({});
    });
  });

  describe('--after-rdb', () => {
    test('the base of the log is followed by its increments', async () => {
      const source = unpackAof('r70', scratch.folder);
      const copy = scratch.path('copy.rdb');
      copyFileSync(join(source, 'appendonly.aof.1.base.rdb'), copy);
      const run = await replayed(source, '--after-rdb', copy, '--allow-flush', '--dry-run', '--json');
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(run.stdout)).toMatchObject({ commands: { read: 18, written: 18 } });
    });

    test('a dump that was taken while nobody wrote is followed by what came later', async () => {
      await running.client.save();
      const dump = join(running.folder, 'dump.rdb');
      const now = Math.floor(Date.now() / 1000);
      const source = written(`#TS:${now - 3600}`, 'RPUSH k a', `#TS:${now + 5}`, 'RPUSH k b');
      await quiet(source.path, '--after-rdb', dump);
      expect(await state()).toEqual({ '0/k': ['b'] });

      const busy = written(`#TS:${now - 3600}`, 'RPUSH k a', `#TS:${now - 2}`, 'RPUSH k b', 'RPUSH k c');
      const doubt = await replayed(busy.path, '--after-rdb', dump);
      expect(doubt.code).toBe(64);
      expect(doubt.stderr).toMatch(/cannot be known: it was taken at .*2 commands stand in that time/);
      expect(doubt.stderr).toMatch(/choose a position with --from: .*appendonly\.aof:\d+/);

      const later = written(`#TS:${now + 5}`, 'RPUSH k a');
      const unrelated = await replayed(later.path, '--after-rdb', dump);
      expect(unrelated.code).toBe(64);
      expect(unrelated.stderr).toMatch(/nothing shows that the log reaches back.*--from/);
      const timeless = await replayed(written('RPUSH k a').path, '--from', `after-rdb ${dump}`);
      expect(timeless.code).toBe(64);
      expect(timeless.stderr).toMatch(/the log has no times.*--from/);
      expect(await state()).toEqual({ '0/k': ['b'] });
    });
  });

  describe('--follow', () => {
    let source: RunningServer;
    let folder: string;
    beforeEach(async () => {
      source = await startServer(server, {
        config: [
          ...['--appendonly', 'yes', '--aof-timestamp-enabled', 'yes', '--appendfsync', 'no'],
          ...['--auto-aof-rewrite-percentage', '0'],
        ],
      });
      folder = join(source.folder, 'appendonlydir');
    });
    afterEach(() => source.stop());

    const following = (log: string, ...args: readonly string[]) =>
      startRdbkit(['replay', log, '--to', running.url, '--follow', ...args]);
    const has = (key: string) => async () => (await running.client.exists(key)) === 1;
    const rewrite = async () => {
      await source.client.bgrewriteaof();
      const isOver = async () =>
        !/aof_rewrite_(?:in_progress|scheduled):1/.test(await source.client.info('persistence'));
      await until(isOver, 'the log is rewritten');
    };

    test('the target becomes what the source is, through rewrites and runs', async () => {
      const checkpoint = ['--checkpoint', scratch.path('cp')];
      const third = source.connect({ db: 3 });
      /** Every kind of write, of which most would show when one were left out or came twice. */
      const write = async (rounds: readonly number[]) => {
        for (const i of rounds) {
          const pipeline = source.client.pipeline();
          pipeline
            .incr('counter')
            .rpush('list', i)
            .pexpire('list', 3_600_000 + i);
          pipeline.set(`short:${i}`, i, 'PX', 20 + (i % 5) * 40).set(`long:${i % 7}`, i, 'PX', 300_000 + i);
          pipeline.rpush(`prolonged:${i % 3}`, i).pexpire(`prolonged:${i % 3}`, 1500);
          pipeline
            .call('MULTI')
            .incr('counter')
            .hincrby('hash', `f${i % 9}`, i)
            .call('EXEC');
          pipeline.xadd('stream', '*', 'i', i);
          await Promise.all([pipeline.exec(), third.append('text', `${i},`), third.move('text', 4)]);
        }
      };
      const rounds = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
      try {
        await write(rounds(0, 20));
        const { child, finished } = await following(folder, ...checkpoint);
        // What is behind the base is settled once it runs: a rewrite makes another base.
        await until(has('counter'), 'the log is followed');
        await write(rounds(20, 60));
        await rewrite();
        await write(rounds(60, 100));
        await rewrite();
        await write(rounds(100, 120));
        await source.client.set('end:1', '1');
        await until(has('end:1'), 'the first end is there');
        child.kill('SIGINT');
        const first = await finished;
        expect(first.code).toBe(0);
        expect(first.stderr).toMatch(/rdbkit: following \S+ {2}[\d,]+ commands, [\d,]+\/s/);
        expect(first.stdout).toContain('came to appendonly.aof.3.incr.aof:');

        await write(rounds(120, 160));
        const second = await following(folder, ...checkpoint);
        await write(rounds(160, 180));
        await source.client.set('end:2', '1');
        await until(has('end:2'), 'the second end is there');
        await until(
          async () =>
            (await source.client.keys('short:*')).length === 0 &&
            (await source.client.keys('prolonged:*')).length === 0,
          'what is to expire has',
        );
        await source.client.set('end:3', '1');
        await until(has('end:3'), 'the third end is there');
        second.child.kill('SIGINT');
        const last = await second.finished;
        expect(last.code).toBe(0);
        expect(last.stderr).toContain('going on from appendonly.aof.3.incr.aof:');
        const keys = await readKeys(source);
        expect(keys.length).toBeGreaterThan(12);
        expect(await readKeys(running)).toEqual(keys);
        expect(existsSync(`${scratch.path('cp')}.held`)).toBe(false);
      } finally {
        third.disconnect();
      }
    });

    test('a transaction whose end has not come is not counted as done', async () => {
      const open = written('RPUSH k a', 'MULTI', 'RPUSH k b');
      const checkpoint = ['--checkpoint', scratch.path('cp')];
      const { child, finished } = await following(open.path, ...checkpoint, '--quiet');
      await until(has('k'), 'the first command is there');
      await setTimeout(150);
      child.kill('SIGINT');
      expect(await finished).toMatchObject({ code: 0, stderr: '' });
      expect(await state()).toEqual({ '0/k': ['a'] });
      appendFileSync(open.path, log('EXEC', 'RPUSH k c'));
      await quiet(open.path, ...checkpoint);
      expect(await state()).toEqual({ '0/k': ['a', 'b', 'c'] });
    });

    test('a log that vanishes ends the run, behind all that was in it', async () => {
      await source.client.set('s', '1');
      const { finished } = await following(folder, '--quiet');
      await until(has('s'), 'the first command is there');
      await source.client.set('t', '1');
      rmSync(folder, { recursive: true });
      const run = await finished;
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(
        /gone; all was read up to appendonly\.aof\.1\.incr\.aof:(\d+).*import the log anew/,
      );
      expect(run.stderr).toMatch(/all up to appendonly\.aof\.1\.incr\.aof:\d+ was carried out/);
      expect(await state()).toEqual({ '0/s': '1', '0/t': '1' });
    });

    test('a target that goes away ends the run, and a checkpoint goes on', async () => {
      const target = await startServer(server);
      try {
        const args = [
          'replay',
          folder,
          '--to',
          target.url,
          '--follow',
          '--quiet',
          '--checkpoint',
          scratch.path('cp'),
        ];
        await source.client.set('s', '1');
        const { finished } = await startRdbkit(args);
        await until(async () => (await target.client.exists('s')) === 1, 'the first command is there');
        await target.restart();
        await source.client.set('t', '1');
        const run = await finished;
        expect(run.code).toBe(2);
        expect(run.stderr).toMatch(/the connection was lost.*the same run again goes on there/s);
        const again = await startRdbkit(args);
        await until(async () => (await target.client.exists('t')) === 1, 'the run goes on');
        again.child.kill('SIGINT');
        expect((await again.finished).code).toBe(0);
      } finally {
        await target.stop();
      }
    });
  });

  describe('FLUSHALL and FLUSHDB', () => {
    test('stop the replay behind all that came before', async () => {
      const source = written('RPUSH k a', 'RPUSH k b', 'FLUSHALL', 'RPUSH k c');
      const run = await replayed(source.path);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(`FLUSHALL deletes all keys (in ${source.at(2)})`);
      expect(run.stderr).toContain('--allow-flush');
      expect(run.stderr).toContain(`all up to ${source.at(2)} was carried out; --from ${source.at(2)}`);
      expect(run.stdout).toContain(`came to ${source.at(2)}`);
      expect(await state()).toEqual({ '0/k': ['a', 'b'] });
      await quiet(source.path, '--from', source.at(3));
      expect(await state()).toEqual({ '0/k': ['a', 'b', 'c'] });

      await running.clear();
      await quiet(source.path, '--until', source.at(2));
      expect(await state()).toEqual({ '0/k': ['a', 'b'] });
      await quiet(source.path, '--from', source.at(2), '--allow-flush');
      expect(await state()).toEqual({ '0/k': ['c'] });
      await running.clear();
      await quiet(source.path, '--not-command', 'FLUSHALL');
      expect(await state()).toEqual({ '0/k': ['a', 'b', 'c'] });
    });

    test('within a transaction, nothing of it is carried out; a checkpoint goes on before it', async () => {
      const source = written('RPUSH k a', 'MULTI', 'RPUSH k b', 'FLUSHDB', 'EXEC', 'RPUSH k c');
      const checkpoint = ['--checkpoint', scratch.path('cp')];
      const run = await replayed(source.path, ...checkpoint);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain('the same run again goes on there');
      expect(await state()).toEqual({ '0/k': ['a'] });
      expect((await replayed(source.path, ...checkpoint)).code).toBe(2);
      expect(await state()).toEqual({ '0/k': ['a'] });
      await running.client.set('other', '1');
      expect(await replayed(source.path, ...checkpoint, '--allow-flush')).toMatchObject({
        code: 0,
        stderr: `rdbkit: going on from ${source.at(1)}: ${scratch.path('cp')} says so\n`,
      });
      expect(await state()).toEqual({ '0/k': ['c'] });
    });
  });

  describe('checkpoints', () => {
    const lines = ['RPUSH k a', 'SET s 1', 'INCR n', 'MULTI', 'APPEND t x', 'SET u 1', 'EXEC', 'RPUSH k b'];
    let source: WrittenLog;
    let path: string;
    beforeEach(() => {
      source = written(...lines);
      path = scratch.path('cp');
    });

    /** What a run leaves behind that was killed between sending and hearing of it. */
    async function killed(done: number, sent: number): Promise<void> {
      await quiet(source.path, '--checkpoint', path, '--until', source.at(0));
      const [head] = readFileSync(path, 'utf8').split('\n') as [string];
      const identity = JSON.parse(head.slice(17)) as Parameters<typeof Checkpoint.open>[1];
      const checkpoint = Checkpoint.open(path, identity);
      const part = { index: 0, name: source.name };
      checkpoint.begin(place(done));
      checkpoint.willSend(part, place(sent).offset);
      checkpoint.close();
    }
    const place = (line: number): LogPlace => ({ part: source.name, offset: source.offsets[line] as number });

    test('go on where they stopped, and are at rest at the end', async () => {
      await quiet(source.path, '--checkpoint', path, '--until', source.at(2));
      expect(await state()).toEqual({ '0/k': ['a'], '0/s': '1' });
      const run = await replayed(source.path, '--checkpoint', path);
      expect(run).toMatchObject({
        code: 0,
        stderr: `rdbkit: going on from ${source.at(2)}: ${path} says so\n`,
      });
      const whole = { '0/k': ['a', 'b'], '0/s': '1', '0/n': '1', '0/t': 'x', '0/u': '1' };
      expect(await state()).toEqual(whole);
      await quiet(source.path, '--checkpoint', path);
      expect(await state()).toEqual(whole);
      appendFileSync(source.path, log('RPUSH k c'));
      await quiet(source.path, '--checkpoint', path);
      expect(await state()).toEqual({ ...whole, '0/k': ['a', 'b', 'c'] });
      expect(existsSync(`${path}.held`)).toBe(false);
    });

    test('belong to one log, one target and one selection', async () => {
      await quiet(source.path, '--checkpoint', path, '--until', source.at(1));
      const other = new Scratch();
      try {
        const same = writeLog(other.folder, lines);
        const runs = [
          await replayed(same.path, '--checkpoint', path),
          await rdbkit(['replay', source.path, '--to', `unix://${running.socket}`, '--checkpoint', path]),
          await rdbkit(['replay', source.path, '--to', `${running.url}/3`, '--checkpoint', path]),
          await replayed(source.path, '--checkpoint', path, '--not-command', 'INCR'),
          await replayed(source.path, '--checkpoint', path, '--map-db', '0:3'),
        ];
        for (const run of runs) {
          expect(run).toMatchObject({ code: 64, stdout: '' });
          expect(run.stderr).toMatch(/belongs to another replay.*go on as it was begun/);
        }
        expect(runs[0]?.stderr).toContain(same.path);
        expect(runs[4]?.stderr).toContain('with no options, not with --map-db [[0,3]]');
      } finally {
        other.remove();
      }
      writeFileSync(scratch.path('none'), 'something else\n');
      const none = await replayed(source.path, '--checkpoint', scratch.path('none'));
      expect(none.code).toBe(2);
      expect(none.stderr).toContain('this is no checkpoint of a replay');
      expect(await state()).toEqual({ '0/k': ['a'] });
    });

    test('commands in doubt that may be repeated are sent again', async () => {
      await running.client.rpush('k', 'a');
      await running.client.set('s', '1');
      await killed(1, 2);
      const run = await replayed(source.path, '--checkpoint', path);
      expect(run.code).toBe(0);
      expect(run.stderr).toContain(
        '1 command may have been carried out before; sent again, which changes nothing',
      );
      expect(await state()).toMatchObject({ '0/k': ['a', 'b'], '0/s': '1', '0/n': '1' });
    });

    test('others stop the run, until it is said what becomes of them', async () => {
      await running.client.set('secret', 'x');
      await killed(0, 3);
      const run = await replayed(source.path, '--checkpoint', path);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(`between ${source.at(0)} and ${source.at(3)}`);
      expect(run.stderr).toContain(
        '3 commands may or may not have been carried out, and 2 of them must not be carried out twice',
      );
      expect(run.stderr).toContain(`\n  ${source.at(0)} database 0 RPUSH "k"`);
      expect(run.stderr).toContain(`\n  ${source.at(2)} database 0 INCR "n"`);
      expect(run.stderr).toContain('--on-doubt send or --on-doubt skip');
      expect(run.stderr).not.toContain('SET');
      expect(await state()).toEqual({ '0/secret': 'x' });
      // To look does not settle it.
      expect((await replayed(source.path, '--checkpoint', path, '--dry-run')).code).toBe(2);
      expect((await replayed(source.path, '--checkpoint', path)).code).toBe(2);

      const skipped = await replayed(source.path, '--checkpoint', path, '--on-doubt', 'skip');
      expect(skipped.code).toBe(0);
      expect(skipped.stderr).toContain(`going on from ${source.at(3)}`);
      expect(await state()).toEqual({ '0/k': ['b'], '0/secret': 'x', '0/t': 'x', '0/u': '1' });
    });

    test('those in doubt are sent again where that is wanted', async () => {
      await running.client.rpush('k', 'a');
      await killed(0, 3);
      const run = await replayed(source.path, '--checkpoint', path, '--on-doubt', 'send');
      expect(run.code).toBe(0);
      expect(run.stderr).toContain(`going on from ${source.at(0)}`);
      expect(await state()).toMatchObject({ '0/k': ['a', 'a', 'b'], '0/n': '1' });
    });

    test('a transaction that was sent in part was not carried out', async () => {
      await running.client.rpush('k', 'a');
      await running.client.set('s', '1');
      await running.client.incr('n');
      await killed(2, 5);
      const run = await replayed(source.path, '--checkpoint', path);
      expect(run.stderr).toContain('1 command may or may not have been carried out, and it must not');
      expect(run.stderr).not.toContain('APPEND');
      const skip = await replayed(source.path, '--checkpoint', path, '--on-doubt', 'skip');
      expect(skip.stderr).toContain(`going on from ${source.at(3)}`);
      expect(await state()).toEqual({ '0/k': ['a', 'b'], '0/s': '1', '0/n': '1', '0/t': 'x', '0/u': '1' });

      await running.client.flushall();
      rmSync(path);
      await killed(3, 5);
      expect(await replayed(source.path, '--checkpoint', path)).toMatchObject({
        code: 0,
        stderr: `rdbkit: going on from ${source.at(3)}: ${path} says so\n`,
      });
      expect(await state()).toEqual({ '0/k': ['b'], '0/t': 'x', '0/u': '1' });
    });

    test('two runs at once do not share one', async () => {
      const many = written(...Array.from({ length: 600 }, (_, i) => `RPUSH k ${i}`));
      const args = ['--checkpoint', path, '--max-rate', '1000', '--quiet'];
      const runs = await Promise.all([replayed(many.path, ...args), replayed(many.path, ...args)]);
      for (const { code, stderr } of runs) {
        if (code !== 0) expect(stderr).toContain('another process is replaying');
      }
      expect(runs.some(({ code }) => code === 0)).toBe(true);
      expect(await running.client.llen('k')).toBe(600);
      await quiet(many.path, '--checkpoint', path);
      expect(await running.client.llen('k')).toBe(600);
    });

    test('a limit is gone on from', async () => {
      const run = await replayed(source.path, '--checkpoint', path, '--limit', '2');
      expect(run.code).toBe(0);
      expect(run.stdout).toContain(`came to ${source.at(2)}`);
      expect(await state()).toEqual({ '0/k': ['a'], '0/s': '1' });
      await quiet(source.path, '--checkpoint', path);
      expect(await state()).toMatchObject({ '0/k': ['a', 'b'], '0/n': '1', '0/t': 'x' });
    });

    test('a part that is gone, and a log that has become another, are told', async () => {
      const folder = scratch.path('appendonlydir');
      const [first] = writeParts(folder, [['RPUSH k a', 'RPUSH k b'], ['RPUSH k c']]);
      await quiet(
        folder,
        '--checkpoint',
        scratch.path('parts'),
        '--from',
        '1:0',
        '--until',
        first?.at(1) as string,
      );
      writeFileSync(join(folder, 'appendonly.aof.manifest'), 'file appendonly.aof.2.incr.aof seq 2 type i\n');
      const gone = await replayed(folder, '--checkpoint', scratch.path('parts'));
      expect(gone.code).toBe(2);
      expect(gone.stderr).toMatch(
        /no part appendonly\.aof\.1\.incr\.aof any more, where it would go on at \d+.*parts says so.*import the log anew/,
      );

      await quiet(source.path, '--checkpoint', path);
      truncateSync(source.path, source.offsets[2]);
      const cut = await replayed(source.path, '--checkpoint', path);
      expect(cut.code).toBe(64);
      expect(cut.stderr).toMatch(/lies behind the end.*cp says so.*check that it is the same log/);
    });
  });

  describe('--transactional', () => {
    const key = ['--transactional', 'my position', '--position-db', '5'];

    test('keeps the position in the target, and goes on from there', async () => {
      const source = written('RPUSH k a', 'SELECT 3', 'MULTI', 'RPUSH k b', 'INCR n', 'EXEC', 'RPUSH k c');
      await quiet(source.path, ...key, '--until', source.at(2));
      expect(await state()).toEqual({ '0/k': ['a'], '5/my position': source.at(1) });
      const run = await replayed(source.path, ...key);
      expect(run).toMatchObject({
        code: 0,
        stderr: `rdbkit: going on from ${source.at(1)}: the target says so in "my position"\n`,
      });
      const whole = { '0/k': ['a'], '3/k': ['b', 'c'], '3/n': '1', '5/my position': source.end };
      expect(await state()).toEqual(whole);
      await quiet(source.path, ...key);
      expect(await state()).toEqual(whole);
    });

    test('an error among others leaves the others; one at queueing ends the run', async () => {
      const source = written('SET s 1', 'RPUSH s a', 'RPUSH k b');
      const rejects = scratch.path('rejects');
      const run = await replayed(source.path, ...key, '--rejects', rejects);
      expect(run.code).toBe(1);
      expect(linesOf(rejects)).toMatchObject([
        {
          db: 0,
          key: 's',
          command: 'RPUSH',
          position: source.at(1),
          cause: expect.stringMatching('WRONGTYPE'),
        },
      ]);
      expect(await state()).toEqual({ '0/s': '1', '0/k': ['b'], '5/my position': source.end });

      await running.clear();
      // As a server without these arguments answers; no log of its own has such a command.
      const wrong = written('SET s 1', 'GETSET s', 'SET t 1');
      const stopped = await replayed(wrong.path, ...key);
      expect(stopped.code).toBe(2);
      expect(stopped.stderr).toMatch(
        /nothing of it was carried out.*wrong number of arguments.*run the same again/,
      );
      expect(await state()).toEqual({});
      await quiet(wrong.path, ...key, '--not-command', 'GETSET');
      expect(await state()).toMatchObject({ '0/s': '1', '0/t': '1' });
    });

    test('another thing under the name of the key is refused', async () => {
      const source = written('SET s 1');
      const at5 = running.connect({ db: 5 });
      try {
        await at5.rpush('my position', 'x');
        const list = await replayed(source.path, ...key);
        expect(list.code).toBe(64);
        expect(list.stderr).toContain('holds something else than a position');
        await at5.set('my position', 'hello');
        expect((await replayed(source.path, ...key)).code).toBe(64);
        await at5.set('my position', 'appendonly.aof.7.incr.aof:12');
        const gone = await replayed(source.path, ...key);
        expect(gone.code).toBe(2);
        expect(gone.stderr).toMatch(/no part appendonly\.aof\.7\.incr\.aof any more.*the target says so/);
      } finally {
        at5.disconnect();
      }
      expect(Object.keys(await state())).toEqual(['5/my position']);
    });
  });

  describe('logs that do not end well', () => {
    test('half a command at the end is none', async () => {
      const source = written('RPUSH k a', 'RPUSH k b');
      truncateSync(source.path, source.bytes.length - 3);
      const run = await replayed(source.path, '--checkpoint', scratch.path('cp'));
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(run.stdout).toContain(`cut off within a command at ${source.at(1)}`);
      expect(await state()).toEqual({ '0/k': ['a'] });
      // The server goes on with the command whole.
      writeFileSync(source.path, source.bytes);
      await quiet(source.path, '--checkpoint', scratch.path('cp'));
      expect(await state()).toEqual({ '0/k': ['a', 'b'] });
    });

    test('a transaction without end is none', async () => {
      const source = written('RPUSH k a', 'MULTI', 'RPUSH k b', 'INCR n');
      const run = await replayed(source.path, '--checkpoint', scratch.path('cp'));
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(run.stdout).toContain(`the transaction at ${source.at(1)} has no EXEC`);
      expect(await state()).toEqual({ '0/k': ['a'] });
      appendFileSync(source.path, log('EXEC', 'RPUSH k c'));
      await quiet(source.path, '--checkpoint', scratch.path('cp'));
      expect(await state()).toEqual({ '0/k': ['a', 'b', 'c'], '0/n': '1' });
    });

    test('of a damaged log all before the damage is carried out', async () => {
      const before = Array.from({ length: 500 }, (_, i) => `RPUSH k ${i}`);
      const source = written(...before, 'SET a 1', 'SET b 1', 'SET c 1');
      const damaged = Buffer.from(source.bytes);
      damaged.write('*x', source.offsets[501] as number);
      writeFileSync(source.path, damaged);
      const report = scratch.path('report.json');
      const run = await replayed(source.path, '--report', report);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(
        `all up to ${source.at(501)} was carried out; of a repaired log, --from ${source.at(501)}`,
      );
      expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
        error: { code: 'INPUT_CORRUPT', offset: source.offsets[501] },
        carriedOut: source.at(501),
        sent: source.at(501),
      });
      expect(await state()).toMatchObject({ '0/a': '1', '0/k': before.map((_, i) => String(i)) });
      writeFileSync(source.path, source.bytes);
      await quiet(source.path, '--from', source.at(501));
      expect(await state()).toMatchObject({ '0/b': '1', '0/c': '1' });
    });
  });

  describe('what is said', () => {
    test('every command that was refused, and no value of any', async () => {
      const source = written(
        'SET s hidden-value',
        'SELECT 1',
        'SET s hidden-value',
        'RPUSH s hidden-element',
        'NOSUCH s hidden-argument',
        'SET t 1',
      );
      const [rejects, report] = [scratch.path('rejects'), scratch.path('report')];
      const run = await replayed(source.path, '--rejects', rejects, '--report', report, '--json');
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(linesOf(rejects)).toEqual(
        [
          {
            db: 1,
            key: 's',
            command: 'RPUSH',
            position: source.at(3),
            code: 'TARGET_REPLY',
            cause: 'WRONGTYPE Operation against a key holding the wrong kind of value',
          },
          {
            db: 1,
            key: '',
            command: 'NOSUCH',
            position: source.at(4),
            code: 'TARGET_INCOMPATIBLE',
            cause: 'the target does not know NOSUCH',
          },
        ].sort((a, b) => Number(b.command === 'NOSUCH') - Number(a.command === 'NOSUCH')),
      );
      const json = JSON.parse(run.stdout) as Record<string, unknown>;
      expect(json).toEqual(JSON.parse(readFileSync(report, 'utf8')));
      expect(json).toMatchObject({
        target: { version: server.version },
        dryRun: false,
        reached: source.end,
        carriedOut: source.end,
        sent: source.end,
        commands: { read: 5, written: 3, failed: 2, names: { SET: { read: 3, written: 3 } } },
      });
      const { stdout } = await replayed(source.path);
      for (const text of [run.stdout, stdout, readFileSync(rejects, 'utf8'), readFileSync(report, 'utf8')]) {
        expect(text).not.toContain('hidden');
      }
      expect(await state()).toEqual({ '0/s': 'hidden-value', '1/s': 'hidden-value', '1/t': '1' });
    });

    test('a target that was in another state than the log builds on is told by the exit code', async () => {
      const source = written('SADD s a', 'PEXPIREAT session 4102444800000', 'DEL gone', 'SADD s b');
      const run = await replayed(source.path, '--from', source.at(0));
      expect(run.code).toBe(1);
      expect(run.stdout).toMatch(/note: expiries changed in the log that the target does not have: 1/);
      expect(run.stderr).toMatch(/had no effect in the target that had one in the log/);
      // Of commands that were picked nobody knows what they would have found.
      await running.clear();
      expect((await replayed(source.path, '--from', source.at(0), '--type', 'set')).code).toBe(0);
    });

    test('a dry run changes nothing, wherever it begins', async () => {
      const source = written('SELECT 2', 'SET s 1', 'MULTI', 'INCR n', 'EXEC', 'PEXPIREAT s 1', 'RPUSH k a');
      const dirty = async () =>
        /rdb_changes_since_last_save:(\d+)/.exec(await running.client.info('persistence'))?.[1];
      const before = await dirty();
      const checkpoint = scratch.path('cp');
      const run = await replayed(
        source.path,
        '--dry-run',
        '--checkpoint',
        checkpoint,
        '--json',
        '--until',
        source.at(6),
      );
      expect(run).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(run.stdout)).toMatchObject({ dryRun: true, commands: { read: 3, written: 3 } });
      expect((await replayed(source.path, '--dry-run', '--transactional', 'p')).stdout).toContain(
        'Dry run: nothing was sent to',
      );
      expect(existsSync(checkpoint)).toBe(false);
      expect(await dirty()).toBe(before);
      await quiet(source.path, '--checkpoint', checkpoint, '--until', source.at(5));
      const rest = await replayed(source.path, '--dry-run', '--checkpoint', checkpoint, '--json');
      expect(JSON.parse(rest.stdout)).toMatchObject({
        commands: { read: 2, names: { RPUSH: { written: 1 } } },
      });
      expect(await state()).toEqual({ '2/s': '1', '2/n': '1' });
    });

    test('a rate is kept', async () => {
      const source = written(...Array.from({ length: 60 }, (_, i) => `RPUSH k ${i}`));
      const run = await replayed(source.path, '--max-rate', '100', '--json');
      expect(run.code).toBe(0);
      expect((JSON.parse(run.stdout) as { seconds: number }).seconds).toBeGreaterThan(0.4);
      expect(await running.client.llen('k')).toBe(60);
    });
  });

  describe('databases, names and selection', () => {
    const lines = [
      ...['SET a 1', 'SET b 1', 'MOVE b 1', 'SELECT 1', 'SET user:c 1', 'COPY b b2 DB 0', 'SELECT 0'],
      ...['MSET user:x 1 other:y 2', 'SELECT 2', 'SET d 1'],
    ];

    test('commands act in the databases they are mapped to', async () => {
      const source = written(...lines);
      await quiet(source.path, '--map-db', '0:7,1:8,2:9');
      expect(await state()).toEqual({
        ...{ '7/a': '1', '7/b2': '1', '7/user:x': '1', '7/other:y': '2' },
        ...{ '8/b': '1', '8/user:c': '1', '9/d': '1' },
      });
      await running.clear();
      const swap = written('SET a 1', 'SWAPDB 0 1', 'SET c 1');
      await quiet(swap.path, '--db', '0,1', '--map-db', '0:4,1:5');
      expect(await state()).toEqual({ '5/a': '1', '4/c': '1' });
    });

    test('what cannot be said in the target is refused, and named', async () => {
      const source = written('SET a 1', 'SWAPDB 0 1', 'SET c 1');
      const one = await replayed(source.path, '--db', '0');
      expect(one.code).not.toBe(0);
      expect(one.stdout + one.stderr).toContain('SWAPDB');
    });

    test('keys are picked and renamed', async () => {
      const source = written(...lines);
      await quiet(source.path, '--key', 'user:*', '--add-prefix', 'new:', '--mixed', 'drop');
      expect(await state()).toEqual({ '0/new:user:x': '1', '1/new:user:c': '1' });
      await running.clear();
      await quiet(source.path, '--command', '@string', '--db', '0', '--not-key', 'other:*');
      expect(await state()).toEqual({ '0/a': '1', '0/b': '1', '0/user:x': '1' });
    });
  });

  describe('targets that go away', () => {
    test('the position is named from which another run goes on', async () => {
      const lines = Array.from({ length: 6000 }, (_, i) => `RPUSH k ${i}`);
      const source = written(...lines);
      const target = await startServer(server);
      try {
        const args = ['replay', source.path, '--to', target.url, '--max-rate', '3000', '--quiet'];
        const { finished } = await startRdbkit(args);
        await until(async () => (await target.client.llen('k')) > 500, 'the replay is under way');
        await target.kill();
        const run = await finished;
        expect(run.code).toBe(2);
        expect(run.stderr).toMatch(/the connection was lost.*go on with --from appendonly\.aof:\d+/);
        const [, done, sent] =
          /all up to appendonly\.aof:(\d+) was carried out(?:, and what follows up to appendonly\.aof:(\d+))?/.exec(
            run.stderr,
          ) ?? [];
        expect(source.offsets).toContain(Number(done));
        if (sent !== undefined) expect(Number(sent)).toBeGreaterThan(Number(done));
      } finally {
        await target.stop();
      }
    });

    test('a target that says nothing is given up when the run is interrupted', async () => {
      const mute = createServer(() => {});
      mute.listen(0, '127.0.0.1');
      await once(mute, 'listening');
      const { port } = mute.address() as AddressInfo;
      try {
        const { path } = written('SET a 1');
        const { child, finished } = await startRdbkit(['replay', path, '--to', `redis://127.0.0.1:${port}`]);
        await once(mute, 'connection');
        child.kill('SIGINT');
        expect(await finished).toMatchObject({
          code: 130,
          stderr: 'rdbkit: interrupted before anything was sent\n',
        });
      } finally {
        mute.close();
      }
    });

    test('a user who may not release expiries is refused before anything is sent', async () => {
      const { path } = written('SET a 1');
      await running.client.call('ACL', 'SETUSER', 'some', 'on', '>pw', '~*', '+@all', '-pexpireat');
      const run = await rdbkit(['replay', path, '--to', `redis://some:pw@127.0.0.1:${running.port}`]);
      expect(run).toMatchObject({ code: 2, stdout: '' });
      await running.client.call('ACL', 'DELUSER', 'some');
      expect(run.stderr).toContain('grant the user PEXPIRETIME, PTTL and PEXPIREAT');
      expect(await state()).toEqual({});
    });

    test('an interrupted run says where to go on, and does', async () => {
      const lines = Array.from({ length: 5000 }, (_, i) => `RPUSH k ${i}`);
      const source = written(...lines);
      const { child, finished } = await startRdbkit([
        'replay',
        source.path,
        '--to',
        running.url,
        '--max-rate',
        '4000',
      ]);
      await until(async () => (await running.client.llen('k')) > 300, 'the replay is under way');
      child.kill('SIGINT');
      const run = await finished;
      expect(run.code).toBe(130);
      const [, position] = /--from (\S+) goes on there/.exec(run.stderr) ?? [];
      expect(position).toBeDefined();
      expect(await running.client.llen('k')).toBe(source.offsets.indexOf(Number(position?.split(':')[1])));
      await quiet(source.path, '--from', position as string);
      expect(await running.client.lrange('k', 0, -1)).toEqual(lines.map((_, i) => String(i)));
    });
  });
});

function linesOf(path: string): unknown[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
