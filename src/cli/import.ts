import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import {
  Account,
  type ConflictPolicy,
  chainSources,
  findCollisions,
  type ImportReport,
  precheckRdb,
  RdbkitError,
  RejectLog,
  resolveCollisions,
  restoreSink,
  run,
  type Source,
  type Stage,
  skipExpired,
  type Target,
} from '../index.js';
import { accountJson, accountText } from './account-text.js';
import { formatBytes } from './format.js';
import { openSource } from './input.js';
import { print, printJson, reportError } from './output.js';
import { Progress } from './progress.js';
import {
  limitStages,
  mayMerge,
  type SelectionOptions,
  selectionStages,
  type TransformOptions,
  transformationStages,
} from './selection.js';

export interface ImportOptions extends SelectionOptions, TransformOptions {
  to: string;
  conflict: ConflictPolicy;
  dryRun?: boolean;
  precheck: boolean;
  checksum: boolean;
  maxRate?: { keys?: number; bytes?: number };
  inFlight?: number;
  maxInlineValue?: number;
  rejects?: string;
  report?: string;
  user?: string;
  passwordFile?: string;
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsServerName?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `rdbkit import`: writes dumps into a server. Exit code 1 when a key was refused. */
export async function importCommand(
  names: readonly string[],
  options: ImportOptions,
  signal: AbortSignal,
): Promise<number> {
  const limits = limitsOf(options);
  const open = () =>
    chainSources(
      names.map((name) => openSource(name, { limits, checksum: options.checksum ? 'verify' : 'ignore' })),
    );
  const account = new Account();
  const sink = restoreSink(options.to, {
    ...credentials(options),
    conflict: options.conflict,
    expired: options.expired === 'keep' ? 'persist' : 'skip',
    dryRun: options.dryRun === true,
    limits,
    ...(options.maxRate === undefined ? {} : { maxRate: options.maxRate }),
  });
  const placed = withAddressDb(options, sink.address.db);
  const rejects = options.rejects === undefined ? undefined : new RejectLog(options.rejects);
  if (rejects !== undefined) account.onReject = rejects.add;

  const target = await sink.connect();
  say(
    options,
    target.notes.map((note) => `note: ${target.label}: ${note}`),
  );
  say(options, memoryWarning(target));
  let source: Source | undefined;
  const startedAt = performance.now();
  const frame = () => ({
    seconds: (performance.now() - startedAt) / 1000,
    written: options.dryRun === true ? 'would be written' : 'written',
  });
  try {
    if (options.precheck) await precheckAll(names, limits, signal);
    const stages = await importStages(names, placed, limits, open, signal);
    source = open();
    const progress = new Progress(source, account, options.quiet === true);
    const report = await run(source, stages, sink, { signal, account, onProgress: progress.update }).finally(
      () => progress.clear(),
    );
    finish(options, report, account, frame());
    return account.totals(() => true).failed > 0 ? 1 : 0;
  } catch (thrown) {
    if (source === undefined) await sink.abort(RdbkitError.from(thrown));
    else fail(options, thrown, account, frame());
    return reportError(thrown);
  } finally {
    rejects?.close();
  }
}

/** Every dump is looked through before the first write, as far as it can be read twice. */
async function precheckAll(
  names: readonly string[],
  limits: ReturnType<typeof limitsOf>,
  signal: AbortSignal,
): Promise<void> {
  for (const name of names) {
    if (name !== '-') await precheckRdb(openSource(name, { limits }), signal);
  }
}

async function importStages(
  names: readonly string[],
  options: ImportOptions,
  limits: ReturnType<typeof limitsOf>,
  open: () => Source,
  signal: AbortSignal,
): Promise<Stage[]> {
  const startMs = Date.now();
  const moving = () => [
    ...selectionStages(options),
    ...transformationStages(options),
    ...(options.expired === 'keep' ? [] : [skipExpired(() => startMs)]),
  ];
  const stages = moving();
  if ((names.length > 1 || mayMerge(options)) && !names.includes('-')) {
    const collisions = await findCollisions(open(), moving(), { signal, limits });
    if (collisions.keys > 0) {
      say(options, [
        `${collisions.keys} keys come more than once after the changes on the way; --conflict ${options.conflict} decides`,
      ]);
      stages.push(resolveCollisions(collisions, options.conflict));
    }
  }
  return [...stages, ...limitStages(options)];
}

function finish(
  options: ImportOptions,
  report: ImportReport,
  account: Account,
  frame: { seconds: number; written: string },
): void {
  const { target, dryRun } = report;
  const json = { target: targetJson(target), dryRun, ...accountJson(account, frame) };
  if (options.report !== undefined) writeReport(options.report, json);
  if (options.json === true) printJson(json);
  else
    print(
      `${dryRun ? 'Dry run: nothing was written to' : 'Imported into'} ${target.label} (${target.server} ${target.version})`,
      ...accountText(account, frame),
    );
}

/** What was done until the run failed. */
function fail(
  options: ImportOptions,
  thrown: unknown,
  account: Account,
  frame: { seconds: number; written: string },
): void {
  const error = RdbkitError.from(thrown);
  const json = { error: { code: error.code, message: error.describe() }, ...accountJson(account, frame) };
  if (options.report !== undefined) writeReport(options.report, json);
  if (options.json === true) printJson(json);
  else if (account.totals().read > 0) print('Not finished. Until then:', ...accountText(account, frame));
}

function targetJson({ label, server, version, format, notes }: Target) {
  return { address: label, server, version, rdbVersion: format.rdbVersion, notes };
}

function writeReport(path: string, report: unknown): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
    renameSync(beside, path);
  } catch (thrown) {
    throw new RdbkitError('IO', `the report cannot be written: ${(thrown as Error).message}`, {
      subject: path,
      cause: thrown,
    });
  }
}

function say(options: ImportOptions, lines: readonly string[]): void {
  if (options.quiet !== true) for (const line of lines) process.stderr.write(`rdbkit: ${line}\n`);
}

/** A server that evicts keys loses some of what it is given, and nobody is told. */
function memoryWarning({ label, maxMemory, usedMemory, evictionPolicy }: Target): string[] {
  if (maxMemory === 0 || evictionPolicy === 'noeviction') return [];
  return [
    `warning: ${label} may use ${formatBytes(maxMemory)}, uses ${formatBytes(usedMemory)}, and evicts keys when it is full (${evictionPolicy}): keys can get lost there`,
  ];
}

function limitsOf({ inFlight, maxInlineValue }: ImportOptions) {
  return {
    ...(inFlight === undefined ? {} : { inFlightBytes: inFlight }),
    ...(maxInlineValue === undefined ? {} : { maxInlineValue }),
  };
}

/** A database in the address is where all keys go. */
function withAddressDb(options: ImportOptions, db: number | undefined): ImportOptions {
  if (db === undefined) return options;
  if (options.mapDb !== undefined || options.toDb !== undefined) {
    throw new RdbkitError('USAGE', 'the address names a database and --map-db or --to-db another', {
      hint: 'give one of them',
    });
  }
  return { ...options, toDb: db };
}

function credentials(options: ImportOptions) {
  const { user, passwordFile, tlsCa, tlsCert, tlsKey, tlsServerName } = options;
  const password = passwordFile === undefined ? process.env['RDBKIT_PASSWORD'] : readPassword(passwordFile);
  return {
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined || password === '' ? {} : { password }),
    tls: {
      ...(tlsCa === undefined ? {} : { ca: tlsCa }),
      ...(tlsCert === undefined ? {} : { cert: tlsCert }),
      ...(tlsKey === undefined ? {} : { key: tlsKey }),
      ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
    },
  };
}

function readPassword(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (thrown) {
    throw new RdbkitError('IO', 'the password file cannot be read', { subject: path, cause: thrown });
  }
}
