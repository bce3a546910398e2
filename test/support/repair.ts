import { readFileSync } from 'node:fs';
import { fileOutput } from '../../src/io/file-output.js';
import { type RdbRepair, type RepairRdbOptions, repairRdb } from '../../src/io/repair-rdb.js';
import type { Scratch } from './scratch.js';

export interface Repaired {
  readonly report: RdbRepair;
  readonly bytes: Uint8Array;
  readonly path: string;
}

/** Repairs a dump in memory by way of files. */
export async function repaired(
  scratch: Scratch,
  dump: Uint8Array,
  options: RepairRdbOptions = {},
): Promise<Repaired> {
  const source = scratch.file('damaged.rdb', dump);
  const path = scratch.path('repaired.rdb');
  const report = await repairRdb(source, source, () => fileOutput(path, { overwrite: true }), options);
  return { report, bytes: new Uint8Array(readFileSync(path)), path };
}

/** What does not add up in a report; empty when it balances. */
export function repairImbalances({ bytes, keys, lost, lostRanges }: RdbRepair): string[] {
  const faults: string[] = [];
  const sum = bytes.kept + bytes.lost + bytes.frame + bytes.trailing;
  if (sum !== bytes.input) faults.push(`bytes: ${sum} is not ${bytes.input}`);
  if (keys.read !== keys.written + keys.refused) faults.push('keys');
  const lostSum = lost.reduce((total, { from, to }) => total + to - from, 0);
  if (lost.length === lostRanges && lostSum !== bytes.lost)
    faults.push(`lost: ${lostSum} is not ${bytes.lost}`);
  return faults;
}
