import {
  type Account,
  type AofSource,
  type AofSourceOptions,
  expiryDialectOf,
  findCollisions,
  HeldExpiries,
  holdExpiries,
  type ImportReport,
  type LogReach,
  precheckLog,
  RdbkitError,
  type RestoreSink,
  resolveCollisions,
  run,
  Spool,
  type Stage,
  type Target,
} from '../index.js';
import { commandStages } from './command-selection.js';
import { formatCount } from './format.js';
import type { ImportOptions } from './import.js';
import { openLog } from './input.js';
import { targetDatabases } from './log-databases.js';
import { note } from './output.js';
import { Progress } from './progress.js';
import { limitStages, mayMerge, selectionStages, transformationStages } from './selection.js';

/** Expiries that come while a log is imported are held back; no import takes so long. */
const HOLD_MS = 24 * 3_600_000;

/** How long a run that failed may take to give keys the expiries that were held back. */
const RELEASE_MS = 10_000;

/** What an import of a log is made with. */
export interface LogImport {
  readonly name: string;
  /** With a database of the address as `--to-db`. */
  readonly options: ImportOptions;
  readonly source: AofSourceOptions;
  readonly sink: RestoreSink;
  readonly account: Account;
  readonly signal: AbortSignal;
}

/** How an import of a log ended. */
export interface LogImported {
  readonly report: ImportReport;
  readonly source: AofSource;
}

/** @throws RdbkitError USAGE for options that make no sense with a log */
export function requireLogOptions(
  names: readonly string[],
  { conflict, expired, beforeReplay }: ImportOptions,
): void {
  const refuse = (message: string, hint: string) => {
    throw new RdbkitError('USAGE', message, { hint });
  };
  if (names.length > 1) refuse('a log is imported alone', 'import the others in runs of their own');
  if (conflict === 'skip') {
    refuse(
      '--conflict skip makes no sense with a log: its commands change keys that are there',
      'import into an empty target, or give --conflict replace',
    );
  }
  if (beforeReplay !== undefined) {
    refuse('--before-replay is for dumps: the import of a log is its own replay', 'leave it out');
  }
  if (expired === 'keep') {
    refuse('--expired keep makes no sense with a log, which says itself what has expired', 'leave it out');
  }
}

/** Imports the state that a log stands for: the keys of its base, then its commands. */
export async function importLog(given: LogImport): Promise<LogImported> {
  const { name, options, sink, account, signal } = given;
  const target = await sink.connect(signal);
  const source = openLog(name, given.source);
  const reach =
    options.precheck && source.isRepeatable
      ? await precheckLog(openLog(name, given.source), signal)
      : undefined;
  await requireRoom(sink, reach, options);
  const held = HeldExpiries.temporary(() => new Spool());
  try {
    const stages = await logStages(given, target, held, source.isRepeatable);
    const progress = new Progress(source, account, options.quiet === true);
    const report = await run(source, stages, sink, { signal, account, onProgress: progress.update }).finally(
      () => progress.clear(),
    );
    if (held.size > 0) await held.release(sink.address, signal);
    return { report, source };
  } catch (thrown) {
    await releaseLate(held, sink, RdbkitError.from(thrown));
    throw thrown;
  } finally {
    held.close();
  }
}

/** Commands change what is there, so nothing may be, unless that is wanted. */
async function requireRoom(
  sink: RestoreSink,
  reach: LogReach | undefined,
  options: ImportOptions,
): Promise<void> {
  const { conflict, db, notDb, mapDb, toDb } = options;
  const isWhole = [db, notDb, mapDb, toDb].every((option) => option === undefined);
  const targets = targetDatabases({ dbs: reach?.dbs ?? new Set() }, options);
  if (conflict === 'replace') return;
  if (reach === undefined) await sink.requireEmpty(toDb === undefined ? undefined : [toDb]);
  else if (reach.mayReachAll && isWhole) await sink.requireEmpty();
  else await sink.requireEmpty(new Set(targets.values()));
}

async function logStages(
  { name, options, source, signal }: LogImport,
  target: Target,
  held: HeldExpiries,
  isRepeatable: boolean,
): Promise<Stage[]> {
  const moving = () => [...selectionStages(options), ...transformationStages(options)];
  const stages = moving();
  if (mayMerge(options) && isRepeatable) {
    const found = await findCollisions(openLog(name, source), moving(), { signal });
    if (found.keys > 0) {
      if (options.quiet !== true)
        note(
          `${found.keys} keys of the base would come more than once; --conflict ${options.conflict} decides`,
        );
      stages.push(resolveCollisions(found, options.conflict));
    }
  }
  return [
    ...stages,
    // Where a log is taken whole its FLUSHALL belongs to it.
    ...commandStages({ ...options, allowFlush: true }),
    ...(options.dryRun === true
      ? []
      : [holdExpiries(held, { windowMs: HOLD_MS, dialect: expiryDialectOf(target) })]),
    ...limitStages(options),
  ];
}

/** Keys that were written must not stay for good because the run failed. */
async function releaseLate(held: HeldExpiries, sink: RestoreSink, reason: RdbkitError): Promise<void> {
  await sink.abort(reason);
  if (held.size === 0) return;
  await held.release(sink.address, AbortSignal.timeout(RELEASE_MS)).catch(() => undefined);
  if (held.size > 0) {
    note(
      `up to ${formatCount(held.size)} keys in ${sink.address.label} have their expiry held back: empty it and import again`,
    );
  }
}
