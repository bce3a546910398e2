import { type Command, InvalidArgumentError } from 'commander';
import { type Magic, magicOfVersion } from '../index.js';

export interface RepairOptions {
  output: string;
  overwrite?: boolean;
  rdbVersion?: Magic;
  partial?: boolean;
  /** A position as `parsePosition` reads it. */
  until?: string;
  /** Names of commands, or PART:OFFSET. */
  without?: string[];
  report?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Adds `rdbkit repair`, without its action. */
export function addRepairCommand(program: Command): Command {
  return program
    .command('repair')
    .argument(
      '<source>',
      'a damaged dump, gzip and zstd included, or an append-only log; - for standard input',
    )
    .description(
      'write a new dump or log from all that can be kept of a damaged one, and say what is lost; rewind a log',
    )
    .requiredOption(
      '-o, --output <path>',
      'where to write: a file, or a folder for a log in several parts; there once it is whole',
    )
    .option('--overwrite', 'take the place of a file that is there already')
    .option('--report <file>', 'write the report as JSON')
    .option('--json', 'the report as JSON')
    .option('--quiet', 'no progress and no report')
    .optionsGroup('Dumps:')
    .option('--partial', 'of a value that is cut off by the end of the file, keep the whole elements')
    .option(
      '--rdb-version <version>',
      'what the file was, where its header is destroyed: 11, 80, valkey-80',
      parseMagicOption,
    )
    .optionsGroup('Append-only logs:')
    .option('--until <position>', 'rewind: keep what stands before a time or PART:OFFSET')
    .option(
      '--without <what>',
      'leave out every command of a name, or the one at PART:OFFSET (repeatable)',
      (text: string, before: string[] = []) => [...before, text],
    )
    .addHelpText('after', HELP);
}

function parseMagicOption(text: string): Magic {
  const [, name, version] = /^(?:(redis|valkey)-)?(\d{1,3})$/.exec(text.toLowerCase()) ?? [];
  const magic = version === undefined ? undefined : magicOfVersion(Number(version));
  if (magic === undefined || (name !== undefined && magic.dialect !== name)) {
    throw new InvalidArgumentError('Give an RDB version: 1 to 15 of Redis, 80 or 81 of Valkey.');
  }
  return magic;
}

const HELP = `
The source is never written to. Exit codes: 0 when it was whole, 1 when something was lost or is in
doubt, 2 when nothing can be kept. What --until and --without leave out is not lost.

A log is cut before a command that is torn at its end, and before a transaction that has no EXEC.
In the middle, what cannot be read is dropped up to the next whole command.

Examples:
  rdbkit repair dump.rdb -o repaired.rdb
  rdbkit repair cut-off.rdb.gz -o repaired.rdb --partial --report lost.json
  rdbkit repair no-header.rdb -o repaired.rdb --rdb-version valkey-80
  rdbkit repair appendonlydir -o mended
  rdbkit repair appendonlydir -o rewound --until 2026-03-01T11:59:59Z
  rdbkit repair appendonly.aof -o without-flush.aof --without FLUSHALL`;
