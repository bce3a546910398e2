import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatOfServer } from '../../src/rdb/compat.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { string } from '../support/bytes.js';
import { exportDump } from '../support/export-dump.js';
import { FAR, KiB, type LargeSample, largeSamples } from '../support/large-samples.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { pipeCommands } from '../support/redis-cli.js';
import { readKeys } from '../support/server-state.js';
import { describeServers, isAtLeast, type RunningServer, servers, startServer } from '../support/servers.js';
import { normalTruth, type Truth } from '../support/truth.js';

// Values of a MiB and more as commands: in memory as a whole, and put aside because they are too
// large for it.

const samples = largeSamples();

/** Its fields have expired: that is all the server makes of it. */
const isGone = ({ name }: LargeSample) => name === 'hash-gone';

const WAYS = [
  ['whole', {}],
  ['in parts', { maxInlineValue: 64 * KiB, partBytes: 48 * KiB }],
] as const;

describeServers((server) => {
  const known = samples.filter((sample) => sample.isKnown(server));
  const magic = server.family === 'valkey' && isAtLeast(server.version, '9.0') ? 'VALKEY080' : 'REDIS0012';
  const target = formatOfServer(server.family, server.version);
  const dump = known
    .reduce(
      (builder, { code, name, value }) => builder.expireMs(FAR).key(code, name, value),
      new RdbBuilder(magic).selectDb(2),
    )
    .key(0, 'last', string('here'))
    .build();
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());

  // Nothing of a value in memory depends on the server.
  const ways = WAYS.filter(([name]) => name === 'in parts' || server === servers[0]);

  describe.each(ways)('%s', (_, limits) => {
    test.each([
      ['data commands', false],
      ['RESTORE', true],
    ] as const)('%s', async (_, restore) => {
      await running.clear();
      const { bytes, rejects } = await exportDump(dump, new RespFormat({ restore, target }), limits);
      const names = rejects.map(({ key }) => Buffer.from(key).toString());
      const taken = known.filter(({ buildable }) => restore || buildable);
      expect(names).toEqual(known.filter((sample) => !taken.includes(sample)).map(({ name }) => name));
      for (const { cause } of rejects) expect(cause).toMatch(/pending entry whose message is deleted/);
      const said = await pipeCommands(running, bytes);
      expect(said).toContain('errors: 0,');

      const found = new Map(
        (await readKeys(running)).map((key) => [Buffer.from(key.key, 'base64').toString(), key]),
      );
      const there = taken.filter((sample) => !isGone(sample));
      expect([...found.keys()].filter((name) => name !== 'hash-gone').sort()).toEqual(
        [...there.map(({ name }) => name), 'last'].sort(),
      );
      for (const { name, type, truth } of there) {
        const key = found.get(name) as Truth;
        expect([name, key.type, key.expireAt]).toEqual([name, type, FAR]);
        const wanted = normalTruth({ type, value: truth });
        // Not toEqual, which takes long over values of this size.
        expect([name, isDeepStrictEqual(normalTruth(key), wanted)]).toEqual([name, true]);
      }
    });
  });
});
