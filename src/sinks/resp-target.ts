import type { TargetFormat } from '../rdb/compat.js';

/** The server that commands are written for; undefined for one that knows them all. */
export type CommandTarget = TargetFormat | undefined;

/** HSET takes several fields (Redis 4.0). */
export function hasHset(target: CommandTarget): boolean {
  return target === undefined || target.rdbVersion >= 8;
}

/** XSETID and XGROUP CREATE take what streams count, and there are functions (Redis 7.0). */
export function hasCounts(target: CommandTarget): boolean {
  return target === undefined || target.rdbVersion >= 10;
}

/** HPEXPIREAT is known (Redis 7.4, Valkey 9.0). */
export function hasFieldExpiry(target: CommandTarget): boolean {
  return target === undefined || target.rdbVersion >= (target.dialect === 'redis' ? 12 : 80);
}

/** Streams are known (Redis 5.0), as is ABSTTL of RESTORE. */
export function hasStreams(target: CommandTarget): boolean {
  return target === undefined || target.rdbVersion >= 9;
}

/** Arrays are known (Redis 8.8). */
export function hasArrays(target: CommandTarget): boolean {
  return target === undefined || (target.dialect === 'redis' && target.rdbVersion >= 14);
}
