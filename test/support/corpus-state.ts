import type { DecodedValue, StreamValue } from '../../src/rdb/values/value.js';
import { corpusBytes } from './corpus.js';
import { type ReadKey, type ReadOptions, readAll } from './read.js';
import { isAtLeast, type Server } from './servers.js';
import { base64, truthName } from './truth.js';

// What becomes of a dump of the corpus in a server: what it needs to know of the dump itself.

/** Since when servers read the forms of values that not all of those tested know. */
const SINCE: Readonly<Record<string, { readonly redis?: string; readonly valkey?: string }>> = {
  'set-listpack': { redis: '7.2', valkey: '7.2' },
  'stream-listpacks-3': { redis: '7.2', valkey: '7.2' },
  'hash-metadata': { redis: '7.4' },
  'hash-listpack-ex': { redis: '7.4' },
  'hash-hashtable-2': { valkey: '9.0' },
  'stream-listpacks-4': { redis: '8.6' },
  'stream-listpacks-5': { redis: '8.8' },
  array: { redis: '8.8' },
};

/** Whether a server reads a type, by its name; of modules it is not known. */
export function readsType({ family, version }: Server, type: string): boolean {
  const since = SINCE[type];
  if (since === undefined) return true;
  const least = since[family];
  return least !== undefined && isAtLeast(version, least);
}

/**
 * Whether a server can hold a value without any loss, in whatever encoding; of modules it is not
 * known. What it cannot hold is what came later: arrays, expiries of fields, parts of streams.
 */
export function canHold({ family, version, hasFieldExpiry }: Server, value: DecodedValue): boolean {
  const isSince = (redis: string, valkey?: string) =>
    family === 'redis' ? isAtLeast(version, redis) : valkey !== undefined && isAtLeast(version, valkey);
  switch (value.type) {
    case 'array':
      return isSince('8.8');
    case 'hash':
      return hasFieldExpiry || value.fields.every(({ expireAtMs }) => expireAtMs === undefined);
    case 'stream':
      return (
        (isSince('7.2', '7.2') || !tellsActiveTimes(value)) &&
        (isSince('8.6') || (value.idempotence?.producers ?? []).length === 0) &&
        (isSince('8.8') ||
          value.groups.every(({ pending }) => pending.every(({ consumer }) => consumer !== undefined)))
      );
    default:
      return true;
  }
}

function tellsActiveTimes({ groups }: StreamValue): boolean {
  return groups.some(({ consumers }) =>
    consumers.some(({ seenAtMs, activeAtMs }) => activeAtMs !== undefined && activeAtMs !== seenAtMs),
  );
}

/** The keys of the dump by the names that the truth has for them, see `truthName`. */
export function corpusKeys(name: string, options: ReadOptions = {}): Map<string, ReadKey> {
  const keys = readAll(corpusBytes(name), options).records.filter(
    (record): record is ReadKey => record.kind === 'key',
  );
  return new Map(
    keys.map((key) => [truthName({ db: key.db, key: base64(Buffer.from(key.key, 'hex')) }), key]),
  );
}

/** The code of the function libraries in the dump, by name. */
export function corpusLibraries(name: string): Record<string, string> {
  const libraries = readAll(corpusBytes(name)).records.filter(({ kind }) => kind === 'function');
  return Object.fromEntries(
    libraries.map((library) => {
      const code = Buffer.from((library as unknown as { code: string }).code, 'hex').toString();
      return [/name=(\S+)/.exec(code)?.[1], code];
    }),
  );
}
