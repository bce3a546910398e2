import type { Command } from 'commander';
import { parseCount } from './parse.js';
import { addSelection, type SelectionOptions } from './selection.js';

export interface HeadOptions extends SelectionOptions {
  keys: number;
  json?: boolean;
  quiet?: boolean;
}

/** Adds `rdbkit head`, without its action. */
export function addHeadCommand(program: Command): Command {
  return addSelection(
    program
      .command('head')
      .argument('<source>', 'a dump or JSON Lines, gzip and zstd included; - for standard input')
      .description('show the first keys, one a line: type, expiry, size, the beginning of the value')
      .option('-n, --keys <n>', 'how many', parseCount, 20)
      .option('--json', 'JSON Lines, as export --format jsonl writes them')
      .option('--quiet', 'no progress'),
  ).addHelpText('after', HELP);
}

const HELP = `
Reading stops behind the last of them. Sizes are those of the serialized value, in bytes.

Examples:
  rdbkit head dump.rdb
  rdbkit head dump.rdb -n 5 --key 'user:*' --type hash
  rdbkit head dump.rdb -n 1000 --expiry expired --json | jq .key`;
