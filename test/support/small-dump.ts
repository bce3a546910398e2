import { string } from './bytes.js';
import { RdbBuilder } from './rdb-builder.js';

export interface SmallDump {
  /** Marked as the base of a log. */
  readonly isBase?: boolean;
  /** Unix seconds at which its header says that it was taken. */
  readonly ctime?: number;
  readonly replOffset?: number;
}

/** A dump of strings in database 0, each key its own value. */
export function rdb(
  keys: readonly string[],
  { isBase = false, ctime, replOffset }: SmallDump = {},
): Uint8Array {
  const builder = new RdbBuilder().aux('redis-ver', '7.2.0');
  if (ctime !== undefined) builder.aux('ctime', String(ctime));
  if (replOffset !== undefined) builder.aux('repl-id', '0'.repeat(40)).aux('repl-offset', String(replOffset));
  builder.aux('aof-base', isBase ? '1' : '0');
  if (keys.length > 0) builder.selectDb(0).resizeDb(keys.length, 0);
  for (const key of keys) builder.key(0, key, string(key));
  return builder.build();
}
