import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkRdb } from '../../src/io/check-rdb.js';
import { rdbFile } from '../../src/io/rdb-source.js';
import { type DumpTarget, magicOf, targetOfServer, targetOfVersion } from '../../src/rdb/dump-target.js';
import { allTypes } from '../../src/rdb/types.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { corpus, corpusBytes, corpusTruth } from '../support/corpus.js';
import { corpusKeys, corpusLibraries } from '../support/corpus-state.js';
import { type Exported, exportRdb } from '../support/rdb-export.js';
import { forEachKey, type ReadKey } from '../support/read.js';
import { Scratch } from '../support/scratch.js';
import { readFunctions, readKeys } from '../support/server-state.js';
import { type Server, servers, startServer } from '../support/servers.js';
import { counted, type StreamTruth } from '../support/stream-truth.js';
import { base64, inTruthOrder, normalTruth, type Truth, truthName } from '../support/truth.js';

// Every dump of the corpus written for every version: a server starts from it and holds what the
// corpus says, less the keys that were refused, which are those whose content that version lacks.

interface Case {
  readonly label: string;
  readonly target: DumpTarget;
  /** Server that starts from it, by its name in `servers`; there is none at hand for the newest. */
  readonly loader?: string;
}

const named = (name: string) => targetOfServer(name) as DumpTarget;

const cases: readonly Case[] = [
  { label: 'RDB 6', target: targetOfVersion(6), loader: 'redis-server' },
  { label: 'RDB 7', target: targetOfVersion(7), loader: 'redis-server' },
  { label: 'RDB 8', target: targetOfVersion(8), loader: 'redis-server' },
  { label: 'Redis 6.2 (RDB 9)', target: named('redis-6.2'), loader: 'redis-server' },
  { label: 'Redis 7.0 (RDB 10)', target: named('redis-7.0'), loader: 'redis-server' },
  { label: 'RDB 11', target: targetOfVersion(11), loader: 'redis-8' },
  { label: 'Redis 8.0 (RDB 12)', target: named('redis-8.0'), loader: 'redis-8' },
  { label: 'RDB 13', target: targetOfVersion(13) },
  { label: 'Redis 8.8 (RDB 14)', target: named('redis-8.8') },
  { label: 'RDB 15', target: targetOfVersion(15) },
  { label: 'Valkey 8.1 (RDB 11)', target: named('valkey-8.1'), loader: 'valkey-8' },
  { label: 'Valkey 9.1 (VALKEY 80)', target: named('valkey-9.1'), loader: 'valkey-9' },
];

/** Redis 7.0's own, which knows the versions up to its. */
const CHECKER = 'redis-check-rdb';
const CHECKER_VERSION = 10;

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Modules are another matter: a server without the module refuses the whole dump. */
const noModules = keyStage('module', ({ type }) => type.family !== 'module');

describe.each(cases)('$label', ({ target, loader }) => {
  const server = servers.find(({ name }) => name === loader);

  describe.each(corpus)('of $label', ({ name }) => {
    let exported: Exported;
    let refused: string[];

    beforeAll(async () => {
      refused = [];
      exported = await exportRdb(corpusBytes(name), {
        target,
        stages: [noModules],
        onReject: ({ db, key, code, cause }) => {
          expect(code).toBe('TARGET_INCOMPATIBLE');
          expect(cause).toMatch(/needs (?:a )?(?:Redis|Valkey) \d/);
          refused.push(`${db} ${base64(key)}`);
        },
      });
    });

    test('refuses only what the version cannot hold', () => {
      expect(refused.sort()).toEqual(beyond(name, target).sort());
      expect(exported.account.totals().failed).toBe(refused.length);
    });

    test('is sound, and of types that the version knows', async () => {
      const { bytes } = exported;
      expect(Buffer.from(bytes.subarray(0, 9)).toString()).toBe(magicOf(target));
      const path = scratch.file(`${name}.rdb`, bytes);
      const check = await checkRdb(rdbFile(path));
      expect(check).toMatchObject({ ok: true, checksum: 'ok', trailingBytes: 0 });
      const used = new Set<string>();
      forEachKey(bytes, ({ type }) => used.add(type.name));
      const known = allTypes().filter((type) => (type[target.dialect] ?? Infinity) <= target.rdbVersion);
      expect([...used].filter((type) => !known.some((row) => row.name === type))).toEqual([]);
      if (target.rdbVersion <= CHECKER_VERSION && hasChecker) {
        expect(execFileSync(CHECKER, [path], { encoding: 'utf8' })).toContain('RDB looks OK');
      }
    });

    if (loader === undefined) return;
    test.skipIf(server === undefined)('is what a server starts from', async () => {
      const running = await startServer(server as Server, { dump: exported.bytes });
      try {
        const keys = corpusKeys(name);
        const expected = corpusTruth(name)
          .filter((key) => !isModule(key) && !refused.includes(truthName(key)))
          .map((key) => ({ ...key, value: expectedValue(key, target, keys) }))
          .sort(inTruthOrder);
        const found = await readKeys(running);
        expect(found.map(truthName)).toEqual(expected.map(truthName));
        for (const [i, key] of expected.entries()) {
          expect({ ...found[i], value: normalTruth(found[i] as Truth) }).toEqual(key);
        }
        const libraries = target.rdbVersion < 10 ? {} : corpusLibraries(name);
        expect(await readFunctions(running)).toEqual(libraries);
      } finally {
        await running.stop();
      }
    });
  });
});

const hasChecker = (() => {
  try {
    execFileSync(CHECKER, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const isModule = ({ type }: Truth) => type === 'vectorset';

/** Keys with something in them that the version does not have, of what the corpus holds. */
function beyond(name: string, { dialect, rdbVersion }: DumpTarget): string[] {
  const hasFieldExpiry = dialect === 'redis' ? rdbVersion >= 12 : rdbVersion >= 80;
  const extras = streamExtras(name);
  return corpusTruth(name)
    .filter((key) => {
      switch (key.type) {
        case 'stream':
          return rdbVersion < 9 || (extras.get(truthName(key)) ?? 0) > (dialect === 'redis' ? rdbVersion : 0);
        case 'hash':
          return !hasFieldExpiry && (key.value as unknown[][]).some((field) => field.length > 2);
        case 'array':
          return dialect !== 'redis' || rdbVersion < 14;
        default:
          return false;
      }
    })
    .map(truthName);
}

/** By stream, the version of Redis that it needs: for idempotent producers, or entries nobody holds. */
function streamExtras(name: string): Map<string, number> {
  const needs = new Map<string, number>();
  for (const [key, { decoded }] of corpusKeys(name, { decode: true })) {
    if (decoded?.type !== 'stream') continue;
    const isNacked = decoded.groups.some(({ pending }) =>
      pending.some(({ consumer }) => consumer === undefined),
    );
    const hasProducers = (decoded.idempotence?.producers.length ?? 0) > 0;
    needs.set(key, isNacked ? 14 : hasProducers ? 13 : 0);
  }
  return needs;
}

/** Before RDB 10 a stream does not say what was added to it and read of it. */
function expectedValue(key: Truth, { rdbVersion }: DumpTarget, keys: Map<string, ReadKey>): unknown {
  const isUncounted = rdbVersion < 10 || keys.get(truthName(key))?.type === 'stream-listpacks';
  return key.type === 'stream' && isUncounted ? counted(key.value as StreamTruth) : normalTruth(key);
}
