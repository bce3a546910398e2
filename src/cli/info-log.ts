import {
  type LogInfoReport,
  latin1Bytes,
  printable,
  type TimeBucket,
  timeText,
  utf8Bytes,
} from '../index.js';
import { counted, formatBytes, formatCount, formatTable } from './format.js';

const SHOWN_COMMANDS = 20;
const HISTOGRAM_ROWS = 16;
const HISTOGRAM_WIDTH = 48;

/** What is in a log besides its base, for a person. */
export function logInfoText(report: LogInfoReport): string[] {
  const { commands, bytes, transactions, firstTime, lastTime, backwards } = report;
  const lines = [
    `${counted(commands, 'command')}, ${formatBytes(bytes)}${transactions > 0 ? `, ${counted(transactions, 'transaction')}` : ''}`,
  ];
  if (firstTime !== undefined && lastTime !== undefined) {
    const back =
      backwards > 0
        ? `; the time goes back ${backwards === 1 ? 'once' : `${formatCount(backwards)} times`}`
        : '';
    lines.push(`written from ${timeText(firstTime)} to ${timeText(lastTime)}${back}`);
  } else if (commands > 0) {
    lines.push('without times (aof-timestamp-enabled was off)');
  }
  if (commands === 0) return lines;
  lines.push('', ...byCommand(report), '', ...byDb(report));
  if (report.byPrefix.length > 0) lines.push('', ...byPrefix(report));
  if (report.rate.length > 1) lines.push('', ...histogram(report.rate));
  if (report.largest.length > 0) lines.push('', ...largest(report));
  return lines;
}

function byCommand({ byCommand: all }: LogInfoReport): string[] {
  const rows = all
    .slice(0, SHOWN_COMMANDS)
    .map(({ name, group, commands, bytes }) => [name, group, formatCount(commands), formatBytes(bytes)]);
  const lines = formatTable(['command', 'group', 'count', 'size'], rows);
  const more = all.length - SHOWN_COMMANDS;
  return more > 0 ? [...lines, `and ${formatCount(more)} more (--json has them all)`] : lines;
}

function byDb({ byDb: dbs }: LogInfoReport): string[] {
  return formatTable(
    ['database', 'commands', 'size'],
    Object.entries(dbs).map(([db, { commands, bytes }]) => [db, formatCount(commands), formatBytes(bytes)]),
  );
}

function byPrefix({ byPrefix: prefixes }: LogInfoReport): string[] {
  return formatTable(
    ['prefix of keys', 'commands', 'size'],
    prefixes.map(({ prefix, bytesAs, commands, bytes }) => [
      prefix === undefined ? 'all others' : prefix === '' ? 'no prefix' : shown(prefix, bytesAs),
      formatCount(commands),
      formatBytes(bytes),
    ]),
  );
}

function largest({ largest: commands }: LogInfoReport): string[] {
  return formatTable(
    ['largest commands', 'database', 'at', 'size'],
    commands.map(({ name, key, bytes, db, position, size }) => [
      key === undefined ? name : `${name} ${shown(key, bytes)}`,
      String(db),
      position,
      formatBytes(size),
    ]),
  );
}

function shown(text: string, bytes: 'latin1' | undefined): string {
  return printable(bytes === 'latin1' ? latin1Bytes(text) : utf8Bytes(text), 48);
}

/** Commands by time, a row a span, with a bar. */
function histogram(rate: readonly TimeBucket[]): string[] {
  const rows = joined(rate, Math.ceil(rate.length / HISTOGRAM_ROWS));
  const most = Math.max(...rows.map(({ commands }) => commands));
  return formatTable(
    ['from', 'commands/s', ''],
    rows.map(({ from, seconds, commands }) => [
      timeText(from),
      formatRate(commands / seconds),
      '█'.repeat(Math.ceil((HISTOGRAM_WIDTH * commands) / most)).padEnd(HISTOGRAM_WIDTH),
    ]),
  );
}

function formatRate(rate: number): string {
  return rate > 0 && rate < 10 ? rate.toFixed(1) : formatCount(rate);
}

/** So many spans made one, each time. */
function joined(rate: readonly TimeBucket[], count: number): TimeBucket[] {
  const rows: TimeBucket[] = [];
  for (let at = 0; at < rate.length; at += count) {
    const some = rate.slice(at, at + count);
    const [first] = some as [TimeBucket];
    rows.push({
      from: first.from,
      seconds: some.reduce((sum, { seconds }) => sum + seconds, 0),
      commands: some.reduce((sum, { commands }) => sum + commands, 0),
      bytes: some.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  return rows;
}
