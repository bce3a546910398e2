import type { Account, Tally, Totals } from '../index.js';
import { formatBytes, formatCount, formatSeconds, formatTable } from './format.js';

/** Commands that a person is shown by name; the others are in the JSON. */
const SHOWN_NAMES = 15;

const isCommand = ({ unit }: Tally) => unit === 'command';

/** What became of the commands of a log, for a person; nothing where there were none. */
export function commandsText(account: Account, seconds: number, written: string): string[] {
  const totals = account.totals(isCommand);
  if (totals.read === 0) return [];
  const rate = seconds > 0 ? `, ${formatCount(totals.read / seconds)} commands/s` : '';
  const head = [
    `  read     ${formatCount(totals.read)} commands, ${formatBytes(totals.bytes)} in ${formatSeconds(seconds)}${rate}`,
    `  ${written.padEnd(8)} ${formatCount(totals.written)}`,
    `  skipped  ${formatCount(totals.skipped)}${because(account.commandReasons)}`,
    `  failed   ${formatCount(totals.failed)}${because(account.commandCauses)}`,
  ];
  const names = byName(account);
  const rows = names
    .slice(0, SHOWN_NAMES)
    .map(([name, sums]) => [
      name,
      ...[sums.read, sums.written, sums.skipped, sums.failed].map(formatCount),
      formatBytes(sums.bytes),
    ]);
  const table = formatTable(['command'.padEnd(9), 'read', written, 'skipped', 'failed', 'size'], rows);
  const more = names.length - SHOWN_NAMES;
  return [
    ...head,
    '',
    ...table.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${formatCount(more)} more commands`] : []),
  ];
}

/** The same as JSON; undefined where there were none. */
export function commandsJson(account: Account, seconds: number) {
  const totals = account.totals(isCommand);
  if (totals.read === 0) return undefined;
  return {
    ...totals,
    skippedBy: Object.fromEntries(account.commandReasons),
    failedBy: Object.fromEntries(account.commandCauses),
    names: Object.fromEntries(byName(account)),
    perSecond: seconds > 0 ? Math.round(totals.read / seconds) : 0,
  };
}

/** Reasons or causes in brackets, the first few. */
export function because(reasons: ReadonlyMap<string, number>): string {
  if (reasons.size === 0) return '';
  const parts = [...reasons].map(([reason, count]) => `${formatCount(count)} ${reason}`);
  return ` (${parts.slice(0, 4).join('; ')}${parts.length > 4 ? '; …' : ''})`;
}

/** Sums over all databases, those that failed first, then the most frequent. */
function byName(account: Account): [string, Totals][] {
  const names = new Set(account.tallies.filter(isCommand).map(({ type }) => type));
  return [...names]
    .map((name): [string, Totals] => [
      name,
      account.totals((tally) => isCommand(tally) && tally.type === name),
    ])
    .sort(([, a], [, b]) => Number(b.failed > 0) - Number(a.failed > 0) || b.read - a.read);
}
