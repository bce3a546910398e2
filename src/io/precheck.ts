import { randomFillSync } from 'node:crypto';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { run, type Source, type Stage } from '../pipeline.js';
import { CollisionScan, type Collisions } from '../reports/collisions.js';
import { checkRdb } from './check-rdb.js';
import type { RdbSource } from './rdb-source.js';
import { Spool } from './spool.js';
import { trailerChecksum } from './trailer-checksum.js';

/**
 * Makes sure that a dump is whole before anything is written from it. Where the file's checksum
 * is right that is enough; where it has none, every value is walked, and every line of JSON Lines.
 * The source is read to its end: give one of its own.
 * @throws RdbkitError the first fault, with nothing written yet
 */
export async function precheckRdb(source: RdbSource, signal?: AbortSignal): Promise<void> {
  if (source.verifiesChecksum && (await quickCheck(source.name)) === 'ok') return;
  const check = await checkRdb(source, signal === undefined ? {} : { signal });
  // Lines that are no records are rejected one by one when the file is read for good.
  const fault = check.faults.find(({ line }) => line === undefined);
  if (fault === undefined) return;
  throw new RdbkitError(fault.code, fault.message, {
    subject: source.name,
    offset: fault.offset,
    where: fault.where,
    hint: 'nothing was written; take another backup, or give --no-precheck to write what can be read of this one',
  });
}

/** The verdict of the last eight bytes; `unknown` for what is no plain file. */
async function quickCheck(path: string): Promise<'ok' | 'absent' | 'bad' | 'unknown'> {
  try {
    return await trailerChecksum(path);
  } catch {
    // The check that follows meets the same fault and says it better.
    return 'unknown';
  }
}

/** Reads a source through stages to find the keys that would come more than once. */
export async function findCollisions(
  source: Source,
  stages: readonly Stage[],
  options: { signal?: AbortSignal; limits?: Partial<Limits> } = {},
): Promise<Collisions> {
  const key = randomFillSync(new Int32Array(4));
  const scan = new CollisionScan(key, () => new Spool(), options.limits);
  return run(source, stages, scan, options.signal === undefined ? {} : { signal: options.signal });
}
