import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Account } from '../../src/account.js';
import { jsonlFile } from '../../src/io/jsonl-source.js';
import { rdbFile } from '../../src/io/rdb-source.js';
import { run, type Source } from '../../src/pipeline.js';
import { restoreSink } from '../../src/redis/restore-sink.js';
import { corpus, corpusFile } from '../support/corpus.js';
import { toJsonl } from '../support/jsonl.js';
import { Scratch } from '../support/scratch.js';
import { readFunctions, readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Every dump of the corpus as JSON Lines into every server: the server then holds the same as from
// the dump itself, and refuses the same keys.

const scratch = new Scratch();
afterAll(() => scratch.remove());

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  test.each(corpus)('holds the same from the lines of $label', async ({ name }) => {
    const path = corpusFile(name) as string;
    const direct = await importAndRead(running, rdbFile(path));
    await running.clear();
    const lines = scratch.file(`${name}.jsonl`, await toJsonl(rdbFile(path)));
    const read = await importAndRead(running, jsonlFile(lines));
    expect(read.keys).toEqual(direct.keys);
    expect(read.functions).toEqual(direct.functions);
    expect(read.failed).toEqual(direct.failed);
  });
});

async function importAndRead(running: RunningServer, source: Source) {
  const account = new Account();
  await run(source, [], restoreSink(running.url), { account });
  return {
    keys: await readKeys(running),
    functions: await readFunctions(running),
    failed: account.totals(() => true).failed,
  };
}
