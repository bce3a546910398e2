import type { Redis } from 'ioredis';
import type { RunningServer } from './servers.js';
import { base64, byBytes, inTruthOrder, type Truth } from './truth.js';

// Reads back by ordinary commands what a server holds, in the form of the corpus' truth.

/** Bytes behind the value in a DUMP payload, which differ from server to server. */
const FOOTER_BYTES = 10;

const CHUNK = 1000;

/** Every key of every database, in the order of databases and keys. */
export async function readKeys(server: RunningServer): Promise<Truth[]> {
  const client = server.connect();
  try {
    const found: Truth[] = [];
    for (const db of await databases(client)) {
      await client.select(db);
      const keys = await client.keysBuffer('*');
      for (let at = 0; at < keys.length; at += CHUNK) {
        const read = await Promise.all(
          keys.slice(at, at + CHUNK).map((key) => readKey(client, server, db, key)),
        );
        found.push(...read.filter((truth) => truth !== undefined));
      }
    }
    return found.sort(inTruthOrder);
  } finally {
    client.disconnect();
  }
}

/** Every key as `database/key`, with its value as text; for tests whose bytes are ASCII. */
export async function readPlain(server: RunningServer): Promise<Record<string, unknown>> {
  const keys = await readKeys(server);
  return Object.fromEntries(
    keys.map(({ db, key, type, value }) => [
      `${db}/${textOf(key)}`,
      type === 'stream' || typeof value !== 'string' ? plainOf(value) : textOf(value),
    ]),
  );
}

/** Lists of base64 strings, however deep, as text; numbers and objects as they are. */
function plainOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((part: unknown) => (typeof part === 'string' ? textOf(part) : plainOf(part)));
}

function textOf(base64Text: string): string {
  return Buffer.from(base64Text, 'base64').toString('latin1');
}

/** One key; undefined when the server does not have it. */
export async function readOne(
  server: RunningServer,
  db: number,
  key: string | Buffer,
): Promise<Truth | undefined> {
  const client = server.connect({ db });
  try {
    return await readKey(client, server, db, Buffer.from(key));
  } finally {
    client.disconnect();
  }
}

/** Numbers of the databases that hold keys, ascending. */
async function databases(client: Redis): Promise<number[]> {
  const info = await client.info('keyspace');
  return [...info.matchAll(/^db(\d+):/gm)].map(([, db]) => Number(db)).sort((a, b) => a - b);
}

async function readKey(
  client: Redis,
  { server }: RunningServer,
  db: number,
  key: Buffer,
): Promise<Truth | undefined> {
  const type = String(await client.call('TYPE', key));
  if (type === 'none') return undefined;
  const expireAt = Number(await client.call('PEXPIRETIME', key));
  const value = await readValue(client, key, type, server.hasFieldExpiry);
  return { db, key: base64(key), type, expireAt: expireAt < 0 ? null : expireAt, value };
}

async function readValue(
  client: Redis,
  key: Buffer,
  type: string,
  hasFieldExpiry: boolean,
): Promise<unknown> {
  switch (type) {
    case 'string':
      return base64((await client.getBuffer(key)) as Buffer);
    case 'list':
      return (await client.lrangeBuffer(key, 0, -1)).map(base64);
    case 'set':
      return (await client.smembersBuffer(key)).map(base64).sort(byBytes);
    case 'zset':
      return pairs((await client.callBuffer('ZRANGE', key, '0', '-1', 'WITHSCORES')) as Buffer[])
        .map(([member, score]): [string, string] => [base64(member), score.toString()])
        .sort(([a], [b]) => byBytes(a, b));
    case 'hash':
      return readHash(client, key, hasFieldExpiry);
    case 'stream':
      return readStream(client, key);
    default: {
      const payload = (await client.dumpBuffer(key)) as Buffer;
      return { dump: base64(payload.subarray(0, -FOOTER_BYTES)) };
    }
  }
}

async function readHash(client: Redis, key: Buffer, hasFieldExpiry: boolean): Promise<unknown> {
  const fields = pairs((await client.callBuffer('HGETALL', key)) as Buffer[]);
  const expiries =
    hasFieldExpiry && fields.length > 0
      ? ((await client.call(
          'HPEXPIRETIME',
          key,
          'FIELDS',
          String(fields.length),
          ...fields.map(([field]) => field),
        )) as number[])
      : [];
  return fields
    .map(([field, value], i): [string, ...unknown[]] => {
      const expireAt = expiries[i] ?? -1;
      return expireAt < 0 ? [base64(field), base64(value)] : [base64(field), base64(value), expireAt];
    })
    .sort(([a], [b]) => byBytes(a, b));
}

async function readStream(client: Redis, key: Buffer): Promise<unknown> {
  const info = named((await client.callBuffer('XINFO', 'STREAM', key)) as unknown[]);
  const entries = (await client.xrangeBuffer(key, '-', '+')) as [Buffer, Buffer[]][];
  const groups = (await client.callBuffer('XINFO', 'GROUPS', key)) as unknown[][];
  return {
    entries: entries.map(([id, fields]) => [id.toString(), fields.map(base64)]),
    length: info['length'],
    lastId: String(info['last-generated-id']),
    maxDeletedId: String(info['max-deleted-entry-id']),
    entriesAdded: info['entries-added'],
    groups: await Promise.all(groups.map((group) => readGroup(client, key, named(group)))),
  };
}

async function readGroup(client: Redis, key: Buffer, info: Record<string, unknown>): Promise<unknown> {
  const name = info['name'] as Buffer;
  const size = String(Math.max(1, Number(info['pending'])));
  const pending = (await client.callBuffer('XPENDING', key, name, '-', '+', size)) as [
    Buffer,
    Buffer,
    number,
    number,
  ][];
  const consumers = (await client.callBuffer('XINFO', 'CONSUMERS', key, name)) as unknown[][];
  return {
    name: base64(name),
    lastId: String(info['last-delivered-id']),
    entriesRead: info['entries-read'],
    pending: pending.map(([id, consumer, , deliveries]) => [id.toString(), base64(consumer), deliveries]),
    consumers: consumers.map((consumer) => base64(named(consumer)['name'] as Buffer)).sort(byBytes),
  };
}

/** When the pending entries of a stream were delivered, and when its consumers were seen and active. */
export async function readStreamTimes(client: Redis, key: string): Promise<unknown> {
  const info = named((await client.callBuffer('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')) as unknown[]);
  return (info['groups'] as unknown[][]).map((fields) => {
    const group = named(fields);
    return {
      name: String(group['name']),
      pending: (group['pending'] as [Buffer, Buffer, number, number][]).map(([id, , at]) => [
        id.toString(),
        at,
      ]),
      consumers: (group['consumers'] as unknown[][]).map(named).map((consumer) => ({
        name: String(consumer['name']),
        seenAt: consumer['seen-time'],
        activeAt: consumer['active-time'],
      })),
    };
  });
}

/** Function libraries, by name. */
export async function readFunctions(server: RunningServer): Promise<Record<string, string>> {
  const libraries = (await server.client.call('FUNCTION', 'LIST', 'WITHCODE')) as unknown[][];
  return Object.fromEntries(
    libraries.map(named).map((library) => [String(library['library_name']), String(library['library_code'])]),
  );
}

/** A reply of names and values in turn, as an object. */
function named(fields: readonly unknown[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (let i = 0; i < fields.length; i += 2) values[String(fields[i])] = fields[i + 1];
  return values;
}

function pairs(flat: readonly Buffer[]): [Buffer, Buffer][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i] as Buffer,
    flat[2 * i + 1] as Buffer,
  ]);
}
