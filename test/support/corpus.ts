import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Truth } from './truth.js';

// The corpus: dumps of real servers and what those servers held, see fixtures/corpus.

const FOLDER = fileURLToPath(new URL('../../fixtures/corpus', import.meta.url));

/** A server of the corpus. */
export interface CorpusServer {
  /** `r72` for Redis 7.2, `v91` for Valkey 9.1, … */
  readonly name: string;
  readonly family: 'redis' | 'valkey';
  readonly version: string;
  /** `Redis 7.2.6 (r72)`, for the names of tests. */
  readonly label: string;
  readonly keys: number;
}

/** `dump.rdb` as any server writes it; `dump-lfu-uncompressed` with access counters and without LZF; `dump-lru` with idle times. */
export type CorpusDump = 'dump' | 'dump-lfu-uncompressed' | 'dump-lru';

const FILES: Readonly<Record<CorpusDump, string>> = {
  dump: 'dump.rdb',
  'dump-lfu-uncompressed': 'dump-lfu-uncompressed.rdb.gz',
  'dump-lru': 'dump-lru.rdb.gz',
};

export const corpus: readonly CorpusServer[] = readdirSync(FOLDER)
  .sort()
  .map((name) => {
    const { server, version, keys } = JSON.parse(readFileSync(join(FOLDER, name, 'server.json'), 'utf8'));
    // What is built between two releases calls itself 255.255.255.
    const shown = version === '255.255.255' ? 'unstable' : version;
    const label = `${server === 'valkey' ? 'Valkey' : 'Redis'} ${shown} (${name})`;
    return { name, family: server, version, label, keys };
  });

/** Path of a dump; undefined when the corpus does not have it. */
export function corpusFile(name: string, dump: CorpusDump = 'dump'): string | undefined {
  const path = join(FOLDER, name, FILES[dump]);
  return existsSync(path) ? path : undefined;
}

/** The bytes of a dump, decompressed. */
export function corpusBytes(name: string, dump: CorpusDump = 'dump'): Uint8Array {
  const bytes = readFileSync(join(FOLDER, name, FILES[dump]));
  return new Uint8Array(FILES[dump].endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

/** What the server held. */
export function corpusTruth(name: string): Truth[] {
  const text = gunzipSync(readFileSync(join(FOLDER, name, 'truth.jsonl.gz'))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Truth);
}
