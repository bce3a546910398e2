import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { aofTruth, comparable, unpackAof } from '../support/aof-corpus.js';
import { type CorpusServer, corpus } from '../support/corpus.js';
import { importInto, rejectedKey, reportOf } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys } from '../support/server-state.js';
import {
  describeServers,
  isAtLeast,
  type RunningServer,
  type Server,
  startServer,
} from '../support/servers.js';
import { base64, inTruthOrder, type Truth, truthName } from '../support/truth.js';

// Every append-only file of the corpus into every server: what the server then holds is what the
// server of the corpus held after its last command, and what it does not hold was refused by name.

/** What a key of the base is refused with whose form the server does not know, and its commands then. */
const NEEDS_ANOTHER = /needs (?:Redis|Valkey) \d+\.\d+ or newer|no module that reads|refused before/;

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

  test.each(corpus)('takes the log of $label', async (source) => {
    const run = await importInto(running.url, [unpackAof(source.name, scratch.folder)]);
    const report = reportOf(run);
    const refused = new Set(
      (run.rejects ?? []).map(({ db, ...reject }) =>
        truthName({ db, key: base64(Buffer.from(rejectedKey(reject as never), 'latin1')) }),
      ),
    );
    for (const { cause } of run.rejects ?? []) expect(cause).toMatch(NEEDS_ANOTHER);
    if (readsAll(server, source)) expect([...refused]).toEqual([]);

    const truth = aofTruth(source.name);
    const found = new Map((await readKeys(running)).map((key) => [truthName(key), key]));
    const expected = truth.filter((key) => !refused.has(truthName(key)));
    expect([...found.keys()].sort()).toEqual(expected.map(truthName).sort());
    for (const key of expected.sort(inTruthOrder)) {
      expect(comparable(found.get(truthName(key)) as Truth, key)).toEqual(comparable(key, key));
    }
    expect(report.failed).toBe((run.rejects ?? []).filter(({ command: name }) => name === 'RESTORE').length);
    expect(run.code).toBe(refused.size === 0 ? 0 : 1);
  });
});

/** Whether a server surely reads all that another writes. */
function readsAll(server: Server, source: CorpusServer): boolean {
  if (source.family !== server.family) return source.family === 'redis' && isAtLeast('7.2', source.version);
  return isAtLeast(server.version, source.version) && source.version !== '255.255.255';
}
