import type { Redis } from 'ioredis';
import { RdbkitError } from '../errors.js';
import { isErrorReply } from './probe.js';

/** Databases that are asked one by one where INFO is forbidden and none are named. */
const USUAL_DATABASES = 16;

/**
 * Makes sure that a target holds no key.
 * @param dbs the databases concerned; all when left out
 * @throws RdbkitError TARGET_INCOMPATIBLE when there is a key, TARGET_REPLY when it cannot be asked
 */
export async function requireEmpty(client: Redis, label: string, dbs?: Iterable<number>): Promise<void> {
  const counts = await keyCounts(client, dbs);
  const concerned = dbs === undefined ? [...counts.keys()] : [...dbs];
  for (const db of concerned.sort((a, b) => a - b)) {
    const keys = counts.get(db) ?? 0;
    if (keys === 0) continue;
    throw new RdbkitError(
      'TARGET_INCOMPATIBLE',
      `database ${db} is not empty (${keys} ${keys === 1 ? 'key' : 'keys'}), and commands of a log would change what is there`,
      {
        subject: label,
        hint: 'empty it, or give --conflict replace: keys of the base then replace those of the target, and commands apply to all',
      },
    );
  }
}

async function keyCounts(client: Redis, dbs: Iterable<number> | undefined): Promise<Map<number, number>> {
  try {
    const lines = (await client.info('keyspace')).matchAll(/^db(\d+):keys=(\d+)/gm);
    return new Map([...lines].map(([, db, keys]) => [Number(db), Number(keys)]));
  } catch (thrown) {
    if (!isErrorReply(thrown)) throw RdbkitError.from(thrown, 'TARGET_LOST');
  }
  const counts = new Map<number, number>();
  for (const db of dbs ?? Array.from({ length: USUAL_DATABASES }, (_, i) => i)) {
    try {
      await client.select(db);
    } catch (thrown) {
      // What cannot be selected is refused when a command is for it.
      if (!isErrorReply(thrown)) throw RdbkitError.from(thrown, 'TARGET_LOST');
      continue;
    }
    try {
      counts.set(db, await client.dbsize());
    } catch (thrown) {
      throw RdbkitError.from(thrown, isErrorReply(thrown) ? 'TARGET_REPLY' : 'TARGET_LOST');
    }
  }
  return counts;
}
