import type { SalvagedBase } from './aof-base.js';
import { fileOutput } from './file-output.js';
import { type RdbRepair, repairRdb } from './repair-rdb.js';

/**
 * Makes a dump of what is whole in the damaged base of a log. What the log has behind it goes on
 * where the dump says that it ends, if that can still be read.
 * @throws RdbkitError as `repairRdb`
 */
export async function salvageBase(
  path: string,
  out: string,
  signal?: AbortSignal,
): Promise<SalvagedBase & { readonly report: RdbRepair }> {
  const report = await repairRdb(path, path, () => fileOutput(out), signal === undefined ? {} : { signal });
  const { bytes, hasEnd } = report;
  return { end: hasEnd ? bytes.input - bytes.trailing : undefined, report };
}
