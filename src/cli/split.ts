import {
  Account,
  type ByteOutput,
  byDb,
  byPrefix,
  bySize,
  bySlots,
  byType,
  chainSources,
  equalSlots,
  fileOutput,
  gzipOutput,
  RdbkitError,
  RejectLog,
  rdbFormats,
  refuseSameFile,
  run,
  type SplitPart,
  type SplitReport,
  type SplitRule,
  SplitSink,
  Spool,
} from '../index.js';
import { accountJson, accountText } from './account-text.js';
import { dumpTarget } from './dump-options.js';
import { formatBytes, formatCount, formatTable } from './format.js';
import { openSource, requireDumps } from './input.js';
import { print, printJson, reportError } from './output.js';
import { requireName, requireOwnFiles } from './own-files.js';
import { Progress } from './progress.js';
import { requireReportFolder, writeFailure, writeReport } from './report-file.js';
import { runStages } from './run-stages.js';
import { withSelection } from './selection.js';
import type { SplitBy, SplitOptions } from './split-options.js';

/** `rdbkit split`: cuts dumps into several. Exit code 1 when a key was refused. */
export async function splitCommand(
  names: readonly string[],
  options: SplitOptions,
  signal: AbortSignal,
): Promise<number> {
  const rule = ruleOf(options);
  requirePlaceholder(options.output);
  requireOwnFiles({ '--rejects': options.rejects, '--report': options.report }, [...names, options.keysFrom]);
  if (options.report !== undefined) requireReportFolder(options.report);
  const { maxValueSize, maxSize: _, ...others } = options;
  const selection = maxValueSize === undefined ? others : { ...others, maxSize: maxValueSize };
  await requireDumps(names);
  const open = () =>
    names.map((name) => openSource(name, { checksum: options.checksum ? 'verify' : 'ignore' }));
  const account = new Account();
  const rejects = options.rejects === undefined ? undefined : new RejectLog(options.rejects);
  account.onReject = rejects?.add;
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    const sources = open();
    const target = await dumpTarget(options, sources, open, signal);
    const stages = await runStages(selection, open, {}, signal, { written: sources });
    const makeSpill = () => new Spool();
    const sink = new SplitSink(rule, {
      open: (part) => openOutput(part, names, options),
      format: rdbFormats({ target, makeSpill, unsupported: options.unsupported ?? 'refuse' }),
      makeSpill,
    });
    const source = withSelection(chainSources(sources), selection);
    const progress = new Progress(source, account, options.quiet === true);
    const report = await run(source, stages, sink, { signal, account, onProgress: progress.update }).finally(
      () => progress.clear(),
    );
    show(report, options, seconds());
    return account.totals(() => true).failed > 0 ? 1 : 0;
  } catch (thrown) {
    if (options.report !== undefined) writeFailure(options.report, thrown, account, seconds());
    return reportError(thrown);
  } finally {
    rejects?.close();
  }
}

function openOutput(part: SplitPart, sources: readonly string[], options: SplitOptions): ByteOutput {
  const path = pathOf(part, options);
  requireOwnFiles({ '-o': path, '--report': options.report }, []);
  // The list of rejects is there by now.
  refuseSameFile(path, [
    ...sources,
    ...[options.rejects, options.report, options.keysFrom].filter((file) => file !== undefined),
  ]);
  const output = fileOutput(path, { overwrite: options.overwrite === true });
  return options.gzip === true ? gzipOutput(output) : output;
}

function pathOf({ number, label }: SplitPart, { output }: SplitOptions): string {
  return output.replaceAll('{n}', String(number)).replaceAll('{name}', () => label);
}

function requirePlaceholder(template: string): void {
  requireName(template, '-o');
  if (template.includes('{n}') || template.includes('{name}')) return;
  throw new RdbkitError('USAGE', 'all files would have the same name', {
    subject: template,
    hint: "put {n} or {name} into it: 'shard-{n}.rdb'",
  });
}

function ruleOf({ slots, shards, by, maxSize }: SplitOptions): SplitRule {
  const ways = [slots, shards, by, maxSize].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    throw new RdbkitError(
      'USAGE',
      ways.length === 0 ? 'where to cut is not said' : 'only one cut can be made',
      {
        hint: 'give one of --slots, --shards, --by and --max-size',
      },
    );
  }
  if (slots !== undefined) return bySlots(slots);
  if (shards !== undefined) return bySlots(equalSlots(shards));
  return by === undefined ? bySize(maxSize as number) : namedRule(by);
}

function namedRule({ kind, segments }: SplitBy): SplitRule {
  switch (kind) {
    case 'db':
      return byDb();
    case 'type':
      return byType();
    case 'prefix':
      return byPrefix(segments);
  }
}

function show({ account, parts }: SplitReport, options: SplitOptions, seconds: number): void {
  const outputs = parts.map((part) => ({
    file: pathOf(part, options),
    name: part.label,
    keys: part.keys,
    bytes: part.bytes,
  }));
  const json = { outputs, ...accountJson(account, { seconds }) };
  if (options.report !== undefined) writeReport(options.report, json);
  if (options.json === true) {
    printJson(json);
    return;
  }
  const rows = outputs.map(({ file, keys, bytes }) => [file, formatCount(keys), formatBytes(bytes)]);
  print(
    `Split into ${formatCount(outputs.length)} files`,
    ...accountText(account, { seconds }),
    ...(rows.length === 0
      ? []
      : ['', ...formatTable(['file', 'keys', 'size'], rows).map((line) => `  ${line}`)]),
  );
}
