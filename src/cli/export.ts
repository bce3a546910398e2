import {
  Account,
  type ByteOutput,
  chainSources,
  ExportSink,
  fileOutput,
  gzipOutput,
  isClosedPipe,
  RdbkitError,
  type RecordFormat,
  type Reject,
  RejectLog,
  run,
  type Source,
  Spool,
  type Stage,
  stdoutOutput,
} from '../index.js';
import { accountJson, accountText } from './account-text.js';
import { formatFor } from './export-formats.js';
import { logExport } from './export-log.js';
import type { ExportOptions } from './export-options.js';
import { formatBytes } from './format.js';
import { isLog, openSource } from './input.js';
import { type Masks, readMasks, warnOfUnused } from './mask-options.js';
import { jsonOf, note, print, printJson, reportError } from './output.js';
import { requireOwnFiles } from './own-files.js';
import { Progress } from './progress.js';
import { requireReportFolder, writeFailure, writeReport } from './report-file.js';
import { runStages } from './run-stages.js';
import { withSelection } from './selection.js';

/** `rdbkit export`: writes keys in another format. Exit code 1 when a key was refused. */
export async function exportCommand(
  names: readonly string[],
  options: ExportOptions,
  signal: AbortSignal,
): Promise<number> {
  const { output, rejects: rejectsFile, report: reportFile, keysFrom, maskKeyFile } = options;
  requireOwnFiles({ '-o': output, '--rejects': rejectsFile, '--report': reportFile }, [
    ...names,
    keysFrom,
    maskKeyFile,
  ]);
  if (options.report !== undefined) requireReportFolder(options.report);
  const account = new Account();
  const rejects = options.rejects === undefined ? undefined : new RejectLog(options.rejects);
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    const isOfLog = (await Promise.all(names.map(isLog))).includes(true);
    const plan = await (isOfLog ? logExport : dumpExport)(names, options, signal);
    account.onReject = (reject) => {
      rejects?.add(reject);
      plan.onReject?.(reject);
    };
    const { source, masks } = plan;
    const sink = new ExportSink(plan.format, openOutput(options), () => new Spool());
    const progress = new Progress(source, account, options.quiet === true);
    const report = await run(source, plan.stages, sink, {
      signal,
      account,
      onProgress: progress.update,
    }).finally(() => progress.clear());
    if (masks !== undefined && options.quiet !== true) warnOfUnused(masks);
    const ending = plan.ending?.();
    tell(options, account, { bytes: report.bytes, seconds: seconds(), ending });
    return account.totals(() => true).failed > 0 || ending?.isTorn === true ? 1 : 0;
  } catch (thrown) {
    if (isClosedPipe(thrown)) return 0;
    if (options.report !== undefined) writeFailure(options.report, thrown, account, seconds());
    return reportError(thrown);
  } finally {
    rejects?.close();
  }
}

/** What an export is run with. */
export interface ExportPlan {
  readonly source: Source;
  readonly stages: readonly Stage[];
  readonly format: RecordFormat;
  readonly masks?: Masks | undefined;
  /** Told of every record that was not written. */
  onReject?(reject: Reject): void;
  /** How the input ended, once it has. */
  ending?(): Ending;
}

interface Ending {
  /** What there is to say of it. */
  readonly notes: readonly string[];
  readonly json: object;
  /** Whether the input ended within a record. */
  readonly isTorn: boolean;
}

interface Told {
  /** Bytes of output. */
  readonly bytes: number;
  readonly seconds: number;
  readonly ending: Ending | undefined;
}

async function dumpExport(
  names: readonly string[],
  options: ExportOptions,
  signal: AbortSignal,
): Promise<ExportPlan> {
  requireLog(options);
  const open = () =>
    names.map((name) => openSource(name, { checksum: options.checksum ? 'verify' : 'ignore' }));
  const sources = open();
  const format = await formatFor(options, { sources, open, signal });
  const masks = readMasks(options);
  const stages = await runStages(options, open, {}, signal, { masks, written: sources });
  return { source: withSelection(chainSources(sources), options), stages, format, masks };
}

/** @throws RdbkitError USAGE for what only a log has */
function requireLog({ from, until, base, command, notCommand }: ExportOptions): void {
  const given = { '--from': from, '--until': until, '--command': command, '--not-command': notCommand };
  const [flag] =
    Object.entries(given).find(([, value]) => value !== undefined) ?? (base ? [] : ['--no-base']);
  if (flag === undefined) return;
  throw new RdbkitError('USAGE', `${flag} is for the commands of an append-only log, and this is none`);
}

function openOutput({ output, overwrite, gzip }: ExportOptions): ByteOutput {
  const place = output === undefined ? stdoutOutput() : fileOutput(output, { overwrite: overwrite === true });
  return gzip === true ? gzipOutput(place) : place;
}

/**
 * Says what was written: on standard output, or where that is the export itself on standard error,
 * and there only what was left out unless the account was asked for.
 */
function tell(options: ExportOptions, account: Account, { bytes, seconds, ending }: Told): void {
  const { output, format } = options;
  const json = { output, format, outputBytes: bytes, ...ending?.json, ...accountJson(account, { seconds }) };
  const notes = ending?.notes ?? [];
  if (options.report !== undefined) writeReport(options.report, json);
  if (options.quiet === true) return;
  if (options.json === true) {
    if (output === undefined) process.stderr.write(`${jsonOf(json)}\n`);
    else printJson(json);
  } else if (output !== undefined) {
    print(
      `Written to ${output}: ${formatBytes(bytes)} of ${format}`,
      ...accountText(account, { seconds }),
      ...notes.map((text) => `  note: ${text}`),
    );
  } else if (account.totals(() => true).failed > 0) {
    const lines = [...accountText(account, { seconds }), ...notes.map((text) => `  note: ${text}`)];
    note(['not everything was written:', ...lines].join('\n'));
  } else {
    for (const [reason, count] of [...account.besides, ...account.notes]) note(`note: ${reason}: ${count}`);
    for (const text of notes) note(`note: ${text}`);
  }
}
