import { type LogCheck, type LogFault, type PartCheck, timeText } from '../index.js';
import { counted, formatBytes, formatCount, formatTable } from './format.js';

const SHOWN_COMMANDS = 15;
const SHOWN_FAULTS = 20;

/** What a check of a log found, for a person. */
export function logCheckText(check: LogCheck): string[] {
  const { file, keys, damaged, commands, transactions, faults, warnings } = check;
  const read = [keys > 0 ? counted(keys, 'key') : '', counted(commands, 'command')].filter(Boolean);
  const whole = transactions > 0 ? ` (${counted(transactions, 'transaction')})` : '';
  const lines = [`${file}: ${verdict(check)}, ${read.join(' and ')} read${whole}`];
  if (check.firstTime !== undefined && check.lastTime !== undefined) {
    lines.push(`  written from ${timeText(check.firstTime)} to ${timeText(check.lastTime)}`);
  }
  if (check.parts.length > 0) lines.push('', ...indent(parts(check.parts)));
  if (check.byCommand.length > 0) lines.push('', ...indent(byCommand(check)));
  if (faults.length > 0 || warnings.length > 0) lines.push('');
  if (damaged > 0) {
    lines.push(
      `  ${counted(damaged, 'key of the base has a damaged value', 'keys of the base have a damaged value')}`,
    );
  }
  for (const fault of faults.slice(0, SHOWN_FAULTS)) lines.push(...faultLines(fault));
  if (faults.length > SHOWN_FAULTS) {
    lines.push(`  and ${counted(faults.length - SHOWN_FAULTS, 'more fault')} (--json has them)`);
  }
  for (const warning of warnings) lines.push(`  note: ${warning}`);
  return lines;
}

/** One line for standard error: what is wrong, and what to do. */
export function logCheckSummary(check: LogCheck): string {
  const [first] = check.faults as readonly [LogFault];
  const more = check.faults.length - 1;
  return `${check.file}: ${faultText(first)}${more > 0 ? `, and ${counted(more, 'more fault')}` : ''}; ${nextStep(check)}`;
}

function nextStep({ isTornOnly, damaged, faults }: LogCheck): string {
  if (isTornOnly) return 'a server cuts this off when it starts; rdbkit repair writes a log without it';
  const ofManifest = faults.every(({ part }) => part === undefined);
  if (ofManifest) return 'get the whole folder, or let rdbkit repair write a log of the parts that are there';
  if (damaged > 0) return 'restore from another backup, or let rdbkit repair write a log of what is whole';
  return 'rdbkit repair writes a log of what is whole';
}

function verdict({ ok, isTornOnly }: LogCheck): string {
  return ok ? 'ok' : isTornOnly ? 'TORN at its end' : 'DAMAGED';
}

function parts(all: readonly PartCheck[]): string[] {
  return formatTable(
    ['part', 'role', 'keys', 'commands', 'size', 'checksum'],
    all.map(({ name, role, keys, commands, bytes, checksum }) => [
      name,
      role,
      formatCount(keys),
      formatCount(commands),
      formatBytes(bytes),
      checksum ?? '',
    ]),
  );
}

function byCommand({ byCommand: all }: LogCheck): string[] {
  const rows = all
    .slice(0, SHOWN_COMMANDS)
    .map(({ name, group, commands, bytes }) => [name, group, formatCount(commands), formatBytes(bytes)]);
  const lines = formatTable(['command', 'group', 'count', 'size'], rows);
  return all.length > SHOWN_COMMANDS
    ? [...lines, `and ${formatCount(all.length - SHOWN_COMMANDS)} more (--json has them all)`]
    : lines;
}

function faultLines(fault: LogFault): string[] {
  const { around, part, to, offset = 0 } = fault;
  const lines = [`  ${faultText(fault)}`];
  if (around !== undefined) lines.push(`    ${around}`);
  if (to !== undefined)
    lines.push(`    the log goes on at ${part}:${to}, ${formatBytes(to - offset)} behind`);
  return lines;
}

function faultText({ code, message, where, part, offset, count }: LogFault): string {
  const at = offset === undefined ? '' : part === undefined ? `byte ${offset}` : `${part}:${offset}`;
  const place = [
    where === undefined ? '' : `in ${where}`,
    at === '' ? (part === undefined ? '' : `in ${part}`) : `at ${at}`,
  ].filter((text) => text !== '');
  const more = count > 1 ? ` (and ${formatCount(count - 1)} more of this kind)` : '';
  return `${code}: ${message}${place.length === 0 ? '' : ` (${place.join(', ')})`}${more}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? line : `  ${line}`));
}
