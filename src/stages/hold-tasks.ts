import { commandTable } from '../aof/command-table.js';
import type { LogHead } from '../record.js';

/** What `holdExpiries` has to do at a command. */
export const Task = { none: 0, key: 1, fields: 2, second: 3, move: 4, swap: 5, script: 6 } as const;

const TASKS_BY_NAME: ReadonlyMap<string, number> = new Map([
  ...[
    ...['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT', 'SETEX', 'PSETEX', 'SET', 'GETEX', 'MSETEX'],
    ...['RESTORE', 'RESTORE-ASKING', 'INCREX'],
  ].map((name) => [name, Task.key] as const),
  ...['HEXPIRE', 'HPEXPIRE', 'HEXPIREAT', 'HPEXPIREAT', 'HSETEX', 'HGETEX'].map(
    (name) => [name, Task.fields] as const,
  ),
  ...['RENAME', 'RENAMENX', 'COPY'].map((name) => [name, Task.second] as const),
  ['MOVE', Task.move],
  ['SWAPDB', Task.swap],
  ...['EVAL', 'EVALSHA', 'FCALL'].map((name) => [name, Task.script] as const),
]);

/** By the index of the row. */
const TASKS: Uint8Array = Uint8Array.from(commandTable(), ({ name }) => TASKS_BY_NAME.get(name) ?? Task.none);

/** One of `Task`. */
export function taskOf({ spec }: LogHead): number {
  if (spec.group === 'unknown') return Task.script;
  return TASKS[spec.index] as number;
}
