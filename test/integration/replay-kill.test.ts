import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { log } from '../support/log-source.js';
import { type Finished, rdbkit, startRdbkit, until } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readPlain } from '../support/server-state.js';
import { describeServers, type RunningServer, servers, startServer } from '../support/servers.js';

// Replays that are killed at random points, again and again, and gone on with. Nearly every command
// of the log changes something else when it is carried out twice, and so does leaving one out.

const STEPS = 9000;
const PARTS = ['appendonly.aof.1.incr.aof', 'appendonly.aof.2.incr.aof'] as const;

/** Over all servers that are there; together more than fifty. */
const KILLS = Math.ceil(40 / Math.max(1, servers.length));
const TRANSACTIONAL_KILLS = Math.ceil(20 / Math.max(1, servers.length));

/** Slow enough that runs can be killed in the middle. */
const SLOWLY = ['--max-rate', '20000'];

interface Place {
  readonly part: string;
  readonly offset: number;
}

describeServers((server) => {
  let running: RunningServer;
  let scratch: Scratch;
  let folder: string;
  /** Position behind each step of the log, from none to all. */
  let ends: readonly Place[];
  let truth: Record<string, unknown>;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(async () => {
    scratch = new Scratch();
    await running.clear();
    folder = scratch.path('appendonlydir');
    ends = writeLog(folder);
    expect(await rdbkit(replay('--quiet'))).toMatchObject({ code: 0, stderr: '' });
    truth = await readPlain(running);
    expect(truth['0/done']).toHaveLength(STEPS);
    await running.clear();
  });
  afterEach(() => scratch.remove());

  const replay = (...args: readonly string[]) => [
    ...['replay', folder, '--to', running.url],
    ...(args.includes('--from') ? [] : ['--from', '1:0']),
    ...args,
  ];
  const done = async () => Number(await running.client.llen('done'));

  /** Runs until the target changes and a little longer, then kills; the run itself if it ended first. */
  async function killed(args: readonly string[]): Promise<Finished | undefined> {
    const before = await done();
    const { child, finished } = await startRdbkit(args);
    let ended: Finished | undefined;
    void finished.then((run) => {
      ended = run;
    });
    await until(async () => ended !== undefined || (await done()) > before, 'the replay has begun');
    await setTimeout(Math.random() * 120);
    child.kill('SIGKILL');
    const run = await finished;
    // What it had sent is carried out all the same.
    await until(
      async () => !String(await running.client.call('CLIENT', 'LIST')).includes('name=rdbkit'),
      'the connection is gone',
    );
    return run.code === null ? undefined : run;
  }

  test(`a checkpoint holds over ${KILLS} kills`, async () => {
    let [kills, doubts, files] = [0, 0, 0];
    let checkpoint = scratch.path('checkpoint-0');
    let from: string[] = [];
    while (kills < KILLS || doubts === 0) {
      const run = await killed(replay(...from, '--checkpoint', checkpoint, ...SLOWLY));
      if (run === undefined) {
        kills++;
        // What was carried out lies between what is known of and what may have been sent.
        const place = ends[await done()] as Place;
        const { acknowledged, sent } = stateOf(checkpoint);
        expect(order(acknowledged)).toBeLessThanOrEqual(order(place));
        expect(order(sent)).toBeGreaterThanOrEqual(order(place));
        continue;
      }
      from = [];
      if (run.code === 0) {
        expect(await readPlain(running)).toEqual(truth);
        await running.clear();
      } else {
        expect(run.stderr).toMatch(
          /may or may not have been carried out.*--on-doubt send or --on-doubt skip/s,
        );
        doubts++;
        // Whoever looks at the keys that were named finds out how far it came.
        const { part, offset } = ends[await done()] as Place;
        from = ['--from', `${part}:${offset}`];
      }
      checkpoint = scratch.path(`checkpoint-${++files}`);
    }
    // The last run may still be in doubt, too.
    const { part, offset } = ends[await done()] as Place;
    const end = await rdbkit(replay('--from', `${part}:${offset}`, '--quiet'));
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(await readPlain(running)).toEqual(truth);
  }, 300_000);

  test(`a transactional replay is exact over ${TRANSACTIONAL_KILLS} kills`, async () => {
    const state = async () => {
      const { '0/rdbkit:position': _, ...keys } = await readPlain(running);
      return keys;
    };
    const run = replay('--transactional', 'rdbkit:position');
    for (let kills = 0; kills < TRANSACTIONAL_KILLS; ) {
      const ended = await killed([...run, ...SLOWLY]);
      if (ended === undefined) {
        kills++;
        continue;
      }
      expect(ended.code).toBe(0);
      expect(await state()).toEqual(truth);
      await running.clear();
    }
    expect((await rdbkit(run)).code).toBe(0);
    expect(await state()).toEqual(truth);
  }, 300_000);
});

/** A log in two parts, each step of which counts itself in the list `done`. */
function writeLog(folder: string): Place[] {
  const ends: Place[] = [{ part: PARTS[0], offset: 0 }];
  const parts = PARTS.map((part, number) => {
    const chunks = [log('SELECT 0')];
    let offset = (chunks[0] as Buffer).length;
    for (let i = (number * STEPS) / 2; i < ((number + 1) * STEPS) / 2; i++) {
      const step = stepOf(i);
      chunks.push(step);
      offset += step.length;
      ends.push({ part, offset });
    }
    return { name: part, bytes: Buffer.concat(chunks) };
  });
  mkdirSync(folder);
  for (const { name, bytes } of parts) writeFileSync(join(folder, name), bytes);
  const rows = PARTS.map((name, i) => `file ${name} seq ${i + 1} type i\n`);
  writeFileSync(join(folder, 'appendonly.aof.manifest'), rows.join(''));
  return ends;
}

/** What is done and that it is done come together, in one command or in one transaction. */
function stepOf(i: number): Buffer {
  const count = `RPUSH done ${i}`;
  switch (i % 5) {
    case 0:
      return log('MULTI', `INCR counter:${i % 7}`, count, 'EXEC');
    case 1:
      return log(
        'MULTI',
        `APPEND text:${i % 11} ${i},`,
        `HINCRBY hash:${i % 3} f${i % 9} ${i}`,
        count,
        'EXEC',
      );
    case 2:
      return log(
        'MULTI',
        'SELECT 3',
        `LPUSH list:${i % 5} ${i}`,
        `INCRBY sum ${i}`,
        'SELECT 0',
        count,
        'EXEC',
      );
    default:
      return log(count);
  }
}

/** Places in the order of the log. */
function order({ part, offset }: Place): number {
  return PARTS.indexOf(part as (typeof PARTS)[number]) * 1e9 + offset;
}

/** What a checkpoint says. */
function stateOf(path: string): { acknowledged: Place; sent: Place } {
  const [, ...slots] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const read = slots.map(
    (line) => JSON.parse(line.slice(17)) as { sequence: number; acknowledged: Place; sent: Place },
  );
  return read.reduce((newest, slot) => (slot.sequence > newest.sequence ? slot : newest));
}
