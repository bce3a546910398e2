import type { Redis } from 'ioredis';
import { HeldPart, keyTimes } from '../aof/held-time.js';
import { latin1Text } from '../bytes/ascii.js';
import { RdbkitError } from '../errors.js';
import { HeldBatch } from './held-batch.js';
import { releaseFields } from './held-fields.js';
import { HeldKeys } from './held-keys.js';
import { isErrorReply } from './probe.js';
import type { ReleaseConnections } from './release-connections.js';

/** Keys that a server looks at for one answer, as a hint to it. */
const PAGE = '1000';

/** Hashes that are asked about together. */
const HASHES = 100;

/** Told of a key with held expiries: which parts of it, and when the first of them is to expire. */
export type OnHeld = (parts: number, db: number, key: Uint8Array, atMs: number) => void;

/**
 * Looks through all keys of a target for expiries that are held, and changes none. Fields of hashes
 * are looked at only where INFO says that the database has some that expire.
 * @throws RdbkitError TARGET_REPLY when the user may not ask; TARGET_LOST, ABORTED
 */
export async function findHeld(connections: ReleaseConnections, onHeld: OnHeld): Promise<void> {
  const first = (await connections.controlIn(0)) as Redis;
  const lines = await asked('INFO', first.info('keyspace'));
  const keys = new HeldKeys(connections);
  for (const [, number, facts] of lines.matchAll(/^db(\d+):(.*)$/gm)) {
    const db = Number(number);
    const client = await connections.controlIn(db);
    if (client === undefined) continue;
    if (/\bexpires=[1-9]/.test(facts as string)) await searchKeys(client, db, keys, onHeld);
    // What Redis calls it, and Valkey.
    if (/\b(?:subexpiry|keys_with_volatile_items)=[1-9]/.test(facts as string)) {
      await searchHashes(client, db, onHeld);
    }
  }
}

async function searchKeys(client: Redis, db: number, keys: HeldKeys, onHeld: OnHeld): Promise<void> {
  const batch = new HeldBatch();
  const settle = async () => {
    await keys.ask(batch);
    for (let i = 0; i < batch.count; i++) {
      const time = batch.times[i] as number;
      if (keyTimes.isHeld(time)) onHeld(HeldPart.key, db, batch.key(i), keyTimes.release(time));
    }
    batch.clear();
  };
  for await (const page of pages(client, [])) {
    for (const key of page) {
      if (batch.isFull) await settle();
      batch.add(HeldPart.key, db, key, 0, key.length);
    }
  }
  await settle();
}

async function searchHashes(client: Redis, db: number, onHeld: OnHeld): Promise<void> {
  for await (const page of pages(client, ['TYPE', 'hash'])) {
    for (let at = 0; at < page.length; at += HASHES) {
      const hashes = page.slice(at, at + HASHES);
      // Due before all times, nothing is released.
      const found = await Promise.all(
        hashes.map((key) => releaseFields(client, key, Number.NEGATIVE_INFINITY)),
      );
      for (const [i, { earliestMs }] of found.entries()) {
        if (earliestMs < Number.POSITIVE_INFINITY) {
          onHeld(HeldPart.fields, db, hashes[i] as Buffer, earliestMs);
        }
      }
    }
  }
}

async function* pages(client: Redis, options: readonly string[]): AsyncGenerator<Buffer[]> {
  let cursor = '0';
  do {
    const reply = await asked('SCAN', client.callBuffer('SCAN', cursor, 'COUNT', PAGE, ...options));
    const [next, keys] = reply as [Buffer, Buffer[]];
    cursor = latin1Text(next);
    yield keys;
  } while (cursor !== '0');
}

async function asked<T>(command: string, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (thrown) {
    if (!isErrorReply(thrown)) throw RdbkitError.from(thrown, 'TARGET_LOST');
    throw new RdbkitError(
      'TARGET_REPLY',
      `expiries that a run before has held back cannot be looked for: ${(thrown as Error).message}`,
      { hint: `grant the user ${command}, or use another user` },
    );
  }
}
