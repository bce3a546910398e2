import { commandTable } from '../aof/command-table.js';
import type { Stage } from '../pipeline.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { commandStage } from './command-stage.js';
import { perSpec } from './per-spec.js';

/**
 * Keeps the commands of these names and groups, in any case: `SET`; `XGROUP CREATE`; `XGROUP` for
 * all that it holds; `@hash` for a group as COMMAND DOCS has it, or for a family of values.
 */
export function selectCommand(names: Iterable<string>): Stage {
  const isNamed = nameTest(names);
  return commandStage('command', (command, emit) => {
    if (isNamed(command.spec)) emit(command);
  });
}

/** Drops the commands of these names and groups. */
export function dropCommand(names: Iterable<string>): Stage {
  const isNamed = nameTest(names);
  return commandStage('command', (command, emit) => {
    if (!isNamed(command.spec)) emit(command);
  });
}

function nameTest(names: Iterable<string>): (spec: CommandSpec) => boolean {
  const wanted = new Set(Array.from(names, (name) => name.toUpperCase()));
  return perSpec(
    ({ name, group, family }) =>
      wanted.has(name) ||
      wanted.has(name.split(' ')[0] as string) ||
      wanted.has(`@${group.toUpperCase()}`) ||
      (family !== undefined && wanted.has(`@${family.toUpperCase()}`)),
  );
}

/** What may stand behind `@`: groups of commands and families of values, in lower case. */
export function commandGroups(): string[] {
  const names = commandTable().flatMap(({ group, family }) => [
    group,
    ...(family === undefined ? [] : [family]),
  ]);
  return [...new Set([...names, 'unknown'])].sort();
}
