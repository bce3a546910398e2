import {
  Account,
  type AofSource,
  type ConflictPolicy,
  chainSources,
  type ImportReport,
  type Limits,
  precheckRdb,
  RdbkitError,
  type RdbSource,
  RejectLog,
  type RestoreSink,
  restoreSink,
  run,
} from '../index.js';
import type { CommandSelectionOptions } from './command-selection.js';
import { holdFor, requireHoldOptions } from './import-before-replay.js';
import { importLog, requireLogOptions } from './import-log.js';
import { type ImportFrame, reportFailure, reportImport } from './import-report.js';
import { isLog, openSource } from './input.js';
import { showsDifference } from './log-differences.js';
import { note, reportError } from './output.js';
import { requireOwnFiles } from './own-files.js';
import { Progress } from './progress.js';
import { requireReportFolder } from './report-file.js';
import { runStages } from './run-stages.js';
import { type SelectionOptions, type TransformOptions, withSelection } from './selection.js';
import { targetNotes } from './target-notes.js';
import { addressOptions, type TargetOptions } from './target-options.js';

export interface ImportOptions
  extends SelectionOptions,
    CommandSelectionOptions,
    TransformOptions,
    TargetOptions {
  to: string;
  conflict: ConflictPolicy;
  dryRun?: boolean;
  /** Checkpoint of the replay that is to follow. */
  beforeReplay?: string;
  precheck: boolean;
  checksum: boolean;
  maxRate?: { keys?: number; bytes?: number };
  inFlight?: number;
  maxInlineValue?: number;
  rejects?: string;
  report?: string;
  json?: boolean;
  quiet?: boolean;
}

/** What an import is made with, when all options were looked at. */
interface ImportRun {
  readonly names: readonly string[];
  readonly options: ImportOptions;
  readonly limits: Partial<Limits>;
  readonly sink: RestoreSink;
  readonly account: Account;
  readonly signal: AbortSignal;
}

/**
 * `rdbkit import`: writes dumps, or what a log stands for, into a server. Exit code 1 when a key or
 * command was refused, or the log is torn.
 */
export async function importCommand(
  names: readonly string[],
  options: ImportOptions,
  signal: AbortSignal,
): Promise<number> {
  const limits = limitsOf(options);
  const hasLog = await holdsLog(names, signal);
  if (hasLog) requireLogOptions(names, options);
  requireHoldOptions(options);
  const sink = restoreSink(options.to, {
    ...addressOptions(options),
    conflict: options.conflict,
    expired: options.expired === 'keep' ? 'persist' : 'skip',
    dryRun: options.dryRun === true,
    limits,
    ...(options.maxRate === undefined ? {} : { maxRate: options.maxRate }),
    ...(hasLog ? { resumeHint: () => 'empty the target, or the databases concerned, and import again' } : {}),
  });
  const placed = withAddressDb(options, sink.address.db);
  requireOwnFiles(
    { '--rejects': options.rejects, '--report': options.report, '--before-replay': options.beforeReplay },
    [...names, options.keysFrom, options.passwordFile],
  );
  if (options.report !== undefined) requireReportFolder(options.report);
  const account = new Account();
  const rejects = options.rejects === undefined ? undefined : new RejectLog(options.rejects);
  account.onReject = rejects?.add;
  const startedAt = performance.now();
  let log: AofSource | undefined;
  const frame = (): ImportFrame => ({
    account,
    log,
    options,
    seconds: (performance.now() - startedAt) / 1000,
  });
  try {
    const target = await sink.connect(signal);
    if (options.quiet !== true) for (const line of targetNotes(target)) note(line);
    const given = { names, options: placed, limits, sink, account, signal };
    const done = hasLog ? await importOneLog(given) : { report: await importDumps(given), source: undefined };
    log = done.source;
    reportImport(done.report, frame());
    const differs = log !== undefined && showsDifference(account, placed);
    return differs || account.totals(() => true).failed > 0 || log?.tail.torn !== undefined ? 1 : 0;
  } catch (thrown) {
    await sink.abort(RdbkitError.from(thrown));
    reportFailure(thrown, frame());
    return reportError(thrown);
  } finally {
    rejects?.close();
  }
}

async function importDumps(given: ImportRun): Promise<ImportReport> {
  const { names, options, limits, sink, account, signal } = given;
  const checksum = options.checksum ? 'verify' : 'ignore';
  const open = () => names.map((name) => openSource(name, { limits, checksum }));
  if (options.precheck) for (const source of open()) await precheck(source, signal);
  // What has expired is there for the replay, too, which may prolong it.
  const kept: ImportOptions = options.beforeReplay === undefined ? options : { ...options, expired: 'keep' };
  const stages = await runStages(kept, open, limits, signal);
  const held = await holdFor(options, sink);
  const source = withSelection(chainSources(open()), options);
  const progress = new Progress(source, account, options.quiet === true);
  return run(source, held === undefined ? stages : [...stages, held.stage], sink, {
    signal,
    account,
    onProgress: progress.update,
  }).finally(() => {
    progress.clear();
    held?.end();
  });
}

function importOneLog({ names: [name], limits, ...given }: ImportRun) {
  const checksum = given.options.checksum ? 'verify' : 'ignore';
  return importLog({ ...given, name: name as string, source: { limits, checksum } });
}

/** Standard input may not come to the bytes that tell it, and the run be interrupted before. */
async function holdsLog(names: readonly string[], signal: AbortSignal): Promise<boolean> {
  let interrupt = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => {
      process.stdin.destroy();
      reject(new RdbkitError('ABORTED', 'interrupted'));
    };
    signal.addEventListener('abort', interrupt, { once: true });
  });
  try {
    for (const name of names) if (await Promise.race([isLog(name), interrupted])) return true;
    return false;
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/** Every dump is looked through before the first write, if it can be read twice. */
async function precheck(source: RdbSource, signal: AbortSignal): Promise<void> {
  if (source.isRepeatable) await precheckRdb(source, signal);
}

function limitsOf({ inFlight, maxInlineValue }: ImportOptions): Partial<Limits> {
  return {
    ...(inFlight === undefined ? {} : { inFlightBytes: inFlight }),
    ...(maxInlineValue === undefined ? {} : { maxInlineValue }),
  };
}

/** A database in the address is where all keys go. */
function withAddressDb(options: ImportOptions, db: number | undefined): ImportOptions {
  if (db === undefined) return options;
  if (options.mapDb !== undefined || options.toDb !== undefined) {
    throw new RdbkitError('USAGE', 'the address names a database, and --map-db or --to-db another', {
      hint: 'give one of them',
    });
  }
  return { ...options, toDb: db };
}
