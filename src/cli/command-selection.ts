import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  commandDatabases,
  commandGroups,
  commandTtl,
  dropCommand,
  expressionTest,
  globTest,
  type KeyChange,
  type KeyTest,
  listTest,
  type MixedRule,
  notTest,
  prefixing,
  RdbkitError,
  refuseFlush,
  renameCommandKeys,
  type Stage,
  sampleTest,
  selectCommand,
  selectCommandKeys,
  selectCommandsNaming,
  selectCommandType,
  slotTest,
  substitution,
  unprefixing,
  wholeDatabases,
} from '../index.js';
import { keyListOf, type SelectionOptions, type TransformOptions } from './selection.js';

export interface CommandSelectionOptions {
  command?: string[];
  notCommand?: string[];
  mixed?: MixedRule;
  allowFlush?: boolean;
}

/**
 * Adds the options that pick commands of a log, beside those that pick keys.
 * @param options.asksToFlush adds `--allow-flush`; where a log is taken whole, its FLUSHALL belongs to it
 * @param options.mixed the default of `--mixed`
 */
export function addCommandSelection(
  command: Command,
  { asksToFlush = true, mixed = 'fail' }: { asksToFlush?: boolean; mixed?: MixedRule } = {},
): Command {
  command
    .optionsGroup('Which commands of a log:')
    .option('--command <list>', 'only these commands and groups: SET,HSET,@hash', parseCommands)
    .option('--not-command <list>', 'not these commands and groups: FLUSHALL,@scripting', parseCommands)
    .addOption(
      new Option('--mixed <what>', 'commands of selected and other keys that cannot be divided')
        .choices(['keep', 'drop', 'fail'])
        .default(mixed),
    );
  if (asksToFlush) {
    command.option('--allow-flush', 'carry out FLUSHALL and FLUSHDB, instead of stopping there');
  }
  return command;
}

/**
 * The stages that the options stand for with the commands of a log: selection by the names in the
 * source first, then the changes on the way. They let everything else pass, as the stages of
 * `selectionStages` and `transformationStages` let commands pass.
 *
 * @param isRead the commands are for reading, and stay whole; else they are carried out again, and
 *   those of selected and other keys are divided
 * @throws RdbkitError USAGE for options that look at values, which commands do not show
 */
export function commandStages(
  options: SelectionOptions & TransformOptions & CommandSelectionOptions,
  isRead = false,
): Stage[] {
  requireSense(options);
  const { mixed = 'fail' } = options;
  const tests = keyTests(options);
  const changes = keyChanges(options);
  const stages: Stage[] = [];
  if (options.command !== undefined) stages.push(selectCommand(options.command));
  if (options.notCommand !== undefined) stages.push(dropCommand(options.notCommand));
  if (options.type !== undefined) stages.push(selectCommandType(options.type));
  if (tests.length > 0) stages.push((isRead ? selectCommandsNaming : selectCommandKeys)(tests, mixed));
  const { db: only, notDb: not, mapDb: map, toDb: to } = options;
  if ([only, not, map, to].some((option) => option !== undefined)) {
    stages.push(commandDatabases({ only, not, map, to }, mixed));
  }
  if (options.type !== undefined || tests.length > 0 || changes.length > 0)
    stages.push(wholeDatabases(mixed));
  if (options.allowFlush !== true) stages.push(refuseFlush());
  if (changes.length > 0) stages.push(renameCommandKeys(changes));
  if (options.ttl !== undefined && options.ttl.kind !== 'keep') stages.push(commandTtl(options.ttl));
  return stages;
}

/** What `--key`, `--not-key`, `--key-regex`, `--keys-from`, `--slot` and `--sample` ask of a key. */
function keyTests(options: SelectionOptions): KeyTest[] {
  const tests: KeyTest[] = [];
  if (options.key !== undefined) tests.push(globTest(options.key));
  if (options.notKey !== undefined) tests.push(notTest(globTest(options.notKey)));
  if (options.keyRegex !== undefined) tests.push(expressionTest(options.keyRegex));
  const keyList = keyListOf(options);
  if (keyList !== undefined) tests.push(listTest(keyList));
  if (options.slot !== undefined) tests.push(slotTest(options.slot));
  if (options.sample !== undefined) tests.push(sampleTest(options.sample));
  return tests;
}

/** New names, in the order of the help. */
function keyChanges({ stripPrefix, rename = [], addPrefix }: TransformOptions): KeyChange[] {
  const changes: KeyChange[] = [];
  if (stripPrefix !== undefined) changes.push(unprefixing(stripPrefix));
  for (const { expression, replacement } of rename) changes.push(substitution(expression, replacement));
  if (addPrefix !== undefined) changes.push(prefixing(addPrefix));
  return changes;
}

function requireSense({
  minSize,
  maxSize,
  expiry = 'any',
  mapDb,
  toDb,
}: SelectionOptions & TransformOptions): void {
  const ofValues = [
    ...(minSize === undefined ? [] : ['--min-size']),
    ...(maxSize === undefined ? [] : ['--max-size']),
    ...(expiry === 'any' ? [] : ['--expiry']),
  ];
  if (ofValues.length > 0) {
    throw new RdbkitError(
      'USAGE',
      `${ofValues.join(' and ')} cannot pick commands: they do not show the value`,
      {
        hint: 'import the log whole, then export the keys from a dump of that server',
      },
    );
  }
  if (mapDb !== undefined && toDb !== undefined) {
    throw new RdbkitError('USAGE', '--map-db and --to-db exclude each other', { hint: 'give one of them' });
  }
}

/** `SET,XGROUP CREATE,@hash`: names of commands in any case, and groups. */
function parseCommands(text: string, before: string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim().replace(/\s+/g, ' ').toUpperCase());
  const groups = commandGroups();
  for (const name of names) {
    if (name === '' || name === '@') throw new InvalidArgumentError('Give commands as SET,HSET,@hash.');
    if (name.startsWith('@') && !groups.includes(name.slice(1).toLowerCase())) {
      throw new InvalidArgumentError(
        `There is no group ${name.toLowerCase()}. Groups are @${groups.join(', @')}.`,
      );
    }
  }
  return [...before, ...names];
}
