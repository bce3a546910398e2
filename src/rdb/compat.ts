import type { KeyHead } from '../record.js';
import type { ValueType } from './types.js';
import { valueTypeOf } from './values/decode.js';

/** What the RESTORE of a server understands. */
export interface TargetFormat {
  readonly dialect: 'redis' | 'valkey';
  /** Highest RDB version that its payloads may claim. */
  readonly rdbVersion: number;
  /** Which width of long listpack back lengths it reads, see `isWidthChanged`. */
  readonly backlen: 'old' | 'new';
}

/** How a value can go to a server: as it is, as a plain hash, or not at all. */
export type Passage = 'as-is' | 'plain-hash' | { readonly refused: string };

/** Servers by the RDB version they write, newest first. */
const SERVERS: Readonly<
  Record<'redis' | 'valkey', readonly (readonly [rdbVersion: number, server: string])[]>
> = {
  redis: [
    [15, 'Redis 8.10'],
    [14, 'Redis 8.8'],
    [13, 'Redis 8.6'],
    [12, 'Redis 7.4'],
    [11, 'Redis 7.2'],
    [10, 'Redis 7.0'],
    [9, 'Redis 5.0'],
    [8, 'Redis 4.0'],
    [7, 'Redis 3.2'],
    [6, 'Redis 2.6'],
  ],
  valkey: [
    [81, 'Valkey 9.2'],
    [80, 'Valkey 9.0'],
    [11, 'Valkey 7.2'],
  ],
};

/** RDB version of a Redis that can take key metadata. */
const KEY_METADATA = 13;

/** Whether and how the value of a key can be restored on a server of that format. */
export function passageOf(head: KeyHead, target: TargetFormat): Passage {
  const type = valueTypeOf(head.type);
  if (head.metadata !== undefined && !takesMetadata(target)) return { refused: METADATA_REFUSED };
  if (isKnown(type, target) && !type.fileOnly) return 'as-is';
  if (type.encoding.startsWith('template-')) return 'plain-hash';
  return { refused: typeRefused(type) };
}

/** Why a key with module metadata is refused. */
export const METADATA_REFUSED = 'the key carries module metadata, which only Redis 8.6 and newer take';

/** Whether keys may carry module metadata. */
export function takesMetadata({ dialect, rdbVersion }: TargetFormat): boolean {
  return dialect === 'redis' && rdbVersion >= KEY_METADATA;
}

/** Why values of a type are refused where it is not known. */
export function typeRefused(type: ValueType): string {
  return `${type.name} (type ${type.code}) needs ${needed(type)}`;
}

function isKnown(type: ValueType, { dialect, rdbVersion }: TargetFormat): boolean {
  const since = type[dialect];
  return since !== undefined && since <= rdbVersion;
}

function needed(type: ValueType): string {
  const names = (['redis', 'valkey'] as const).flatMap((dialect) => {
    const since = type[dialect];
    if (since === undefined) return [];
    const server = SERVERS[dialect].findLast(([version]) => version >= since);
    return server === undefined ? [] : [`${server[1]} or newer`];
  });
  return names.length === 0
    ? `a server of the kind that wrote it (${type.only ?? 'unknown'})`
    : names.join(', or ');
}

/** The RDB version of a server that tells its own version, for those that cannot be asked better. */
export function formatOfServer(dialect: 'redis' | 'valkey', version: string): TargetFormat {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const known = SERVERS[dialect].find(([, server]) => {
    const [since = 0, sinceMinor = 0] = (server.split(' ')[1] as string).split('.').map(Number);
    return major > since || (major === since && minor >= sinceMinor);
  });
  return { dialect, rdbVersion: known?.[0] ?? 6, backlen: backlenOf(dialect, major, minor) };
}

/** The width of back lengths changed in Redis 8.8 and Valkey 9.1. */
export function backlenOf(dialect: 'redis' | 'valkey', major: number, minor: number): 'old' | 'new' {
  const [since, sinceMinor] = dialect === 'redis' ? [8, 8] : [9, 1];
  return major > since || (major === since && minor >= sinceMinor) ? 'new' : 'old';
}
