import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SlotRange } from '../index.js';
import { addDumpOptions, type DumpOptions } from './dump-options.js';
import { parseCount, parseSize, parseSlots } from './parse.js';
import type { StageOptions } from './run-stages.js';
import { addSelection, addTransformation } from './selection.js';

/** A cut by what keys are. */
export interface SplitBy {
  readonly kind: 'db' | 'type' | 'prefix';
  /** Segments of the prefix. */
  readonly segments: number;
}

export interface SplitOptions extends Omit<StageOptions, 'maxSize'>, DumpOptions {
  output: string;
  slots?: SlotRange[];
  shards?: number;
  by?: SplitBy;
  /** Size of the files. That of the largest value is `maxValueSize` here. */
  maxSize?: number;
  maxValueSize?: number;
  gzip?: boolean;
  overwrite?: boolean;
  checksum: boolean;
  rejects?: string;
  report?: string;
  json?: boolean;
}

/** Adds `rdbkit split`, without its action. */
export function addSplitCommand(program: Command): Command {
  const command = program
    .command('split')
    .argument('<source...>', 'dumps or JSON Lines, gzip and zstd included; - for standard input')
    .description(
      'cut dumps into several, each whole by itself: by cluster slots, database, type, prefix or size',
    )
    .requiredOption(
      '-o, --output <template>',
      "names of the files: {n} is the number, from 1, {name} what is cut by: 'shard-{n}.rdb'",
    )
    .optionsGroup('Where to cut (one of them):')
    .option(
      '--slots <ranges>',
      'a file for each range of cluster slots: 0-5460,5461-10922,10923-16383',
      parseSlots,
    )
    .option('--shards <n>', 'so many equal ranges of cluster slots', parseCount)
    .option('--by <what>', 'a file for each db, type, or prefix:N, the first N segments cut at :', parseBy)
    .option('--max-size <size>', 'begin the next file once one has this size: 1gb', parseSize)
    .optionsGroup('Writing:')
    .addOption(
      new Option('--conflict <policy>', 'what to do with keys that come more than once')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--gzip', 'compress the files')
    .option('--overwrite', 'take the place of files that are there already')
    .option('--no-checksum', 'do not verify the checksum of the dump')
    .option('--rejects <file>', 'list every key that was not written, as JSON Lines')
    .option('--report <file>', 'write the files and the account as JSON')
    .option('--json', 'print files and account as JSON')
    .option('--quiet', 'no progress and no notes');
  return addTransformation(
    addSelection(addDumpOptions(command), '--max-value-size <size>'),
    'keep',
  ).addHelpText('after', HELP);
}

const HELP = `
The files appear under their names when all of them are whole. Hash tags are honoured. Functions go
into every file of --slots and --shards, for every shard needs them, and else into the first.

Examples:
  rdbkit split dump.rdb -o 'shard-{n}.rdb' --shards 3
  rdbkit split dump.rdb -o 'tenant-{name}.rdb.gz' --by prefix:1 --gzip
  rdbkit split big.rdb -o 'part-{n}.rdb' --max-size 1gb --target redis-6.2`;

/** `db`, `type`, `prefix` or `prefix:2`. */
function parseBy(text: string): SplitBy {
  const [, kind, segments = '1'] = /^(db|type|prefix)(?:(?<=prefix):([1-9]\d?))?$/.exec(text) ?? [];
  if (kind === undefined) throw new InvalidArgumentError('Give db, type, prefix or prefix:2.');
  return { kind: kind as SplitBy['kind'], segments: Number(segments) };
}
