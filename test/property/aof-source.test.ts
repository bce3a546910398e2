import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { newLogState } from '../../src/aof/log-state.js';
import { PartDecoder } from '../../src/aof/part-decoder.js';
import { RdbkitError } from '../../src/errors.js';
import { aofSource } from '../../src/io/aof-source.js';
import { logOf } from '../support/log-bytes.js';
import { CommandCollector } from '../support/log-reader.js';
import { makeSpill } from '../support/memory-output.js';
import { Scratch } from '../support/scratch.js';
import { rdb } from '../support/small-dump.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const DUMP = rdb(['k1', 'k2'], { isBase: true, ctime: 1000 });
const LOG = logOf('#TS:1', 'SELECT 2', 'SET a 1', 'MULTI', 'INCR n', 'EXEC', 'SET b 2', 'DEL a b');
const WHOLE = Buffer.concat([DUMP, LOG]);

const ALLOWED = /^(?:INPUT_TRUNCATED|INPUT_CORRUPT|INPUT_CHECKSUM|INPUT_UNSUPPORTED|LIMIT_EXCEEDED)$/;

const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });

function changed(bytes: Uint8Array, list: readonly (readonly [number, number])[], cut: number): Buffer {
  const copy = Buffer.from(bytes);
  for (const [at, byte] of list) copy[at % copy.length] = byte;
  return copy.subarray(0, copy.length - (cut % copy.length));
}

async function readAll(path: string) {
  const source = aofSource(path);
  const collector = new CommandCollector();
  let keys = 0;
  let error: RdbkitError | undefined;
  try {
    for await (const { records } of source.read(new AbortController().signal)) {
      keys += records.filter(({ kind }) => kind === 'key').length;
      collector.take(records.filter(({ kind }) => kind.startsWith('log-')));
    }
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    error = thrown;
  }
  return { source, error, keys, lines: collector.commands.map(({ args }) => args.join(' ')) };
}

test('a dump and commands, in any chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 9 }),
      fc.boolean(),
      (sizes, viaSpace) => {
        const state = newLogState();
        const decoder = new PartDecoder({ index: 0, name: 'p' }, state, new CommandLookup(), makeSpill);
        const kinds: string[] = [];
        for (let at = 0, turn = 0; !decoder.done; turn++) {
          const chunk = Uint8Array.from(WHOLE.subarray(at, at + (sizes[turn % sizes.length] as number)));
          if (chunk.length === 0) decoder.end();
          else if (viaSpace) {
            decoder.space(chunk.length).set(chunk);
            decoder.commit(chunk.length);
          } else decoder.push(chunk);
          for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) {
            kinds.push(...batch.records.map(({ kind }) => kind));
          }
          chunk.fill(0xaa);
          at += chunk.length;
        }
        expect(kinds.filter((kind) => kind === 'key').length).toBe(2);
        expect(kinds.filter((kind) => kind === 'log-command').length).toBe(7);
        expect(decoder).toMatchObject({
          dumpEnd: DUMP.length,
          offset: WHOLE.length,
          torn: undefined,
          checksum: 'ok',
        });
        expect(decoder.magic?.text).toBe('REDIS0011');
      },
    ),
    { numRuns: 150 },
  );
});

test('every prefix of a file with a dump: its keys, a whole prefix of its commands, and what is torn', async () => {
  const all = (await readAll(scratch.file('whole.aof', WHOLE))).lines;
  for (let size = 1; size < WHOLE.length; size++) {
    const { error, lines, keys, source } = await readAll(scratch.file('prefix.aof', WHOLE.subarray(0, size)));
    if (size < DUMP.length) expect(error?.code).toBe('INPUT_TRUNCATED');
    else {
      expect(error).toBeUndefined();
      expect(keys).toBe(2);
      expect(lines).toEqual(all.slice(0, lines.length));
      const { torn } = source.tail;
      expect(source.reached?.offset).toBe(torn?.offset ?? size);
      expect((torn?.offset ?? size) + (torn?.size ?? 0)).toBe(size);
    }
  }
});

test('files with bytes changed or cut off raise typed errors only', async () => {
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(20), fc.boolean(), async (list, cut, hasDump) => {
      const { error } = await readAll(scratch.file('changed.aof', changed(hasDump ? WHOLE : LOG, list, cut)));
      if (error !== undefined) expect(error.code).toMatch(ALLOWED);
    }),
    { numRuns: 400 },
  );
});

test('folders with bytes of the manifest changed raise typed errors only', async () => {
  const folder = new Scratch();
  const manifest = Buffer.from(
    'file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile b seq 2 type i\n',
  );
  folder.file('a.1.base.rdb', DUMP);
  folder.file('a.1.incr.aof', LOG);
  folder.file('b', LOG);
  try {
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(20), async (list, cut) => {
        folder.file('a.manifest', changed(manifest, list, cut));
        try {
          const { error, lines } = await readAll(folder.folder);
          expect(error).toBeUndefined();
          expect(lines.length % 7).toBe(0);
        } catch (thrown) {
          if (!(thrown instanceof RdbkitError)) throw thrown;
          expect(thrown.code).toMatch(ALLOWED);
        }
      }),
      { numRuns: 300 },
    );
  } finally {
    folder.remove();
  }
});
