import {
  fileOutput,
  jsonText,
  type LostRange,
  type NamedKey,
  printable,
  type RdbRepair,
  repairRdb,
} from '../index.js';
import { formatBytes, formatCount } from './format.js';
import { standardInput } from './input.js';
import { print, printJson } from './output.js';
import { Progress } from './progress.js';
import type { RepairOptions } from './repair-options.js';
import { writeReport } from './report-file.js';

/** Ranges that the report for a person names one by one. */
const SHOWN_RANGES = 20;

/** The salvage of a dump. */
export async function repairRdbCommand(
  name: string,
  { output, overwrite, rdbVersion, partial, report, json, quiet }: RepairOptions,
  signal: AbortSignal,
): Promise<number> {
  const source = { name, size: 0, position: 0, read: () => NOTHING };
  const progress = new Progress(source, undefined, quiet === true);
  const origin = name === '-' ? standardInput() : name;
  const repair = await repairRdb(
    origin,
    name === '-' ? 'stdin' : name,
    () => fileOutput(output, { overwrite: overwrite === true }),
    {
      signal,
      partial: partial === true,
      ...(rdbVersion && { magic: rdbVersion }),
      onProgress: (position, size) => {
        source.position = position;
        source.size = size;
        progress.update();
      },
    },
  ).finally(() => progress.clear());
  const told = repairJson(repair, output);
  if (report !== undefined) writeReport(report, told);
  if (json === true) printJson(told);
  else if (quiet !== true) print(...repairText(repair, output));
  return repair.isWhole ? 0 : 1;
}

const NOTHING = { async *[Symbol.asyncIterator]() {} };

/** The report for machines. */
export function repairJson(repair: RdbRepair, output: string): unknown {
  const { account, lost, partial, refused, ...rest } = repair;
  return {
    ...rest,
    output,
    partial: partial && { ...partial, key: jsonText(partial.key) },
    refusedBy: Object.fromEntries(account.causes),
    besides: Object.fromEntries(account.besides),
    refused: refused.map(({ db, key, code, cause }) => ({ db, key: jsonText(key), code, cause })),
    lost: lost.map((range) => ({
      ...range,
      damaged: keyJson(range.damaged),
      before: keyJson(range.before),
      after: keyJson(range.after),
    })),
  };
}

function keyJson(named: NamedKey | undefined): unknown {
  return named && { db: named.db, size: named.size, key: jsonText(named.key) };
}

/** The report for a person. */
export function repairText(repair: RdbRepair, output: string): string[] {
  const { bytes, keys, lost, lostRanges, partial, account } = repair;
  const lines = [
    `Written to ${output}: ${formatCount(keys.written)} keys, ${formatBytes(repair.outputBytes)} of ${repair.format}`,
    repair.isWhole
      ? '  nothing was lost'
      : `  ${formatBytes(bytes.lost)} of ${formatBytes(bytes.input)} lost in ${formatCount(lostRanges)} places`,
  ];
  for (const note of notes(repair)) lines.push(`  ${note}`);
  for (const range of lost.slice(0, SHOWN_RANGES)) lines.push(...rangeText(range));
  if (lostRanges > SHOWN_RANGES) {
    lines.push(`  … and ${formatCount(lostRanges - SHOWN_RANGES)} more; --report lists them`);
  }
  for (const { db, declared, kept } of repair.excess) {
    lines.push(
      `  db ${db} had ${formatCount(declared)} keys by the dump, ${formatCount(kept)} were found: some are parts of a lost value, or come twice`,
    );
  }
  if (partial !== undefined) {
    lines.push(
      `  ${nameText(partial)} is cut off: its first ${formatCount(partial.elements)} elements were kept`,
    );
  }
  for (const [cause, count] of account.causes)
    lines.push(`  ${formatCount(count)} keys not written: ${cause}`);
  for (const [cause, count] of account.besides)
    lines.push(`  ${formatCount(count)} records left out: ${cause}`);
  return lines;
}

function notes(repair: RdbRepair): string[] {
  const { checksum, lostRanges, hasEnd, bytes, headerDamage, compressionFault } = repair;
  const said: string[] = [];
  if (headerDamage !== undefined) said.push(`the header is damaged: ${headerDamage}`);
  if (compressionFault !== undefined) said.push(`${compressionFault}: what comes behind is lost`);
  if (checksum === 'bad' && lostRanges === 0) {
    said.push(
      'the checksum is wrong, but everything can be read: bytes were changed where that cannot be seen,',
      'inside a string, a number or an expiry; all keys were kept, one at least is not as it was',
    );
  }
  if (checksum === 'absent' && lostRanges > 0) said.push('the file has no checksum');
  if (!hasEnd) said.push('the file is cut off: it has no end');
  if (repair.unsearched > 0) {
    said.push(
      `in ${formatBytes(repair.unsearched)} of what was lost nothing was looked for: too much before it looks like keys and is none`,
    );
  }
  if (bytes.trailing > 0)
    said.push(`${formatBytes(bytes.trailing)} behind the end of the dump were left out`);
  return said;
}

function rangeText(range: LostRange): string[] {
  const { from, to, damaged, before, after, dbCertain, dbChanged, expiryUnknown, reason } = range;
  const between = [
    before === undefined ? '' : `behind ${nameText(before)}`,
    after === undefined ? '' : `before ${nameText(after)}`,
  ].filter((text) => text !== '');
  const lines = [
    `  lost: bytes ${from} to ${to}${damaged === undefined ? '' : `, ${nameText(damaged)}`}: ${reason}`,
  ];
  if (between.length > 0) lines.push(`    ${between.join(', ')}`);
  if (after === undefined) return lines;
  if (expiryUnknown) lines.push(`    the expiry of ${nameText(after)}, if it had one, may be lost`);
  if (dbChanged) lines.push('    another database was selected here: keys behind may be in the wrong one');
  else if (!dbCertain)
    lines.push('    the database of the keys behind is not certain until the next is selected');
  return lines;
}

function nameText({ db, key }: Pick<NamedKey, 'db' | 'key'>): string {
  return `${printable(key)} (db ${db})`;
}
