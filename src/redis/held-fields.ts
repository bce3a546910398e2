import type { Redis } from 'ioredis';
import { fieldTimes } from '../aof/held-time.js';
import { RdbkitError } from '../errors.js';

/** Fields that are asked about together, as a hint to the server. */
const PAGE = '500';

/** What became of the fields of a hash. */
export interface FieldRelease {
  released: number;
  expired: number;
  /** The earliest expiry that is held still; Infinity for none. */
  earliestMs: number;
}

/**
 * Gives the fields of a hash whose times are those of held expiries the expiries meant, page by
 * page, where these lie before `dueMs`. A key that is gone, or no hash, has none.
 * @throws RdbkitError TARGET_REPLY
 */
export async function releaseFields(client: Redis, key: Buffer, dueMs: number): Promise<FieldRelease> {
  const release: FieldRelease = { released: 0, expired: 0, earliestMs: Number.POSITIVE_INFINITY };
  let cursor = '0';
  do {
    const page = await pageOf(client, key, cursor);
    if (page === undefined) return release;
    cursor = page.cursor;
    if (page.fields.length > 0) await releasePage(client, key, page.fields, dueMs, release);
  } while (cursor !== '0');
  return release;
}

async function releasePage(
  client: Redis,
  key: Buffer,
  fields: readonly Buffer[],
  dueMs: number,
  release: FieldRelease,
): Promise<void> {
  const times = (await ask(client, 'HPEXPIRETIME', key, 'FIELDS', String(fields.length), ...fields)) as
    | readonly number[]
    | null;
  const byExpiry = new Map<number, Buffer[]>();
  for (const [i, field] of fields.entries()) {
    const time = times?.[i] ?? -1;
    if (!fieldTimes.isHeld(time)) continue;
    const atMs = fieldTimes.release(time);
    if (atMs >= dueMs) release.earliestMs = Math.min(release.earliestMs, atMs);
    else byExpiry.set(atMs, [...(byExpiry.get(atMs) ?? []), field]);
  }
  for (const [atMs, due] of byExpiry) {
    const codes = (await ask(
      client,
      'HPEXPIREAT',
      key,
      String(atMs),
      'FIELDS',
      String(due.length),
      ...due,
    )) as readonly number[];
    for (const code of codes) {
      if (code === SET) release.released++;
      else if (code === DELETED) release.expired++;
    }
  }
}

/** What HPEXPIREAT says of a field. */
const SET = 1;
const DELETED = 2;

async function pageOf(
  client: Redis,
  key: Buffer,
  cursor: string,
): Promise<{ readonly cursor: string; readonly fields: Buffer[] } | undefined> {
  try {
    const reply = await client.callBuffer('HSCAN', key, cursor, 'COUNT', PAGE, 'NOVALUES');
    const [next, fields] = reply as [Buffer, Buffer[]];
    return { cursor: next.toString('latin1'), fields };
  } catch (thrown) {
    if (/^WRONGTYPE/.test((thrown as Error).message)) return undefined;
    throw refused('HSCAN', thrown);
  }
}

async function ask(client: Redis, command: string, ...args: (string | Buffer)[]): Promise<unknown> {
  try {
    return await client.call(command, ...args);
  } catch (thrown) {
    throw refused(command, thrown);
  }
}

function refused(command: string, thrown: unknown): RdbkitError {
  return new RdbkitError('TARGET_REPLY', `${command} failed: ${(thrown as Error).message}`, {
    cause: thrown,
  });
}
