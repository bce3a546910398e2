import { type Command, InvalidArgumentError } from 'commander';
import { type Magic, magicOfVersion } from '../index.js';

export interface RepairOptions {
  output: string;
  overwrite?: boolean;
  rdbVersion?: Magic;
  partial?: boolean;
  report?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Adds `rdbkit repair`, without its action. */
export function addRepairCommand(program: Command): Command {
  return program
    .command('repair')
    .argument('<source>', 'a damaged dump, gzip and zstd included; - for standard input')
    .description('write a new file from all that can be kept of a damaged one, and say what is lost')
    .requiredOption('-o, --output <file>', 'write to a file, which is there once it is whole')
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
doubt, 2 when nothing can be kept.

Examples:
  rdbkit repair dump.rdb -o repaired.rdb
  rdbkit repair cut-off.rdb.gz -o repaired.rdb --partial --report lost.json
  rdbkit repair no-header.rdb -o repaired.rdb --rdb-version valkey-80`;
