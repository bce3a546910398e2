import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { rdbFile } from '../../src/io/rdb-source.js';
import { corpusFile } from '../support/corpus.js';
import { toJsonl } from '../support/jsonl.js';
import { type Imported, importInto, reportOf } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Values in encodings that a server does not read, which are encoded anew on their way, whatever
// way that is: from memory, from parts, from JSON Lines; and a dry run that says the same.

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Dumps whose encodings one or the other server does not read. */
const DUMPS = ['r74', 'r88', 'v91'] as const;

/** Modules are not there on every server. */
const DATA = ['--type', 'string,list,set,zset,hash,stream,array'];

/** Values above this come in parts. */
const PARTS = ['--max-inline-value', '64'];

/** What becomes of each key, apart from how it was tried. */
function outcomeOf(run: Imported) {
  const { read, written, skipped, failed } = reportOf(run);
  const rejects = run.rejects ?? [];
  return { read, written, skipped, failed, rejects: rejects.map(({ db, key }) => `${db} ${key}`).sort() };
}

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(() => running.clear());

  test.each(DUMPS)('holds the same of %s from parts as from whole values', async (name) => {
    const args = DATA;
    const whole = await importInto(running.url, [corpusFile(name) as string], args);
    const expected = await readKeys(running);
    await running.clear();
    const parts = await importInto(running.url, [corpusFile(name) as string], [...args, ...PARTS]);
    expect(await readKeys(running)).toEqual(expected);
    expect(outcomeOf(parts)).toEqual(outcomeOf(whole));
  });

  test.each(DUMPS)('a dry run with %s says what the run will do', async (name) => {
    for (const parts of [[], PARTS]) {
      await running.clear();
      const args = [...DATA, ...parts];
      const dry = await importInto(running.url, [corpusFile(name) as string], [...args, '--dry-run']);
      expect(await readKeys(running)).toEqual([]);
      const real = await importInto(running.url, [corpusFile(name) as string], args);
      expect(outcomeOf(dry)).toEqual(outcomeOf(real));
    }
  });

  test('takes JSON Lines that say nothing of encodings, nor of who wrote them', async () => {
    const dump = corpusFile('r72') as string;
    const lines = Buffer.from(await toJsonl(rdbFile(dump))).toString();
    const bare = lines
      .split('\n')
      .filter((line) => !line.startsWith('{"aux"'))
      .map((line) => line.replace(/,"encoding":"[^"]+"/, ''))
      .join('\n');
    expect(bare).not.toMatch(/"encoding"|redis-ver/);
    const direct = await importInto(running.url, [dump]);
    const expected = await readKeys(running);
    await running.clear();
    const run = await importInto(running.url, [scratch.file('bare.jsonl', Buffer.from(bare))]);
    expect(await readKeys(running)).toEqual(expected);
    expect(outcomeOf(run)).toEqual(outcomeOf(direct));
  });
});
