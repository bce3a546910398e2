import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { RdbkitError } from '../errors.js';
import { backlenOf, formatOfServer, type TargetFormat } from '../rdb/compat.js';
import { dumpPayload } from '../rdb/payload.js';
import type { Address } from './address.js';
import { connectError } from './connection.js';

/** What was found out about a server before the first write. */
export interface Target {
  readonly label: string;
  readonly server: 'Redis' | 'Valkey';
  readonly version: string;
  readonly format: TargetFormat;
  /** RESTORE knows REPLACE (3.0). */
  readonly replace: boolean;
  /** RESTORE knows ABSTTL, IDLETIME and FREQ (5.0). */
  readonly absoluteTtl: boolean;
  /** Hash fields can expire, by HPEXPIREAT. */
  readonly fieldExpiry: boolean;
  /** HSET takes several fields (4.0), else HMSET. */
  readonly multiHset: boolean;
  /** Longest argument it takes, bytes. */
  readonly maxBulkBytes: number;
  /** Bytes it may use, 0 for no limit; uses now; and what it does when they are used up. */
  readonly maxMemory: number;
  readonly usedMemory: number;
  readonly evictionPolicy: string;
  /** Tells this process of the server from those before and after it, where INFO can be read. */
  readonly runId: string | undefined;
  /** What could not be read, and what is assumed instead. */
  readonly notes: string[];
}

const DEFAULT_BULK = 512 * 1024 * 1024;

/** Versions to try, newest first. */
const VERSIONS = [81, 80, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6];

/** A type byte that no server knows: a payload of it is refused after its version was accepted. */
const NO_TYPE = 0x7f;

/**
 * Asks a server what it takes. Nothing is written: RESTORE is tried with payloads that no server
 * accepts, and the error tells how far they came.
 * @throws RdbkitError TARGET_INCOMPATIBLE or TARGET_REPLY for a server that cannot be imported
 *   into: a replica, a cluster node, one that is out of memory or does not permit RESTORE
 */
export async function probeTarget(client: Redis, address: Address): Promise<Target> {
  const notes: string[] = [];
  const info = await readInfo(client, address, notes);
  refuseUnfit(info, address);
  const isValkey = info.has('valkey_version') || info.get('server_name') === 'valkey';
  const version = info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown';
  const accepted = await acceptedVersions(client, address);
  const options = await restoreOptions(client);
  const format = chooseFormat(isValkey, version, accepted);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return {
    label: address.label,
    server: isValkey ? 'Valkey' : 'Redis',
    version,
    format,
    ...options,
    fieldExpiry: isValkey ? major >= 9 : major > 7 || (major === 7 && minor >= 4),
    multiHset: options.absoluteTtl || major >= 4,
    maxBulkBytes: await maxBulkBytes(client, notes),
    maxMemory: Number(info.get('maxmemory') ?? 0),
    usedMemory: Number(info.get('used_memory') ?? 0),
    evictionPolicy: info.get('maxmemory_policy') ?? 'unknown',
    runId: info.get('run_id'),
    notes,
  };
}

async function readInfo(client: Redis, address: Address, notes: string[]): Promise<Map<string, string>> {
  try {
    const lines = (await client.info()).split(/\r?\n/);
    return new Map(
      lines.flatMap((line) => {
        const colon = line.indexOf(':');
        return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
      }),
    );
  } catch (thrown) {
    if (!isErrorReply(thrown)) throw connectError(thrown, address);
    notes.push(`INFO cannot be read (${messageOf(thrown)}): its version is judged by what RESTORE accepts`);
    return new Map();
  }
}

/** Refuses servers that every write would fail on, or that need more than one connection. */
function refuseUnfit(info: Map<string, string>, { label }: Address): void {
  if (info.get('redis_mode') === 'sentinel') {
    throw unfit(label, 'it is a sentinel, which holds no keys', 'name the server that it watches');
  }
  if (info.get('cluster_enabled') === '1') {
    throw unfit(label, 'it is a node of a cluster', 'this version writes to single servers only');
  }
  if (info.get('role') === 'slave' && info.get('slave_read_only') !== '0') {
    const master = `${info.get('master_host')}:${info.get('master_port')}`;
    throw unfit(label, `it is a read-only replica of ${master}`, 'import into its master');
  }
  const maxClients = Number(info.get('maxclients') ?? Number.POSITIVE_INFINITY);
  if (Number(info.get('connected_clients') ?? 0) >= maxClients) {
    throw unfit(label, 'it has no connection left', 'close some, or raise maxclients');
  }
  if (info.get('loading') === '1') {
    throw unfit(label, 'it is still loading its data', 'wait until it has started');
  }
}

/** The RDB versions whose payloads pass the server's check. */
async function acceptedVersions(client: Redis, address: Address): Promise<number[]> {
  const key = `rdbkit:probe:${randomBytes(8).toString('hex')}`;
  const replies = await Promise.all(
    VERSIONS.map((version) => tryRestore(client, key, dumpPayload(NO_TYPE, new Uint8Array(0), version))),
  );
  const fatal = replies.find((reply) => FATAL.some(([pattern]) => pattern.test(reply)));
  if (fatal !== undefined) throw writeRefused(fatal, address.label);
  return VERSIONS.filter((_, i) => /bad data format|unsupported foreign/i.test(replies[i] as string));
}

async function restoreOptions(client: Redis): Promise<{ replace: boolean; absoluteTtl: boolean }> {
  const key = `rdbkit:probe:${randomBytes(8).toString('hex')}`;
  const knows = async (...options: string[]) =>
    /payload version/i.test(await tryRestore(client, key, new Uint8Array(1), ...options));
  return { replace: await knows('REPLACE'), absoluteTtl: await knows('REPLACE', 'ABSTTL', 'IDLETIME', '1') };
}

async function tryRestore(
  client: Redis,
  key: string,
  payload: Uint8Array,
  ...options: string[]
): Promise<string> {
  try {
    return String(await client.call('RESTORE', key, '0', Buffer.from(payload), ...options));
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function chooseFormat(isValkey: boolean, version: string, accepted: readonly number[]): TargetFormat {
  // A user who may write some keys only is refused before the version is looked at.
  if (accepted.length === 0) return formatOfServer(isValkey ? 'valkey' : 'redis', version);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const valkeyVersion = accepted.find((candidate) => candidate >= 80);
  if (isValkey || (valkeyVersion !== undefined && version === 'unknown')) {
    const common = accepted.find((candidate) => candidate <= 11) ?? 11;
    return {
      dialect: 'valkey',
      rdbVersion: valkeyVersion ?? common,
      backlen: backlenOf('valkey', major, minor),
    };
  }
  const rdbVersion = accepted.find((candidate) => candidate < 80);
  if (rdbVersion === undefined) return formatOfServer('redis', version);
  return { dialect: 'redis', rdbVersion, backlen: rdbVersion >= 14 ? 'new' : 'old' };
}

async function maxBulkBytes(client: Redis, notes: string[]): Promise<number> {
  try {
    const reply = (await client.config('GET', 'proto-max-bulk-len')) as string[];
    const value = Number(reply[1]);
    if (value > 0) return value;
  } catch (thrown) {
    notes.push(`CONFIG cannot be read (${messageOf(thrown)}): proto-max-bulk-len is taken to be 512 MB`);
  }
  return DEFAULT_BULK;
}

/** Replies after which no further write can succeed, and what to do. */
const FATAL: readonly (readonly [RegExp, string, string])[] = [
  [/^OOM/, 'it is out of memory', 'raise maxmemory or free some'],
  [/^READONLY/, 'it is a read-only replica', 'import into its master'],
  [/^LOADING/, 'it is still loading its data', 'wait until it has started'],
  [
    /^MISCONF/,
    'it refuses writes because it cannot save to disk',
    'see its log; stop-writes-on-bgsave-error says when it refuses',
  ],
  [/^NOREPLICAS/, 'it refuses writes because too few replicas are connected', 'see min-replicas-to-write'],
  [/^MASTERDOWN/, 'it is a replica that has lost its master', 'import into the master'],
  [/^NOAUTH/, 'it asks for a password', 'give it in the URL, as RDBKIT_PASSWORD or by --password-file'],
  [
    /^NOPERM.*'?restore'? command|^NOPERM.*no permissions to run/i,
    'the user may not run RESTORE',
    'grant it +restore, or use another user',
  ],
  [
    /^ERR unknown command/i,
    'it does not know RESTORE',
    'check that it is a Redis or Valkey server that permits RESTORE',
  ],
];

/** The error for a reply after which no further write can succeed; undefined for any other reply. */
export function fatalReply(reply: string, label: string): RdbkitError | undefined {
  return FATAL.some(([pattern]) => pattern.test(reply)) ? writeRefused(reply, label) : undefined;
}

function writeRefused(reply: string, label: string): RdbkitError {
  const [, message, hint] = FATAL.find(([pattern]) => pattern.test(reply)) as (typeof FATAL)[number];
  return new RdbkitError('TARGET_REPLY', `${message} (${reply})`, { subject: label, hint });
}

function unfit(label: string, message: string, hint: string): RdbkitError {
  return new RdbkitError('TARGET_INCOMPATIBLE', message, { subject: label, hint });
}

/** Whether ioredis threw an error that the server has answered. */
export function isErrorReply(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'ReplyError';
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
