import { type Command, Option } from 'commander';
import type { JsonLayout } from '../index.js';
import { addCommandSelection, type CommandSelectionOptions } from './command-selection.js';
import { addDumpOptions, type DumpOptions } from './dump-options.js';
import { addMasks, type MaskOptions } from './mask-options.js';
import type { StageOptions } from './run-stages.js';
import { addSelection, addTransformation } from './selection.js';

const FORMATS = ['jsonl', 'json', 'keys', 'csv', 'resp', 'aof', 'rdb'] as const;
export type FormatName = (typeof FORMATS)[number];

export interface ExportOptions extends StageOptions, DumpOptions, MaskOptions, CommandSelectionOptions {
  from?: string;
  until?: string;
  base: boolean;
  format: FormatName;
  output?: string;
  gzip?: boolean;
  overwrite?: boolean;
  layout?: JsonLayout;
  null?: boolean;
  values?: boolean;
  guardFormulas?: boolean;
  restore?: boolean;
  replace?: boolean;
  checksum: boolean;
  rejects?: string;
  report?: string;
  json?: boolean;
}

/** Adds `rdbkit export`, without its action. */
export function addExportCommand(program: Command): Command {
  const command = program
    .command('export')
    .argument(
      '<source...>',
      'dumps or JSON Lines, or an append-only log, gzip and zstd included; - for standard input',
    )
    .description('write keys out as JSON, CSV, commands or another dump, and the commands of a log')
    .addOption(new Option('-f, --format <format>', 'what to write').choices(FORMATS).default('jsonl'))
    .option(
      '-o, --output <file>',
      'write to a file, which is there once it is whole (default: standard output)',
    )
    .optionsGroup('Writing:')
    .option('--gzip', 'compress the output')
    .option('--overwrite', 'take the place of a file that is there already')
    .addOption(
      new Option('--conflict <policy>', 'what to do with keys that come more than once')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--no-checksum', 'do not verify the checksum of the dump')
    .option('--rejects <file>', 'list every key that was not written, as JSON Lines')
    .option('--report <file>', 'write the account as JSON')
    .option('--json', 'the account as JSON')
    .option('--quiet', 'no progress, no notes and no account')
    .optionsGroup('Of one format only:')
    .addOption(
      new Option('--layout <tool>', 'json: the shapes of another tool').choices([
        'rdbkit',
        'rdbtools',
        'hdt3213',
        'rdb-cli',
      ]),
    )
    .option('-0, --null', 'keys: raw, each with a NUL behind it')
    .option('--values', 'csv: another column with the values of strings')
    .option('--guard-formulas', 'csv: an apostrophe before what a spreadsheet would take for a formula')
    .option('--restore', 'resp: RESTORE commands instead of those that build the values')
    .option('--replace', 'resp: overwrite what the server has');
  addCommandSelection(command, { asksToFlush: false, mixed: 'keep' })
    .option('--from <position>', 'begin there, without the base: a time, PART:OFFSET, or end-of-base')
    .option('--until <position>', 'stop behind the last command of that time, or before PART:OFFSET')
    .option('--no-base', 'leave out the keys of the base');
  return addTransformation(addSelection(addMasks(addDumpOptions(command))), 'keep').addHelpText(
    'after',
    HELP,
  );
}

const HELP = `
Formats:
  jsonl  one JSON object a line, lossless: rdbkit reads it back
  json   one array with an object a database, for reading
  keys   names, one a line, as --keys-from reads them
  csv    a line a key: db, key, type, encoding, elements, bytes, expireAt
  resp   commands for redis-cli --pipe
  aof    an append-only file that a server starts from
  rdb    a dump of what was selected, for --target or --rdb-version

A log gives the keys of its base and then its commands, as jsonl (a line a command, for reading: part,
offset, time, transaction, db, command), resp or aof. As jsonl with --key that is the history of a
key: every command that names it, as it stands in the log; as resp and aof, commands of several keys
are left with those that are selected. Transactions that were never finished are left out. A server that starts from aof holds what the log stands for;
one that is sent resp deletes on the way what has expired by then, although the log may go on with it:
rdbkit import puts off expiries until the end.

The account goes to standard output with -o, else to standard error when something was left out.

Examples:
  rdbkit export dump.rdb | jq -c 'select(.type == "hash")'
  rdbkit export dump.rdb --key 'user:*' -o users.jsonl.gz --gzip
  rdbkit export old.rdb --format rdb --target redis-6.2 -o for-6.2.rdb
  rdbkit export a.rdb b.rdb --format rdb --conflict skip -o both.rdb
  rdbkit export dump.rdb --format resp | redis-cli --pipe
  rdbkit export dump.rdb --format csv --limit 1000 -o keys.csv
  rdbkit export appendonlydir --key user:1 --no-base
  rdbkit export appendonlydir --from 2026-07-01T12:00:00Z --command FLUSHALL,@generic`;
