import type { Command } from 'commander';
import { parseDb } from './parse.js';

export interface GetOptions {
  db?: number;
  json?: boolean;
  quiet?: boolean;
}

/** Adds `rdbkit get`, without its action. */
export function addGetCommand(program: Command): Command {
  return program
    .command('get')
    .argument('<source>', 'a dump or JSON Lines, gzip and zstd included; - for standard input')
    .argument('<key>', 'the key as it is; a binary one quoted as redis-cli prints it: \'"bin\\x00\\xff"\'')
    .description('show one key: type, expiry, size, and all of its value')
    .option('--db <n>', 'the database to look in (default: the first that has the key)', parseDb)
    .option('--json', 'the record as one line of JSON, as export --format jsonl writes it')
    .option('--quiet', 'no progress')
    .addHelpText('after', HELP);
}

const HELP = `
Reading stops where the key was found. Text is shown as it is; bytes that are no text, or that a
terminal would obey, are quoted and escaped as redis-cli does. There is colour on a terminal only,
and none with NO_COLOR. Exit code 1 when the key is not there.

Examples:
  rdbkit get dump.rdb user:1
  rdbkit get dump.rdb session:9 --db 3 --json | jq .value
  rdbkit get dump.rdb '"\\x00\\x01bin"'`;
