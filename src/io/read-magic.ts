import type { Magic } from '../rdb/magic.js';
import type { RdbSource } from './rdb-source.js';

/**
 * The header of a dump that can be read twice: reads its beginning and leaves it. The source is
 * used up: give one of its own.
 */
export async function readMagic(source: RdbSource, signal: AbortSignal): Promise<Magic | undefined> {
  for await (const _ of source.read(signal)) break;
  return source.magic;
}
