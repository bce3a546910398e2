import { checkAof, checkRdb, type DumpCheck, type Fault, RdbkitError } from '../index.js';
import { logCheckSummary, logCheckText } from './check-log.js';
import { formatBytes, formatCount } from './format.js';
import { isLog, openLog, openSource } from './input.js';
import { print, printJson } from './output.js';
import { Progress } from './progress.js';
import { limitStages, type SelectionOptions, selectionStages, withSelection } from './selection.js';

interface CheckCommandOptions extends SelectionOptions {
  json?: boolean;
  quiet?: boolean;
}

/** `rdbkit check`: every checksum and structure. Exit code 2 when a file has a fault. */
export async function checkCommand(
  names: readonly string[],
  options: CheckCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    if (await isLog(name)) {
      if (!(await checkLog(name, options, signal))) code = 2;
      continue;
    }
    const source = openSource(name);
    const progress = new Progress(source, undefined, options.quiet === true);
    const stages = [...selectionStages(options), ...limitStages(options)];
    const check = await checkRdb(source, {
      through: (read) => withSelection(read, options),
      stages,
      signal,
      onProgress: progress.update,
    }).finally(() => progress.clear());
    if (options.json === true) printJson(check);
    else print(...asText(check));
    if (!check.ok) {
      code = 2;
      process.stderr.write(`rdbkit: ${summary(check)}\n`);
    }
  }
  return code;
}

/** Checks a log whole; false when it has a fault. */
async function checkLog(name: string, options: CheckCommandOptions, signal: AbortSignal): Promise<boolean> {
  if (selectionStages(options).length > 0 || options.limit !== undefined) {
    throw new RdbkitError('USAGE', 'a log is checked whole: its commands build on one another', {
      subject: name,
      hint: 'leave the selection out',
    });
  }
  const checking = checkAof(name === '-' ? openLog(name) : name);
  const progress = new Progress(checking, undefined, options.quiet === true);
  const check = await checking.run({ signal, onProgress: progress.update }).finally(() => progress.clear());
  if (options.json === true) printJson(check);
  else print(...logCheckText(check));
  if (!check.ok) process.stderr.write(`rdbkit: ${logCheckSummary(check)}\n`);
  return check.ok;
}

function asText(check: DumpCheck): string[] {
  const { file, ok, keys, damaged, checksum, faults, warnings, trailingBytes } = check;
  const verdict = ok ? 'ok' : 'DAMAGED';
  const lines = [`${file}: ${verdict}, ${formatCount(keys)} keys read, checksum ${checksum}`];
  if (damaged > 0) lines.push(`  ${formatCount(damaged)} keys have a damaged value`);
  for (const fault of faults) lines.push(`  ${faultText(fault)}`);
  for (const warning of warnings) lines.push(`  note: ${warning}`);
  if (trailingBytes > 0)
    lines.push(`  note: ${formatBytes(trailingBytes)} behind the dump were not looked at`);
  return lines;
}

function faultText({ code, message, where, offset, count }: Fault): string {
  const place = [where === undefined ? '' : `in ${where}`, offset === undefined ? '' : `at byte ${offset}`];
  const more = count > 1 ? ` (and ${formatCount(count - 1)} more of this kind)` : '';
  return `${code}: ${message} (${place.filter((part) => part !== '').join(', ')})${more}`;
}

function summary({ file, faults }: DumpCheck): string {
  const first = faults[0] as Fault;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more kinds of fault` : '';
  return `${file}: ${faultText(first)}${more}; ${nextStep(first)}`;
}

function nextStep({ line, offset }: Fault): string {
  if (line !== undefined) return 'mend the line, or write the file again by rdbkit export';
  return offset === 0 ? 'give a dump as SAVE or BGSAVE write it' : 'restore from another backup';
}
