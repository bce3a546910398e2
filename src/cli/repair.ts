import { RdbkitError } from '../index.js';
import { isLog } from './input.js';
import { reportError } from './output.js';
import { requireOwnFiles } from './own-files.js';
import { repairAofCommand } from './repair-aof.js';
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
  if (output === '-') {
    throw new RdbkitError('USAGE', 'a repair is written to a file, in which it can be changed', {
      hint: 'name a file with -o',
    });
  }
  requireOwnFiles({ '-o': output, '--report': report }, [name]);
  if (report !== undefined) requireReportFolder(report);
  try {
    const isOfLog = await isLog(name);
    requireUse(options, isOfLog);
    return await (isOfLog ? repairAofCommand : repairRdbCommand)(name, options, signal);
  } catch (thrown) {
    const error = RdbkitError.from(thrown);
    if (report !== undefined) {
      writeReport(report, { file: name, error: { code: error.code, message: error.describe() } });
    }
    return reportError(error);
  }
}

/** Options that are for dumps, and those that are for logs. */
const DUMPS = { overwrite: '--overwrite', partial: '--partial', rdbVersion: '--rdb-version' } as const;
const LOGS = { until: '--until', without: '--without' } as const;

/** @throws RdbkitError USAGE for an option that the source has no use for */
function requireUse(options: RepairOptions, isOfLog: boolean): void {
  const flags: Readonly<Partial<Record<keyof RepairOptions, string>>> = isOfLog ? DUMPS : LOGS;
  const [, flag] =
    Object.entries(flags).find(([name]) => options[name as keyof RepairOptions] !== undefined) ?? [];
  if (flag === undefined) return;
  throw new RdbkitError(
    'USAGE',
    `${flag} is for ${isOfLog ? 'dumps, and this is a log' : 'logs, and this is a dump'}`,
    {
      hint: isOfLog && flag === '--overwrite' ? 'name a place where nothing is yet' : 'leave it out',
    },
  );
}
