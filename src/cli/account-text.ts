import { type Account, jsonText, printable, type Tally, type Totals } from '../index.js';
import { because, commandsJson, commandsText } from './account-commands.js';
import { formatBytes, formatCount, formatSeconds, formatTable } from './format.js';

/** What an account is shown with. */
interface AccountFrame {
  readonly seconds: number;
  /** Words for `written`, where it is something else: `would be written`. */
  readonly written?: string;
}

/** The account of a run for a person. */
export function accountText(account: Account, { seconds, written = 'written' }: AccountFrame): string[] {
  const commands = commandsText(account, seconds, written);
  const keys = account.totals().read > 0 || commands.length === 0 ? keysText(account, seconds, written) : [];
  const between = keys.length > 0 && commands.length > 0 ? [''] : [];
  const lines = [...keys, ...between, ...commands];
  for (const [note, count] of account.notes) lines.push(`  note: ${note}: ${formatCount(count)}`);
  if (account.shown.length > 0) {
    lines.push('  first that were not written:');
    for (const { db, key, command, cause, position } of account.shown) {
      const where = db < 0 ? '' : `database ${db} `;
      const tried = [command, position].filter((part) => part !== undefined).join(' at ');
      // What could not be read has no name.
      const name = key.length === 0 && (db < 0 || position !== undefined) ? '' : `${printable(key, 60)}: `;
      lines.push(`    ${where}${name}${cause}${tried === '' ? '' : ` (${tried})`}`);
    }
  }
  return lines;
}

function keysText(account: Account, seconds: number, written: string): string[] {
  const totals = account.totals();
  const rate =
    seconds > 0
      ? `, ${formatCount(totals.read / seconds)} keys/s, ${formatBytes(totals.bytes / seconds)}/s`
      : '';
  const lines = [
    `  read     ${formatCount(totals.read)} keys, ${formatBytes(totals.bytes)} in ${formatSeconds(seconds)}${rate}`,
    `  ${written.padEnd(8)} ${formatCount(totals.written)}`,
    `  skipped  ${formatCount(totals.skipped)}${because(account.reasons)}`,
    `  failed   ${formatCount(totals.failed)}${because(account.causes)}`,
  ];
  const others = account.totals((tally) => tally.unit === 'other');
  if (others.read > 0) lines.push(`  besides  ${besides(account)}`);
  lines.push(...breakdown(account, written));
  return lines;
}

/** The account as JSON: totals, by type, by database, reasons and causes. */
export function accountJson(account: Account, { seconds }: AccountFrame) {
  const totals = account.totals();
  return {
    ...totals,
    skippedBy: Object.fromEntries(account.reasons),
    failedBy: Object.fromEntries(account.causes),
    besides: Object.fromEntries(account.besides),
    types: grouped(account, ({ unit, type }) => (unit === 'command' ? undefined : type)),
    dbs: grouped(account, ({ unit, db }) => (unit === 'key' ? String(db) : undefined)),
    notes: Object.fromEntries(account.notes),
    ...(account.differences === 0 ? {} : { differences: account.differences }),
    commands: commandsJson(account, seconds),
    rejects: account.shown.map(({ db, key, command, position, code, cause }) => {
      const { text, ...form } = jsonText(key);
      return { db, key: text, ...form, command, position, code, cause };
    }),
    seconds: Math.round(seconds * 1000) / 1000,
    keysPerSecond: seconds > 0 ? Math.round(totals.read / seconds) : 0,
    bytesPerSecond: seconds > 0 ? Math.round(totals.bytes / seconds) : 0,
  };
}

function besides(account: Account): string {
  const counts = account.tallies
    .filter((tally) => tally.unit === 'other')
    .map(
      ({ type, read, written }) =>
        `${formatCount(read)} ${NAMES[type] ?? type} (${formatCount(written)} written)`,
    );
  return counts.join(', ') + because(account.besides);
}

const NAMES: Readonly<Record<string, string>> = {
  function: 'function libraries',
  'module-aux': 'module aux records',
  line: 'lines that cannot be read',
};

function breakdown(account: Account, written: string): string[] {
  const byDb = grouped(account, ({ unit, db }) => (unit === 'key' ? String(db) : undefined));
  const byType = grouped(account, ({ unit, type }) => (unit === 'key' ? type : undefined));
  return [...table('database', byDb, written), ...table('type', byType, written)];
}

function table(title: string, sums: Readonly<Record<string, Totals>>, written: string): string[] {
  const rows = Object.entries(sums).map(([name, sum]) => [
    name,
    ...[sum.read, sum.written, sum.skipped, sum.failed].map(formatCount),
    formatBytes(sum.bytes),
  ]);
  if (rows.length === 0) return [];
  const lines = formatTable([title.padEnd(TITLE_WIDTH), 'read', written, 'skipped', 'failed', 'size'], rows);
  return ['', ...lines.map((line) => `  ${line}`)];
}

/** Width of the first column, so that tables below one another line up. */
const TITLE_WIDTH = 9;

function grouped(account: Account, nameOf: (tally: Tally) => string | undefined): Record<string, Totals> {
  const names = new Set(account.tallies.map(nameOf).filter((name) => name !== undefined));
  return Object.fromEntries(
    [...names].map((name) => [name, account.totals((tally) => nameOf(tally) === name)]),
  );
}
