import {
  Account,
  type ByteOutput,
  chainSources,
  ExportSink,
  fileOutput,
  gzipOutput,
  isClosedPipe,
  RejectLog,
  run,
  Spool,
  stdoutOutput,
} from '../index.js';
import { accountJson, accountText } from './account-text.js';
import { formatFor } from './export-formats.js';
import type { ExportOptions } from './export-options.js';
import { formatBytes } from './format.js';
import { openSource } from './input.js';
import { readMasks, warnOfUnused } from './mask-options.js';
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
  const open = () =>
    names.map((name) => openSource(name, { checksum: options.checksum ? 'verify' : 'ignore' }));
  const account = new Account();
  const rejects = options.rejects === undefined ? undefined : new RejectLog(options.rejects);
  account.onReject = rejects?.add;
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    const sources = open();
    const format = await formatFor(options, { sources, open, signal });
    const masks = readMasks(options);
    const stages = await runStages(options, open, {}, signal, { masks, written: sources });
    const sink = new ExportSink(format, openOutput(options), () => new Spool());
    const source = withSelection(chainSources(sources), options);
    const progress = new Progress(source, account, options.quiet === true);
    const report = await run(source, stages, sink, { signal, account, onProgress: progress.update }).finally(
      () => progress.clear(),
    );
    if (masks !== undefined && options.quiet !== true) warnOfUnused(masks);
    tell(options, account, report.bytes, seconds());
    return account.totals(() => true).failed > 0 ? 1 : 0;
  } catch (thrown) {
    if (isClosedPipe(thrown)) return 0;
    if (options.report !== undefined) writeFailure(options.report, thrown, account, seconds());
    return reportError(thrown);
  } finally {
    rejects?.close();
  }
}

function openOutput({ output, overwrite, gzip }: ExportOptions): ByteOutput {
  const place = output === undefined ? stdoutOutput() : fileOutput(output, { overwrite: overwrite === true });
  return gzip === true ? gzipOutput(place) : place;
}

/**
 * Says what was written: on standard output, or where that is the export itself on standard error,
 * and there only what was left out unless the account was asked for.
 */
function tell(options: ExportOptions, account: Account, bytes: number, seconds: number): void {
  const { output, format } = options;
  const json = { output, format, outputBytes: bytes, ...accountJson(account, { seconds }) };
  if (options.report !== undefined) writeReport(options.report, json);
  if (options.quiet === true) return;
  if (options.json === true) {
    if (output === undefined) process.stderr.write(`${jsonOf(json)}\n`);
    else printJson(json);
  } else if (output !== undefined) {
    print(`Written to ${output}: ${formatBytes(bytes)} of ${format}`, ...accountText(account, { seconds }));
  } else if (account.totals(() => true).failed > 0) {
    note(['not everything was written:', ...accountText(account, { seconds })].join('\n'));
  } else {
    for (const [reason, count] of [...account.besides, ...account.notes]) note(`note: ${reason}: ${count}`);
  }
}
