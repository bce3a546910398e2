import {
  FailedKeys,
  findCollisions,
  noteExpired,
  parsePosition,
  precheckLog,
  RdbkitError,
  type Reject,
  resolveCollisions,
  Spool,
  type Stage,
  wholeTransactions,
  withoutRefusedKeys,
} from '../index.js';
import { commandStages } from './command-selection.js';
import type { ExportPlan } from './export.js';
import { formatFor } from './export-formats.js';
import type { ExportOptions } from './export-options.js';
import { openLog } from './input.js';
import { targetDatabases } from './log-databases.js';
import { logJson, tailNotes } from './replay-report.js';
import { limitStages, mayMerge, selectionStages, transformationStages } from './selection.js';

/** Keys that were refused and are remembered, so that no command makes half of one. */
const MAX_REFUSED = 1_000_000;

const FORMATS: readonly string[] = ['jsonl', 'resp', 'aof'];

/**
 * What a log is exported with: the keys of its base, then its commands.
 * @throws RdbkitError USAGE for what can be done with dumps only
 */
export async function logExport(
  names: readonly string[],
  options: ExportOptions,
  signal: AbortSignal,
): Promise<ExportPlan> {
  const [name] = names as readonly [string];
  requireSense(names, options);
  const open = () => openPart(name, options);
  const source = open();
  const refused = new FailedKeys(MAX_REFUSED);
  const isRead = options.format === 'jsonl';
  return {
    source,
    stages: [
      ...(await movingStages(options, open, signal)),
      ...commandStages({ ...options, allowFlush: true }, isRead),
      wholeTransactions(() => new Spool()),
      ...(isRead ? [] : [withoutRefusedKeys(refused)]),
      ...(options.format === 'resp' ? [noteExpired(Date.now())] : []),
      ...limitStages(options),
    ],
    format: await formatFor(options, { sources: [], open: () => [], signal }),
    onReject({ position, db, key }: Reject) {
      if (position === undefined && db >= 0) refused.add(db, key);
    },
    ending: () => ({
      notes: tailNotes(source),
      json: logJson(source),
      isTorn: source.tail.torn !== undefined,
    }),
  };
}

function openPart(name: string, { from, until, base, checksum }: ExportOptions) {
  return openLog(name, {
    ...(from === undefined ? {} : { from: parsePosition(from) }),
    ...(until === undefined ? {} : { until: parsePosition(until) }),
    base: base && from === undefined ? 'read' : 'skip',
    checksum: checksum ? 'verify' : 'ignore',
  });
}

/** Selection and changes; keys of the base that come to have one name are found in a pass before. */
async function movingStages(
  options: ExportOptions,
  open: () => ReturnType<typeof openLog>,
  signal: AbortSignal,
): Promise<Stage[]> {
  const moving = () => [...selectionStages(options), ...transformationStages(options)];
  if (!mayMerge(options)) return moving();
  const source = open();
  if (!source.isRepeatable) {
    throw new RdbkitError('USAGE', 'changes that can make two keys one need to read the log twice', {
      hint: 'put standard input into a file first',
    });
  }
  targetDatabases(await precheckLog(source, signal), options);
  const found = await findCollisions(open(), moving(), { signal });
  return [...moving(), ...(found.keys > 0 ? [resolveCollisions(found, options.conflict)] : [])];
}

function requireSense(names: readonly string[], options: ExportOptions): void {
  const refuse = (message: string, hint: string) => {
    throw new RdbkitError('USAGE', message, { hint });
  };
  const { format, mask, maskValues, target, rdbVersion, expired } = options;
  if (names.length > 1) {
    refuse('a log is exported alone: its commands build on its base', 'export each input by itself');
  }
  if (!FORMATS.includes(format)) {
    refuse(
      `--format ${format} has no place for the commands of a log`,
      'give --format jsonl, resp or aof; or import the log into a server and take a dump of that',
    );
  }
  if (mask !== undefined || maskValues === true) {
    refuse(
      'the commands of a log cannot be masked',
      'import the log into a server, take a dump of that, and mask the dump',
    );
  }
  if (target !== undefined || rdbVersion !== undefined) {
    refuse(
      `${target === undefined ? '--rdb-version' : '--target'} is for dumps: the commands of a log stay as they are`,
      'rdbkit import writes the log into a server of another version',
    );
  }
  if (expired === 'skip') {
    refuse(
      '--expired skip makes no sense with a log, whose commands can prolong what has expired',
      'leave it out',
    );
  }
}
