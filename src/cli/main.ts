import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { addCommandSelection } from './command-selection.js';
import { addExportCommand } from './export-options.js';
import { addGetCommand } from './get-options.js';
import { addHeadCommand } from './head-options.js';
import { reportError, unwritable } from './output.js';
import { parseCount, parseRate, parseSize } from './parse.js';
import { addRepairCommand } from './repair-options.js';
import { addReplayCommand } from './replay-options.js';
import { addSelection, addTransformation } from './selection.js';
import { addSplitCommand } from './split-options.js';
import { addTargetOptions } from './target-options.js';

const EXIT_CODES = `
Exit codes:
  0  all is well and accounted for     64  wrong usage
  1  records were refused or differ    70  a bug in rdbkit
  2  the input or the target failed   130  interrupted`;

const SOURCES =
  'dumps, append-only files and folders, or JSON Lines of rdbkit, gzip and zstd included; - for standard input';

/** Runs the command line and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => stop.abort());
  // Whoever reads our output may have seen enough; what we do besides goes on.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(reportError(unwritable(error)));
  });
  const program = new Command('rdbkit')
    .description('Reads, checks, converts and imports the persistence files of Redis and Valkey.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(rdbkit --help tells more)')
    .addHelpText('after', EXIT_CODES);

  addCommandSelection(
    addSelection(
      program
        .command('info')
        .argument('<source...>', SOURCES)
        .description(
          'tell what is in a dump or a log: counts and sizes by database, type and command, largest keys',
        )
        .option('--largest <n>', 'how many of the largest keys to name', parseCount, 10)
        .option('--json', 'one JSON object a source')
        .option('--quiet', 'no progress'),
    ),
    { asksToFlush: false, mixed: 'keep' },
  )
    .addHelpText(
      'after',
      examples(
        'rdbkit info dump.rdb',
        'rdbkit info appendonlydir',
        "rdbkit info dump.rdb --key 'user:*' --json | jq .types",
      ),
    )
    .action(async (names, options) => {
      const { infoCommand } = await import('./info.js');
      code = await infoCommand(names, options, stop.signal);
    });

  addSelection(
    program
      .command('check')
      .argument('<source...>', SOURCES)
      .description('check a dump or a log: checksums, structure, the inside of every value, every command')
      .option('--json', 'one JSON object a source')
      .option('--quiet', 'no progress'),
  )
    .addHelpText(
      'after',
      examples(
        'rdbkit check dump.rdb',
        'rdbkit check appendonlydir',
        'rdbkit check backups/*.rdb.gz --json | jq .ok',
      ),
    )
    .action(async (names, options) => {
      const { checkCommand } = await import('./check.js');
      code = await checkCommand(names, options, stop.signal);
    });

  addImport(program).action(async (names, options) => {
    const { importCommand } = await import('./import.js');
    code = await importCommand(names, options, stop.signal);
  });

  addReplayCommand(program).action(async (name, options) => {
    const { replayCommand } = await import('./replay.js');
    code = await replayCommand(name, options, stop.signal);
  });

  addExportCommand(program).action(async (names, options) => {
    const { exportCommand } = await import('./export.js');
    code = await exportCommand(names, options, stop.signal);
  });

  addSplitCommand(program).action(async (names, options) => {
    const { splitCommand } = await import('./split.js');
    code = await splitCommand(names, options, stop.signal);
  });

  addRepairCommand(program).action(async (name, options) => {
    const { repairCommand } = await import('./repair.js');
    code = await repairCommand(name, options, stop.signal);
  });

  addGetCommand(program).action(async (name, key, options) => {
    const { getCommand } = await import('./get.js');
    code = await getCommand(name, key, options, stop.signal);
  });

  addHeadCommand(program).action(async (name, options) => {
    const { headCommand } = await import('./head.js');
    code = await headCommand(name, options, stop.signal);
  });

  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 64;
    return reportError(thrown);
  }
}

function addImport(program: Command): Command {
  const command = program
    .command('import')
    .argument('<source...>', SOURCES)
    .description(
      'write dumps into a running server, key by key with RESTORE; or the state that a log stands for',
    )
    .requiredOption('--to <url>', 'redis://[user:password@]host:port[/db], rediss:// for TLS, unix:///path')
    .optionsGroup('Writing:')
    .addOption(
      new Option('--conflict <policy>', 'what to do with keys that the target has already')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--dry-run', 'write nothing; say what would be written and what would collide')
    .option(
      '--before-replay <file>',
      'a replay with this --checkpoint follows: hold expiries back until its end, so that nothing expires that its log prolongs',
    )
    .option('--no-precheck', 'do not look through the input before the first write')
    .option('--no-checksum', 'do not verify the checksum of the dump')
    .option('--max-rate <rate>', 'at most so many keys a second (5000) or bytes a second (20mb/s)', parseRate)
    .option('--in-flight <size>', 'bytes on the way without reply (default: 8mb)', parseSize)
    .option(
      '--max-inline-value <size>',
      'serialized values above this are sent in parts (default: 16mb)',
      parseSize,
    )
    .option('--rejects <file>', 'list every key that was not written, as JSON Lines')
    .option('--report <file>', 'write the account as JSON')
    .option('--json', 'print the account as JSON')
    .option('--quiet', 'no progress and no notes');
  const picked = addCommandSelection(addSelection(addTargetOptions(command)), { asksToFlush: false });
  return addTransformation(picked).addHelpText(
    'after',
    examples(
      'rdbkit import dump.rdb --to redis://127.0.0.1:6379',
      'rdbkit import appendonlydir --to redis://127.0.0.1:6379',
      'rdbkit import dump.rdb --to redis://127.0.0.1:6379 --map-db 3:0 --conflict skip --rejects rejects.jsonl',
      "rdbkit import backup.rdb.gz --to rediss://import@cache.example:6380 --password-file pw --key 'user:*' --dry-run",
    ),
  );
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
