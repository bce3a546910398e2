import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { dumpPayload } from '../../src/rdb/payload.js';
import type { DecodedValue } from '../../src/rdb/values/value.js';
import { type CorpusDump, corpus, corpusFile, corpusTruth } from '../support/corpus.js';
import { canHold, corpusKeys, corpusLibraries } from '../support/corpus-state.js';
import { imbalances, importInto, rejectedKey, reportOf } from '../support/rdbkit.js';
import type { ReadKey } from '../support/read.js';
import { readFunctions, readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, servers, startServer } from '../support/servers.js';
import { counted, type StreamTruth } from '../support/stream-truth.js';
import { base64, inTruthOrder, normalTruth, type Truth, truthName } from '../support/truth.js';

// Every dump of the corpus into every server: what the server then holds is what the corpus says,
// and the keys that it does not hold are those that hold something that it knows nothing of.

/** What a key is refused with whose value the server cannot hold. */
const NEEDS_ANOTHER = /needs (?:Redis|Valkey) \d+\.\d+ or newer|no module that reads/;

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  test.each(corpus)('takes the dump of $label', async ({ name }) => {
    await importAndCompare(running, name, 'dump');
  });

  // The same values in other clothes: each of these dumps goes into one of the servers.
  const share = corpus.filter((_, i) => servers[i % servers.length] === server);

  test.each(share)('takes the uncompressed dump of $label', async ({ name }) => {
    await importAndCompare(running, name, 'dump-lfu-uncompressed');
  });

  test.each(corpus.filter(({ name }) => corpusFile(name, 'dump-lru') !== undefined))(
    'takes the dump with idle times of $label',
    async ({ name }) => {
      await importAndCompare(running, name, 'dump-lru');
    },
  );
});

async function importAndCompare(running: RunningServer, name: string, dump: CorpusDump): Promise<void> {
  const truth = corpusTruth(name);
  const expected = await expectedState(running, name, truth);
  const run = await importInto(running.url, [corpusFile(name, dump) as string]);
  const report = reportOf(run);

  const found = await readKeys(running);
  expect(found.map(truthName)).toEqual(expected.taken.map(truthName));
  for (const [i, key] of expected.taken.entries()) {
    expect({ ...found[i], value: normalTruth(found[i] as Truth) }).toEqual(key);
  }

  const rejects = (run.rejects ?? []).map((reject) => ({
    db: reject.db,
    key: base64(Buffer.from(rejectedKey(reject), 'latin1')),
  }));
  expect(rejects.map(truthName).sort()).toEqual(expected.refused.map(truthName).sort());
  for (const { command, code, cause } of run.rejects ?? []) {
    expect([command, code]).toEqual(['RESTORE', 'TARGET_INCOMPATIBLE']);
    expect(cause).toMatch(NEEDS_ANOTHER);
  }

  expect(imbalances(report)).toEqual([]);
  expect(report).toMatchObject({
    read: truth.length,
    written: expected.taken.length,
    skipped: 0,
    failed: expected.refused.length,
  });
  expect(run.code).toBe(expected.refused.length === 0 ? 0 : 1);
  expect(run.stderr).toBe('');
  expect(await readFunctions(running)).toEqual(corpusLibraries(name));
}

/** What the server must hold after the import, and what it cannot hold. */
async function expectedState(
  running: RunningServer,
  name: string,
  truth: readonly Truth[],
): Promise<{ taken: Truth[]; refused: Truth[] }> {
  const keys = corpusKeys(name, { decode: true });
  const taken: Truth[] = [];
  const refused: Truth[] = [];
  for (const key of truth) {
    const { type, decoded } = keys.get(truthName(key)) as ReadKey;
    const value = type.startsWith('module') ? await restored(running, key) : expectedValue(key, type);
    if (value === undefined || !canHold(running.server, decoded as DecodedValue)) refused.push(key);
    else taken.push({ ...key, value });
  }
  return { taken: taken.sort(inTruthOrder), refused };
}

function expectedValue(key: Truth, type: string): unknown {
  return type === 'stream-listpacks' ? counted(key.value as StreamTruth) : normalTruth(key);
}

/**
 * The value of a module as the server gives it back after a RESTORE of our own; undefined when it
 * does not take it. Redis 8.0.2 has vector sets but does not read those of 8.0.6.
 */
async function restored({ client }: RunningServer, { value }: Truth): Promise<unknown> {
  const bytes = Buffer.from((value as { dump: string }).dump, 'base64');
  const payload = dumpPayload(bytes[0] as number, bytes.subarray(1), 6);
  try {
    await client.call('RESTORE', 'trial', '0', Buffer.from(payload));
    const again = (await client.dumpBuffer('trial')) as Buffer;
    return { dump: again.subarray(0, -10).toString('base64') };
  } catch {
    return undefined;
  } finally {
    await client.del('trial');
  }
}
