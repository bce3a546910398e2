import {
  type AnySource,
  type AofSource,
  type InfoReport,
  infoReport,
  logInfoReport,
  printable,
  run,
  teeReport,
  utf8Bytes,
} from '../index.js';
import { type CommandSelectionOptions, commandStages } from './command-selection.js';
import { counted, formatBytes, formatCount, formatTable } from './format.js';
import { logInfoText } from './info-log.js';
import { isLog, openLog, openSource } from './input.js';
import { print, printJson } from './output.js';
import { Progress } from './progress.js';
import { tailNotes } from './replay-report.js';
import { limitStages, type SelectionOptions, selectionStages, withSelection } from './selection.js';

interface InfoOptions extends SelectionOptions, CommandSelectionOptions {
  largest: number;
  json?: boolean;
  quiet?: boolean;
}

/** `rdbkit info`: what is in each dump. Exit code 1 when lines of JSON Lines could not be read. */
export async function infoCommand(
  names: readonly string[],
  options: InfoOptions,
  signal: AbortSignal,
): Promise<number> {
  let badLines = 0;
  for (const [i, name] of names.entries()) {
    if (await isLog(name)) {
      await logInfo(name, options, i === 0, signal);
      continue;
    }
    const source = openSource(name);
    const progress = new Progress(source, undefined, options.quiet === true);
    const stages = [...selectionStages(options), ...limitStages(options)];
    const sink = infoReport({ largest: options.largest });
    const report = await run(withSelection(source, options), stages, sink, {
      signal,
      onProgress: progress.update,
    }).finally(() => progress.clear());
    if (options.json === true) printJson(asJson(source, report));
    else print(...(i === 0 ? [] : ['']), ...asText(source, report));
    badLines += report.badLines;
  }
  return badLines === 0 ? 0 : 1;
}

/** What is in a log: the keys of its base, and its commands. */
async function logInfo(
  name: string,
  options: InfoOptions,
  isFirst: boolean,
  signal: AbortSignal,
): Promise<void> {
  const source = openLog(name);
  const progress = new Progress(source, undefined, options.quiet === true);
  const stages = [
    ...selectionStages(options),
    ...commandStages({ ...options, allowFlush: true }, true),
    ...limitStages(options),
  ];
  const { largest } = options;
  const sink = teeReport(infoReport({ largest }), logInfoReport({ largest }));
  const [base, log] = await run(source, stages, sink, { signal, onProgress: progress.update }).finally(() =>
    progress.clear(),
  );
  const { layout, compression, size } = source;
  const parts = layout.parts.map(({ name: part, role, size: bytes }) => ({ name: part, role, bytes }));
  if (options.json === true) {
    const notes = tailNotes(source);
    printJson({ file: name, format: 'aof', compression, fileBytes: size, parts, notes, base, log });
    return;
  }
  const baseLines = source.base === undefined ? [] : baseText(source, base);
  const notes = tailNotes(source).map((text) => `  note: ${text}`);
  print(
    ...(isFirst ? [] : ['']),
    `${name}: append-only log of ${counted(parts.length, 'file')}`,
    ...baseLines,
    ...indent(logInfoText(log)),
    ...notes,
  );
}

function baseText({ base }: AofSource, report: InfoReport): string[] {
  const lines = [
    `  base ${base?.text}${writtenBy(report)}: ${counted(report.keys, 'key')}, ${formatCount(report.expires)} with expiry`,
  ];
  if (report.keys > 0) lines.push('', ...indent(databases(report)), '', ...indent(types(report)), '');
  return lines;
}

function asJson(source: AnySource, report: InfoReport) {
  const { name, magic, checksum, size, dumpBytes, trailingBytes } = source;
  return {
    file: name,
    format: source.format,
    magic: magic?.text,
    rdbVersion: magic?.version,
    checksum: checksum === 'pending' ? 'unknown' : checksum,
    fileBytes: size,
    dumpBytes,
    trailingBytes,
    ...report,
  };
}

function asText(source: AnySource, report: InfoReport): string[] {
  const { name, magic, checksum, dumpBytes, trailingBytes } = source;
  const lines = [`${name}: ${magic?.text ?? 'JSON Lines'}${writtenBy(report)}`];
  const expiries = `${formatCount(report.expires)} with expiry, ${formatCount(report.expired)} of them past`;
  lines.push(
    `  ${formatCount(report.keys)} keys (${expiries}), ${formatBytes(dumpBytes)}, checksum ${checksum}`,
  );
  const extras = [
    report.badLines > 0
      ? `${formatCount(report.badLines)} lines that cannot be read (rdbkit check names them)`
      : '',
    report.functions > 0 ? `${report.functions} function libraries` : '',
    report.moduleAux.length > 0 ? `data of modules ${report.moduleAux.join(', ')}` : '',
    report.slots > 0 ? `slot info of a cluster` : '',
    trailingBytes > 0 ? `${formatBytes(trailingBytes)} behind the dump, as in an append-only file` : '',
  ].filter((text) => text !== '');
  if (extras.length > 0) lines.push(`  also ${extras.join('; ')}`);
  if (report.keys === 0) return lines;
  lines.push('', ...indent(databases(report)), '', ...indent(types(report)));
  if (report.largest.length > 0) lines.push('', ...indent(largest(report)));
  return lines;
}

function writtenBy({ aux }: InfoReport): string {
  const text = (name: string) => (typeof aux[name] === 'string' ? aux[name] : undefined);
  const version = text('valkey-ver') === undefined ? text('redis-ver') : text('valkey-ver');
  if (version === undefined) return '';
  const server =
    text('df-ver') !== undefined ? 'Dragonfly' : text('valkey-ver') === undefined ? 'Redis' : 'Valkey';
  const ctime = Number(text('ctime'));
  const when =
    ctime > 0 && ctime < 1e11
      ? `, ${new Date(ctime * 1000).toISOString().replace('T', ' ').slice(0, 19)} UTC`
      : '';
  return `, written by ${server} ${version}${when}`;
}

function databases({ dbs }: InfoReport): string[] {
  return formatTable(
    ['database', 'keys', 'expires', 'size'],
    Object.entries(dbs).map(([db, info]) => [
      db,
      formatCount(info.keys),
      formatCount(info.expires),
      formatBytes(info.bytes),
    ]),
  );
}

function types({ encodings }: InfoReport): string[] {
  const rows = Object.entries(encodings).sort(([, a], [, b]) => b.bytes - a.bytes);
  return formatTable(
    ['type', 'keys', 'size'],
    rows.map(([type, info]) => [type, formatCount(info.keys), formatBytes(info.bytes)]),
  );
}

function largest(report: InfoReport): string[] {
  return formatTable(
    ['largest keys', 'database', 'type', 'size'],
    report.largest.map(({ key, bytes, db, type, size }) => [
      printable(bytes === 'latin1' ? Uint8Array.from(key, (char) => char.charCodeAt(0)) : utf8Bytes(key), 60),
      String(db),
      type,
      formatBytes(size),
    ]),
  );
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? line : `  ${line}`));
}
