import { RdbkitError } from '../index.js';
import { reportError } from './output.js';
import { requireOwnFiles } from './own-files.js';
import type { RepairOptions } from './repair-options.js';
import { repairRdbCommand } from './repair-rdb.js';
import { requireReportFolder, writeReport } from './report-file.js';

/** `rdbkit repair`: a new file from what is left of a damaged one. Exit code 1 when anything is lost. */
export async function repairCommand(
  name: string,
  options: RepairOptions,
  signal: AbortSignal,
): Promise<number> {
  const { output, report } = options;
  requireOwnFiles({ '-o': output, '--report': report }, [name]);
  if (report !== undefined) requireReportFolder(report);
  try {
    return await repairRdbCommand(name, options, signal);
  } catch (thrown) {
    const error = RdbkitError.from(thrown);
    if (report !== undefined) {
      writeReport(report, { file: name, error: { code: error.code, message: error.describe() } });
    }
    return reportError(error);
  }
}
