import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatOfServer } from '../../src/rdb/compat.js';
import { AofFormat } from '../../src/sinks/aof.js';
import { RespFormat, type RespOptions } from '../../src/sinks/resp.js';
import { type CorpusDump, corpus, corpusBytes, corpusFile, corpusTruth } from '../support/corpus.js';
import { corpusKeys, corpusLibraries, readsType } from '../support/corpus-state.js';
import { exportDump, IN_PARTS } from '../support/export-dump.js';
import type { ReadKey } from '../support/read.js';
import { pipeCommands } from '../support/redis-cli.js';
import { Scratch } from '../support/scratch.js';
import { readFunctions, readKeys } from '../support/server-state.js';
import {
  describeServers,
  isAtLeast,
  type RunningServer,
  type Server,
  startServer,
} from '../support/servers.js';
import { counted, type StreamTruth } from '../support/stream-truth.js';
import { base64, inTruthOrder, normalTruth, type Truth, truthName } from '../support/truth.js';

// Dumps of the corpus as commands: what a server holds that was given them is what the corpus says,
// and what commands cannot say is refused by name.

const scratch = new Scratch();
afterAll(() => scratch.remove());

describeServers((server) => {
  const target = formatOfServer(server.family, server.version);
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  /** Exports, pipes into the server and compares. */
  async function pipeAndCompare(
    name: string,
    options: RespOptions,
    { dump = 'dump', limits = {} }: { dump?: CorpusDump; limits?: object } = {},
  ): Promise<void> {
    const way = options.restore === true ? 'restore' : 'commands';
    const { bytes, rejects } = await exportDump(
      corpusBytes(name, dump),
      new RespFormat({ ...options, target }),
      limits,
    );
    const refused = new Set(rejects.map(({ db, key }) => truthName({ db, key: base64(key) })));
    const said = await pipeCommands(running, bytes);
    const wanted = expectedOf(server, name, way);
    const [, errors] = /errors: (\d+), replies: \d+/.exec(said) ?? [];
    expect(Number(errors), said).toBeLessThanOrEqual(wanted.taken.filter(isModule).length);
    expect([...refused].sort()).toEqual(wanted.refused.map(truthName).sort());
    for (const { code, cause } of rejects) {
      expect(code).toBe('TARGET_INCOMPATIBLE');
      expect(cause).toMatch(
        /no commands? |commands cannot make|can only be restored|the target has no |needs (Redis|Valkey) /,
      );
    }
    await expectState(running, wanted.taken);
    if (dump === 'dump') expect(await readFunctions(running)).toEqual(corpusLibraries(name));
  }

  test.each(corpus)('data commands from the dump of $label', ({ name }) => pipeAndCompare(name, {}));

  test.each(corpus.filter((_, i) => i % 4 === 3))(
    'data commands from values of $label in parts',
    ({ name }) => pipeAndCompare(name, {}, { limits: IN_PARTS }),
  );

  test('data commands that replace what is there', async () => {
    const name = (corpus.at(6) as { name: string }).name;
    await pipeAndCompare(name, { replace: true });
    await pipeAndCompare(name, { replace: true });
  });

  test.each(corpus)('RESTORE from the dump of $label', ({ name }) => pipeAndCompare(name, { restore: true }));

  test.each(corpus.filter((_, i) => i % 4 === 2))('RESTORE from values of $label in parts', ({ name }) =>
    pipeAndCompare(name, { restore: true }, { limits: { maxInlineValue: 40, partBytes: 16 } }),
  );

  test.each(corpus.filter(({ name }) => corpusFile(name, 'dump-lru') !== undefined).slice(-3))(
    'RESTORE that replaces, with idle times of $label',
    async ({ name }) => {
      await pipeAndCompare(name, { restore: true, replace: true }, { dump: 'dump-lru' });
      await pipeAndCompare(name, { restore: true, replace: true }, { dump: 'dump-lru' });
    },
  );

  test('RESTORE without a target claims versions that the server reads', async () => {
    const ours = corpus.filter(
      ({ family, version }) => family === server.family && !isAtLeast(version, '8.2'),
    );
    const { name } = ours.at(-1) as { name: string };
    const { bytes } = await exportDump(corpusBytes(name), new RespFormat({ restore: true }));
    const wanted = expectedOf(server, name, 'restore');
    await pipeCommands(running, bytes);
    // Which width of back lengths it reads is not known without a target.
    const readsNew = server.family === 'valkey' && isAtLeast(server.version, '9.1');
    await expectState(
      running,
      wanted.taken.filter(({ key }) => !(readsNew && Buffer.from(key, 'base64').includes('backlen'))),
    );
  });
});

describe('a server starts from an append-only file', () => {
  describeServers((server) => {
    const target = formatOfServer(server.family, server.version);
    let started: RunningServer | undefined;
    afterEach(() => started?.stop());

    const folders = [
      [
        'appendonly.aof',
        (folder: string, bytes: Uint8Array) => writeFileSync(join(folder, 'appendonly.aof'), bytes),
      ],
      [
        'a folder with a manifest',
        (folder: string, bytes: Uint8Array) => {
          mkdirSync(join(folder, 'appendonlydir'));
          writeFileSync(join(folder, 'appendonlydir/appendonly.aof.1.incr.aof'), bytes);
          writeFileSync(
            join(folder, 'appendonlydir/appendonly.aof.manifest'),
            'file appendonly.aof.1.incr.aof seq 1 type i\n',
          );
        },
      ],
    ] as const;

    test.each(folders)('%s', async (_, lay) => {
      const name = (corpus.find(({ version }) => version.startsWith('7.2')) as { name: string }).name;
      const { bytes } = await exportDump(corpusBytes(name), new AofFormat({ target }));
      const folder = scratch.path(`aof-${server.name}-${lay.length}-${Math.random()}`);
      mkdirSync(folder);
      lay(folder, bytes);
      started = await startServer(server, { config: ['--appendonly', 'yes', '--dir', folder] });
      await expectState(started, expectedOf(server, name, 'commands').taken);
    });
  });

  test.each(corpus)('redis-check-aof accepts the file of $label', async ({ name }) => {
    const { bytes } = await exportDump(corpusBytes(name), new AofFormat());
    const path = scratch.file(`${name}.aof`, bytes);
    const { status, stdout, error } = spawnSync('redis-check-aof', [path], { encoding: 'utf8' });
    if (error !== undefined) return;
    expect(stdout).toContain('is valid');
    expect(status).toBe(0);
  });
});

async function expectState(running: RunningServer, wanted: readonly Truth[]): Promise<void> {
  const found = (await readKeys(running)).filter((key) => !isModule(key));
  const expected = wanted.filter((key) => !isModule(key));
  expect(found.map(truthName)).toEqual(expected.map(truthName));
  for (const [i, key] of expected.entries()) {
    expect(unsigned({ ...(found[i] as Truth), value: normalTruth(found[i] as Truth) })).toEqual(
      unsigned(key),
    );
  }
}

/** Of a small sorted set servers keep a score of -0 when they load it, but make it 0 for ZADD. */
function unsigned(key: Truth): Truth {
  if (key.type !== 'zset') return key;
  const value = (key.value as [string, string][]).map(([member, score]) => [
    member,
    score === '-0' ? '0' : score,
  ]);
  return { ...key, value };
}

type Pending = readonly (readonly [id: string, consumer: string, deliveries: number])[];

/** What the server must hold, and what is refused. */
function expectedOf(server: Server, name: string, way: 'commands' | 'restore') {
  const keys = corpusKeys(name, { decode: true });
  const taken: Truth[] = [];
  const refused: Truth[] = [];
  for (const key of corpusTruth(name)) {
    const { type, decoded } = keys.get(truthName(key)) as ReadKey;
    const hasProducers = decoded?.type === 'stream' && (decoded.idempotence?.producers.length ?? 0) > 0;
    const isTaken =
      way === 'commands' ? canBuild(server, type, key) && !hasProducers : readsType(server, type);
    if (isTaken) taken.push({ ...key, value: expectedValue(type, key, way) });
    else refused.push(key);
  }
  return { taken: taken.sort(inTruthOrder), refused };
}

function canBuild(server: Server, type: string, { value }: Truth): boolean {
  if (type.startsWith('module')) return false;
  if (type === 'array') return server.family === 'redis' && isAtLeast(server.version, '8.8');
  if (type.startsWith('hash')) {
    return server.hasFieldExpiry || !(value as unknown[][]).some((field) => field.length > 2);
  }
  if (!type.startsWith('stream')) return true;
  const { entries } = value as StreamTruth;
  const groups = (value as StreamTruth).groups as unknown as readonly { readonly pending: Pending }[];
  const ids = new Set(entries.map(([id]) => id));
  return groups.every(({ pending }) => pending.every(([id, consumer]) => consumer !== '' && ids.has(id)));
}

/** Modules of the corpus are not on the servers at hand, or in another version: RESTORE may fail. */
const isModule = ({ value }: Truth) => typeof value === 'object' && value !== null && 'dump' in value;

function expectedValue(type: string, key: Truth, way: 'commands' | 'restore'): unknown {
  if (type !== 'stream-listpacks') return normalTruth(key);
  const stream = counted(key.value as StreamTruth) as { groups: readonly object[] };
  if (way === 'restore') return stream;
  // Commands leave it unknown what a group has read.
  return { ...stream, groups: stream.groups.map((group) => ({ ...group, entriesRead: null })) };
}
