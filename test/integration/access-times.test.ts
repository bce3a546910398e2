import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { string } from '../support/bytes.js';
import { type CorpusDump, corpusBytes, corpusFile } from '../support/corpus.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { importInto } from '../support/rdbkit.js';
import { type ReadKey, readAll } from '../support/read.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Idle times and access counters arrive on servers whose maxmemory-policy keeps them.

/** Counters lose nothing while the test runs. */
const NO_DECAY = ['--lfu-decay-time', '0'];

const scratch = new Scratch();
afterAll(() => scratch.remove());

describeServers((server) => {
  describe('with an LRU policy', () => {
    let running: RunningServer;
    beforeAll(async () => {
      running = await startServer(server, { config: ['--maxmemory-policy', 'allkeys-lru'] });
    });
    afterAll(() => running.stop());
    beforeEach(() => running.clear());

    test('keys of the corpus keep their idle times', async () => {
      const dumped = keysOf('r50', 'dump-lru');
      expect(dumped.filter(({ idleSeconds }) => idleSeconds !== undefined)).toHaveLength(dumped.length);
      await expectIdleTimes(running, corpusFile('r50', 'dump-lru') as string, dumped);
    });

    test.each([7, 3600, 1_000_000])('a key that was idle for %i s still is', async (seconds) => {
      const file = new RdbBuilder().selectDb(0).idle(seconds).key(0, 'idle', string('v')).build();
      await expectIdleTimes(running, scratch.file('idle.rdb', file), keysIn(file));
    });

    test('takes a dump with access counters without them', async () => {
      const run = await importInto(running.url, [corpusFile('r50', 'dump-lfu-uncompressed') as string]);
      expect(run.code).toBe(0);
      expect(run.report?.written).toBe(keysOf('r50', 'dump-lfu-uncompressed').length);
    });
  });

  describe('with an LFU policy', () => {
    let running: RunningServer;
    beforeAll(async () => {
      running = await startServer(server, { config: ['--maxmemory-policy', 'allkeys-lfu', ...NO_DECAY] });
    });
    afterAll(() => running.stop());
    beforeEach(() => running.clear());

    test.each(['r50', 'r72', 'v91'])('keys of %s keep their access counters', async (name) => {
      const dumped = keysOf(name, 'dump-lfu-uncompressed');
      expect(dumped.filter(({ frequency }) => frequency !== undefined)).toHaveLength(dumped.length);
      await importInto(running.url, [corpusFile(name, 'dump-lfu-uncompressed') as string]);
      const found = await objects(running, 'FREQ', dumped);
      const written = dumped.filter((_, i) => found[i] !== undefined);
      expect(written.length).toBeGreaterThan(100);
      expect(found.filter((frequency) => frequency !== undefined)).toEqual(
        written.map(({ frequency }) => frequency),
      );
    });

    test('counters reach from 0 to 255', async () => {
      const builder = new RdbBuilder().selectDb(0);
      for (let counter = 0; counter < 256; counter++) {
        builder.frequency(counter).key(0, `key:${counter}`, string('v'));
      }
      const file = builder.build();
      const run = await importInto(running.url, [scratch.file('counters.rdb', file)]);
      expect(run.code).toBe(0);
      expect(await objects(running, 'FREQ', keysIn(file))).toEqual(Array.from({ length: 256 }, (_, i) => i));
    });

    test('takes a dump with idle times without them', async () => {
      const run = await importInto(running.url, [corpusFile('r50', 'dump-lru') as string]);
      expect(run.code).toBe(0);
      expect(run.report?.written).toBe(keysOf('r50', 'dump-lru').length);
    });
  });
});

/** Imports, and compares idle times: no less than in the dump, and no more than passed since. */
async function expectIdleTimes(
  running: RunningServer,
  path: string,
  dumped: readonly ReadKey[],
): Promise<void> {
  const begun = Date.now();
  const run = await importInto(running.url, [path]);
  expect(run.code).toBe(0);
  const found = await objects(running, 'IDLETIME', dumped);
  const passed = Math.ceil((Date.now() - begun) / 1000) + 1;
  for (const [i, { idleSeconds }] of dumped.entries()) {
    expect(found[i]).toBeGreaterThanOrEqual(Number(idleSeconds));
    expect(found[i]).toBeLessThanOrEqual(Number(idleSeconds) + passed);
  }
}

/** OBJECT IDLETIME or FREQ of keys; undefined for those that are not there. */
async function objects(
  running: RunningServer,
  what: 'IDLETIME' | 'FREQ',
  keys: readonly ReadKey[],
): Promise<(number | undefined)[]> {
  const client = running.connect();
  try {
    const found: (number | undefined)[] = [];
    for (const { db, key } of keys) {
      await client.select(db);
      const answer = (await client.call('OBJECT', what, Buffer.from(key, 'hex'))) as number | null;
      found.push(answer ?? undefined);
    }
    return found;
  } finally {
    client.disconnect();
  }
}

function keysOf(name: string, dump: CorpusDump): ReadKey[] {
  return keysIn(corpusBytes(name, dump));
}

function keysIn(file: Uint8Array): ReadKey[] {
  return readAll(file).records.filter((record): record is ReadKey => record.kind === 'key');
}
