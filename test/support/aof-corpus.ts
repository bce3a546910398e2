import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { counted, type StreamTruth } from './stream-truth.js';
import { normalTruth, type Truth } from './truth.js';

// The append-only files of the corpus, and what their servers held after the last command.

const FOLDER = fileURLToPath(new URL('../../fixtures/corpus', import.meta.url));

const SINGLE = 'appendonly.aof';
const MULTI = 'appendonlydir';

/**
 * Puts the append-only file or folder of a server of the corpus into a folder, unpacked.
 * @returns its path: `appendonly.aof`, or `appendonlydir` with a manifest
 */
export function unpackAof(name: string, into: string): string {
  const single = join(FOLDER, name, `${SINGLE}.gz`);
  if (existsSync(single)) {
    const path = join(into, SINGLE);
    writeFileSync(path, gunzipSync(readFileSync(single)));
    return path;
  }
  const path = join(into, MULTI);
  mkdirSync(path);
  for (const file of readdirSync(join(FOLDER, name, MULTI))) {
    const bytes = readFileSync(join(FOLDER, name, MULTI, file));
    writeFileSync(join(path, file.replace(/\.gz$/, '')), file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  }
  return path;
}

/** What the server held after its last command. An `expireAt` of `"unknown"` was not read. */
export type AofTruth = Omit<Truth, 'expireAt'> & { readonly expireAt: number | 'unknown' | null };

export function aofTruth(name: string): AofTruth[] {
  const text = gunzipSync(readFileSync(join(FOLDER, name, 'truth-aof.jsonl.gz'))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AofTruth);
}

/** A key as it can be compared with another: an expiry that was not read is not looked at. */
export function comparable(key: Truth | AofTruth, truth: AofTruth): unknown {
  const { db, key: name, type, expireAt } = key;
  return {
    db,
    key: name,
    type,
    expireAt: truth.expireAt === 'unknown' ? 'unknown' : expireAt,
    value: contentOf(key),
  };
}

function contentOf(key: Truth | AofTruth): unknown {
  switch (key.type) {
    case 'stream':
      return stream(key.value as StreamTruth);
    case 'zset':
      // What ZADD makes of -0 has the sign in servers up to 4.0, and not in those that are tried here.
      return (normalTruth(key) as [string, string][]).map(([member, score]) => [
        member,
        score === '-0' ? '0' : score,
      ]);
    default:
      return normalTruth(key);
  }
}

/** Streams from before 7.0 do not say what later servers count. */
function stream(value: StreamTruth): unknown {
  const { entriesAdded } = value as { readonly entriesAdded?: number | null };
  return typeof entriesAdded === 'number' ? value : counted(value);
}
