import { type Command, Option } from 'commander';
import { addCommandSelection, type CommandSelectionOptions } from './command-selection.js';
import { parseRate, parseSize } from './parse.js';
import {
  addSelection,
  addTransformation,
  type SelectionOptions,
  type TransformOptions,
} from './selection.js';
import { addTargetOptions, type TargetOptions } from './target-options.js';

export interface ReplayOptions
  extends SelectionOptions,
    TransformOptions,
    TargetOptions,
    CommandSelectionOptions {
  to: string;
  from?: string;
  until?: string;
  afterRdb?: string;
  follow?: boolean;
  checkpoint?: string;
  onDoubt: 'skip' | 'send' | 'stop';
  transactional?: string;
  positionDb?: number;
  dryRun?: boolean;
  maxRate?: { keys?: number; bytes?: number };
  inFlight?: number;
  rejects?: string;
  report?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Adds `rdbkit replay`, without its action. */
export function addReplayCommand(program: Command): Command {
  const command = program
    .command('replay')
    .argument('<source>', 'an append-only file, or the folder or manifest of one')
    .description('send the commands of an append-only log to a running server: only those after a position')
    .requiredOption('--to <url>', 'redis://[user:password@]host:port, rediss:// for TLS, unix:///path')
    .optionsGroup('From where to where:')
    .option('--from <position>', 'where to begin: a time, PART:OFFSET, or end-of-base (the default)')
    .option('--after-rdb <file>', 'begin behind what this dump holds, which was imported before')
    .option('--until <position>', 'last second, or PART:OFFSET to stop before')
    .option('--follow', 'go on as the server appends, until interrupted')
    .optionsGroup('Exactly once:')
    .option('--checkpoint <file>', 'keep in this file how far the replay has come, and go on from there')
    .addOption(
      new Option(
        '--on-doubt <what>',
        'what to do with commands that may or may not have been carried out when a run was killed, and must not be twice',
      )
        .choices(['skip', 'send', 'stop'])
        .default('stop'),
    )
    .option(
      '--transactional <key>',
      'keep the position in this key of the target, set in one transaction with the commands, and go on from there',
    )
    .option('--position-db <n>', 'database of that key (default: 0)', Number)
    .optionsGroup('Writing:')
    .option('--dry-run', 'send nothing; count what would be sent')
    .option(
      '--max-rate <rate>',
      'at most so many commands a second (5000) or bytes a second (20mb/s)',
      parseRate,
    )
    .option('--in-flight <size>', 'bytes on the way without reply (default: 8mb)', parseSize)
    .option('--rejects <file>', 'list every command that was not carried out, as JSON Lines')
    .option('--report <file>', 'write the account as JSON')
    .option('--json', 'print the account as JSON')
    .option('--quiet', 'no progress and no notes');
  addTransformation(addCommandSelection(addSelection(addTargetOptions(command))));
  for (const option of command.options) option.hideHelp(OF_VALUES.has(option.long ?? ''));
  return command.addHelpText('after', HELP);
}

/** Options that look at values, which commands do not show: to be refused with a reason, not offered. */
const OF_VALUES: ReadonlySet<string> = new Set(['--min-size', '--max-size', '--expiry', '--expired']);

const HELP = `
A position is a time as the log's #TS lines tell it (2026-03-01T12:00:00Z, or Unix seconds),
PART:OFFSET (appendonly.aof.3.incr.aof:1042, or 3:1042), or end-of-base. A rewrite of the log makes
a new base: name the one that was imported with --after-rdb where one may have come between.

The target must be as the log's server was there: a replay does not look at it. FLUSHALL and FLUSHDB
stop the replay, unless --allow-flush is given. Expiries that are past, or come while it runs, are
held back until its end; while none runs, keys of the target expire, also such as the log prolongs.
rdbkit import --before-replay holds them back for the replay with that checkpoint.

A run that was killed can be gone on with by --checkpoint, which asks what to do with commands that
may or may not have been carried out, or by --transactional, which leaves no doubt; the latter, too,
needs --checkpoint to find the expiries again that were held back.

Examples:
  rdbkit replay appendonlydir --to redis://127.0.0.1:6379 --after-rdb dump.rdb
  rdbkit replay appendonlydir --to redis://127.0.0.1:6379 --after-rdb base.rdb --follow --checkpoint replay.cp
  rdbkit replay appendonly.aof --to redis://127.0.0.1:6379 --from 2026-03-01T11:59:00Z --until 2026-03-01T12:04:59Z
  rdbkit replay appendonlydir --to redis://127.0.0.1:6379 --transactional rdbkit:position --map-db 3:0`;
