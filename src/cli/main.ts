import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { reportError } from './output.js';
import { parseCount } from './parse.js';
import { addSelection } from './selection.js';

const EXIT_CODES = `
Exit codes:
  0  all is well and accounted for     64  wrong usage
  1  records were refused or differ    70  a bug in rdbkit
  2  the input or the target failed   130  interrupted`;

/** Runs the command line and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const program = new Command('rdbkit')
    .description('Reads, checks and imports the persistence files of Redis and Valkey.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(rdbkit --help tells more)')
    .addHelpText('after', EXIT_CODES);

  addSelection(
    program
      .command('info')
      .argument('<source...>', 'dump files, gzip and zstd included; - for standard input')
      .description('tell what is in a dump: header, counts and sizes by database and type, largest keys')
      .option('--largest <n>', 'how many of the largest keys to name', parseCount, 10)
      .option('--json', 'one JSON object a source')
      .option('--quiet', 'no progress'),
  )
    .addHelpText(
      'after',
      examples('rdbkit info dump.rdb', "rdbkit info dump.rdb --key 'user:*' --json | jq .types"),
    )
    .action(async (names, options) => {
      const { infoCommand } = await import('./info.js');
      code = await infoCommand(names, options, stop.signal);
    });

  addSelection(
    program
      .command('check')
      .argument('<source...>', 'dump files, gzip and zstd included; - for standard input')
      .description('check a dump: checksum, structure, and the inside of every value')
      .option('--json', 'one JSON object a source')
      .option('--quiet', 'no progress'),
  )
    .addHelpText('after', examples('rdbkit check dump.rdb', 'rdbkit check backups/*.rdb.gz --json | jq .ok'))
    .action(async (names, options) => {
      const { checkCommand } = await import('./check.js');
      code = await checkCommand(names, options, stop.signal);
    });

  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 64;
    return reportError(thrown);
  }
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
