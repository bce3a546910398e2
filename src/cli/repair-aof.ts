import {
  type AofRepair,
  jsonText,
  type LogPosition,
  type NamedNeighbour,
  parsePosition,
  printable,
  RdbkitError,
  type RdbRepair,
  type RepairAofOptions,
  repairAof,
  repairCode,
  salvageBase,
} from '../index.js';
import { formatBytes, formatCount } from './format.js';
import { print, printJson } from './output.js';
import type { RepairOptions } from './repair-options.js';
import { repairJson, repairText } from './repair-rdb.js';
import { writeReport } from './report-file.js';

/** Ranges that are shown to a person; --json has more. */
const MOST_SHOWN = 20;

/** `rdbkit repair` of an append-only log. Exit code 1 when something is not in the result, or in doubt. */
export async function repairAofCommand(
  name: string,
  options: RepairOptions,
  signal: AbortSignal,
): Promise<number> {
  if (name === '-') {
    throw new RdbkitError('USAGE', 'a log is repaired from a file, in which it can be searched', {
      hint: 'put standard input into a file first',
    });
  }
  const { output, until, without, report, json, quiet } = options;
  let base: RdbRepair | undefined;
  const given: RepairAofOptions = {
    signal,
    async salvageBase(path, out) {
      const salvaged = await salvageBase(path, out, signal);
      base = salvaged.report;
      return salvaged;
    },
    ...(until === undefined ? {} : { until: parsePosition(until) }),
    ...(without === undefined ? {} : { without: without.map(commandOf) }),
  };
  const repair = await repairAof(name, output, given);
  const told = { ...jsonForm(repair), salvage: base && repairJson(base, output) };
  if (report !== undefined) writeReport(report, told);
  if (json === true) printJson(told);
  else if (quiet !== true)
    print(...textForm(repair), ...(base === undefined ? [] : ['', ...repairText(base, output)]));
  return repairCode(repair);
}

/** A command to leave out: `PART:OFFSET`, else a name. */
function commandOf(text: string): string | LogPosition {
  return /:\d+$/.test(text) ? parsePosition(text) : text;
}

function jsonForm(repair: AofRepair) {
  return {
    ...repair,
    lost: repair.lost.map((range) => ({
      ...range,
      before: neighbourJson(range.before),
      after: neighbourJson(range.after),
    })),
  };
}

function neighbourJson(neighbour: NamedNeighbour | undefined) {
  if (neighbour === undefined) return null;
  const { key, ...others } = neighbour;
  if (key === undefined) return others;
  const { text, ...form } = jsonText(key);
  return { ...others, key: text, ...form };
}

function textForm(repair: AofRepair): string[] {
  const { source, output, bytes, commands, lost, lostRanges, doubts, doubtfulRanges, inserted } = repair;
  const verdict = repairCode(repair) === 0 ? 'nothing is lost' : 'NOT ALL IS KEPT';
  const lines = [
    `${source} -> ${output}: ${verdict}`,
    `  kept     ${formatCount(commands.kept)} commands, ${formatBytes(bytes.kept)} of ${formatBytes(bytes.in)}`,
  ];
  if (lostRanges > 0) {
    const given = commands.lost === 0 ? '' : `, with ${formatCount(commands.lost)} whole commands`;
    lines.push(`  lost     ${formatBytes(bytes.lost)} in ${formatCount(lostRanges)} ranges${given}`);
  }
  for (const { name, reason } of repair.lostParts) lines.push(`  lost     the whole of ${name}: ${reason}`);
  if (commands.removed > 0) {
    lines.push(
      `  removed  ${formatCount(commands.removed)} commands, ${formatBytes(bytes.removed)}, as asked for`,
    );
  }
  if (repair.end !== undefined) {
    lines.push(
      `  ends at  ${repair.end.part}:${repair.end.offset}, ${formatBytes(bytes.rewound)} were behind it`,
    );
  }
  if (bytes.salvagedFrom > 0) {
    lines.push(`  salvaged ${formatBytes(bytes.salvagedTo)} of a base of ${formatBytes(bytes.salvagedFrom)}`);
  }
  for (const range of lost.slice(0, MOST_SHOWN)) {
    const { part, from, to, reason, before, after } = range;
    lines.push(
      `  ${part}: bytes ${from} to ${to} (${formatCount(to - from)}): ${reason}`,
      `    between ${neighbourText(before, 'the beginning')} and ${neighbourText(after, 'the end')}`,
    );
  }
  lines.push(...more(lostRanges));
  for (const { part, from, to, db } of doubts.slice(0, MOST_SHOWN)) {
    lines.push(
      `  database not certain from ${part}:${from} to ${part}:${to}: taken to be ${db}, as before the gap`,
    );
  }
  lines.push(...more(doubtfulRanges));
  for (const { part, offset, db } of inserted.slice(0, MOST_SHOWN)) {
    lines.push(`  put in: SELECT ${db} before ${part}:${offset}, for the one that was written is lost`);
  }
  lines.push(...more(inserted.length));
  for (const fault of repair.manifestFaults) lines.push(`  manifest, ${fault}: put right`);
  for (const name of repair.orphans)
    lines.push(`  note: ${name} is in no line of the manifest, and not taken in`);
  for (const text of repair.notes) lines.push(`  note: ${text}`);
  return lines;
}

function neighbourText(neighbour: NamedNeighbour | undefined, none: string): string {
  if (neighbour === undefined) return none;
  const { name, key, db, offset } = neighbour;
  return `${name}${key === undefined ? '' : ` ${printable(key, 60)}`} (database ${db}, at ${offset})`;
}

function more(count: number): string[] {
  return count > MOST_SHOWN ? [`  … and ${formatCount(count - MOST_SHOWN)} more, see --json`] : [];
}
