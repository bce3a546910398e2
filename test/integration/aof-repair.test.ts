import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePosition } from '../../src/aof/position.js';
import { repairCode } from '../../src/io/aof-repair-report.js';
import { type RepairAofOptions, repairAof } from '../../src/io/repair-aof.js';
import { unpackAof } from '../support/aof-corpus.js';
import { logOf, placeIn, respBytes } from '../support/log-bytes.js';
import { Scratch } from '../support/scratch.js';
import { readKeys, readPlain } from '../support/server-state.js';
import { describeServers, type RunningServer, type Server, startServer } from '../support/servers.js';
import { base64, type Truth } from '../support/truth.js';

// Servers load what a repair made, and hold what the kept commands say.

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

/** A server on a copy of a log: a single file, or a folder. */
async function load(server: Server, path: string): Promise<RunningServer> {
  const folder = join(dirname(path), `load-${Math.random()}`);
  const into = join(folder, 'appendonlydir');
  mkdirSync(into, { recursive: true });
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path)) copyFileSync(join(path, name), join(into, name));
  } else {
    copyFileSync(path, join(into, 'appendonly.aof.1.incr.aof'));
    writeFileSync(join(into, 'appendonly.aof.manifest'), 'file appendonly.aof.1.incr.aof seq 1 type i\n');
  }
  const running = await startServer(server, {
    config: ['--appendonly', 'yes', '--dir', folder, '--aof-load-truncated', 'no', '--logfile', ''],
  });
  return running;
}

async function stateOf(server: Server, path: string): Promise<Record<string, unknown>> {
  const running = await load(server, path);
  try {
    return await readPlain(running);
  } finally {
    await running.stop();
  }
}

async function repaired(bytes: Uint8Array, options: RepairAofOptions = {}) {
  const out = scratch.path('repaired.aof');
  const report = await repairAof(scratch.file('log.aof', bytes), out, options);
  expect(checked(out)).toBe(true);
  return { out, report, code: repairCode(report) };
}

/** What the server's own checker says. */
function checked(path: string): boolean {
  return spawnSync('redis-check-aof', [path]).status === 0;
}

describeServers((server) => {
  test('a torn tail goes with its transaction', async () => {
    const whole = logOf('SELECT 3', 'SET a 1', 'MULTI', 'SET a 2', 'SET b 2', 'EXEC');
    for (const size of [whole.length - 1, placeIn(whole, 'EXEC') - 9, placeIn(whole, 'b')]) {
      const { out, report, code } = await repaired(whole.subarray(0, size));
      expect(code).toBe(1);
      expect(report.lost.map(({ from }) => from)[0]).toBe(placeIn(whole, '*1\r\n$5\r\nMULTI'));
      expect(await stateOf(server, out)).toEqual({ '3/a': '1' });
      scratch.remove();
      scratch = new Scratch();
    }
  });

  test('commands behind damage are there, and no half of a transaction', async () => {
    const log = logOf(
      ...['SELECT 0', 'SET a 1', 'SET b 1', 'MULTI', 'SET c 1', 'SET d 1', 'EXEC', 'SET e 1'],
      ...['MULTI', 'SET f 1', 'SET g 1', 'EXEC', 'SELECT 2', 'SET h 1'],
    );
    log[placeIn(log, '$1\r\nd')] = 0;
    log[placeIn(log, 'MULTI', 1) - 4] = 0xff;
    const { out, report, code } = await repaired(log);
    expect(code).toBe(1);
    expect(await stateOf(server, out)).toEqual({ '0/a': '1', '0/b': '1', '0/e': '1', '2/h': '1' });
    expect(report.commands).toEqual({ kept: 6, lost: 6, removed: 0 });
    expect(report.doubts).toHaveLength(1);
  });

  test('without FLUSHALL the data is there again', async () => {
    const log = logOf(
      ...['SELECT 0', 'SET a 1', 'SET b 1', 'FLUSHALL', 'INCR a', 'MULTI', 'FLUSHALL', 'EXEC'],
      ...['MULTI', 'flushall', 'SET c 1', 'EXEC'],
    );
    const { out, report } = await repaired(log, { without: ['flushall'] });
    expect(await stateOf(server, out)).toEqual({ '0/a': '2', '0/b': '1', '0/c': '1' });
    expect(report.commands).toEqual({ kept: 7, lost: 0, removed: 5 });
  });

  test('without the one command at a position', async () => {
    const log = logOf('SELECT 0', 'SET a 1', 'FLUSHALL', 'SET b 1', 'FLUSHALL', 'SET c 1');
    const at = placeIn(log, '*1\r\n$8\r\nFLUSHALL', 1);
    const { out } = await repaired(log, { without: [parsePosition(`log.aof:${at}`)] });
    expect(await stateOf(server, out)).toEqual({ '0/b': '1', '0/c': '1' });
  });

  test('a rewound log gives the state of that moment', async () => {
    const running = await startServer(server, {
      config: ['--appendonly', 'yes', '--aof-timestamp-enabled', 'yes', '--appendfsync', 'always'],
    });
    const moments: number[] = [];
    const path = scratch.path('source');
    try {
      const { client } = running;
      const second = async () => Number(((await client.time()) as unknown as [string])[0]);
      for (let i = 0; i < 2; i++) {
        const moment = await second();
        while ((await second()) === moment) await client.incr('counter');
        moments.push(moment);
      }
      await client.flushall();
      mkdirSync(path);
      const live = join(running.folder, 'appendonlydir');
      for (const name of readdirSync(live)) copyFileSync(join(live, name), join(path, name));
    } finally {
      await running.stop();
    }
    const incr = readdirSync(path).find((name) => name.endsWith('.incr.aof')) as string;
    const log = readFileSync(join(path, incr), 'latin1').toLowerCase();
    for (const moment of moments) {
      const out = scratch.path(`rewound-${moment}`);
      await repairAof(path, out, { until: parsePosition(String(moment)) });
      const later = [...log.matchAll(/#ts:(\d+)/g)].find(([, time]) => Number(time) > moment);
      const before = log.slice(0, later?.index);
      expect(later).toBeDefined();
      expect(readFileSync(join(out, incr), 'latin1').toLowerCase()).toBe(before);
      expect(await stateOf(server, out)).toEqual({
        '0/counter': String(before.split('\nincr\r').length - 1),
      });
    }
  });
});

/** Logs of the corpus whose every part a server loads. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  'redis-server': ['r32', 'r40', 'r62', 'r70'],
  'redis-8': ['r72'],
  'valkey-8': ['v80'],
  'valkey-9': ['v91'],
};

describeServers((server) => {
  const own = SOURCES[server.name] ?? [];

  test.each(own)('the log of %s, damaged behind its base, is loaded with all that is not', async (name) => {
    const path = unpackAof(name, scratch.folder);
    const isFolder = statSync(path).isDirectory();
    const part = isFolder ? join(path, 'appendonly.aof.1.incr.aof') : path;
    const whole = await keysOf(server, path);
    expect(whole.length).toBeGreaterThan(100);
    const bytes = readFileSync(part);
    const extra = respBytes('SET', 'lost', 'value');
    // A command more, damaged, at the end, and garbage behind it with a last whole command.
    extra[5] = 0xff;
    const select = logOf('SELECT 0', 'SET found 1');
    writeFileSync(part, Buffer.concat([bytes, extra, Buffer.from('\0\0\0'), select]));
    const out = scratch.path('out');
    const report = await repairAof(path, out);
    expect(repairCode(report)).toBe(1);
    expect(report.lost).toHaveLength(1);
    expect(report.bytes.lost).toBe(extra.length + 3);
    const found = await keysOf(server, out);
    expect(found.filter(({ key }) => key !== base64(Buffer.from('found')))).toEqual(whole);
    expect(found).toHaveLength(whole.length + 1);
    // The checker of this version does not read newer bases, and Valkey's not its own.
    if (isFolder && server.name === 'redis-server') {
      const manifest = join(out, 'appendonly.aof.manifest');
      expect(execFileSync('redis-check-aof', [manifest], { encoding: 'latin1' })).toContain(
        'All AOF files and manifest are valid',
      );
    }
  });
});

/** All that a server holds. */
async function keysOf(server: Server, path: string): Promise<Truth[]> {
  const running = await load(server, path);
  try {
    return await readKeys(running);
  } finally {
    await running.stop();
  }
}

describe('refusals', () => {
  test('nothing stands where a repair failed', async () => {
    const out = scratch.path('out.aof');
    await expect(repairAof(scratch.file('a', 'no log at all'), out)).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
    });
    expect(readdirSync(scratch.folder)).toEqual(['a']);
  });
});
