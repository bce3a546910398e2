import type { LogHead } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { heldArguments, integerArgument, wordIndex } from './command-arguments.js';
import { commandTable } from './command-table.js';

/** How a command reaches beyond its keys in the selected database. */
export type DbReach =
  | { readonly kind: 'none' }
  /** Into the database that an argument names (MOVE, COPY … DB). */
  | { readonly kind: 'argument'; readonly argument: number }
  /** The databases that two arguments name trade places (SWAPDB). */
  | { readonly kind: 'swap'; readonly first: number; readonly second: number }
  /** To all of the selected database (FLUSHDB). */
  | { readonly kind: 'flush-db' }
  /** To all databases (FLUSHALL). */
  | { readonly kind: 'flush-all' }
  /** To what belongs to no database: functions and scripts. */
  | { readonly kind: 'global' }
  /** Perhaps anywhere: scripts, which may SELECT, and COPY whose options cannot be read. */
  | { readonly kind: 'unknown' };

const NONE: DbReach = { kind: 'none' };
const UNKNOWN: DbReach = { kind: 'unknown' };

/** Reaches that do not depend on arguments; those of containers go for what they hold. */
const REACHES: ReadonlyMap<string, DbReach> = new Map<string, DbReach>([
  ['MOVE', { kind: 'argument', argument: 2 }],
  ['SWAPDB', { kind: 'swap', first: 1, second: 2 }],
  ['FLUSHDB', { kind: 'flush-db' }],
  ['FLUSHALL', { kind: 'flush-all' }],
  ['FUNCTION', { kind: 'global' }],
  ['SCRIPT', { kind: 'global' }],
  ['EVAL', UNKNOWN],
  ['EVALSHA', UNKNOWN],
  ['FCALL', UNKNOWN],
]);

/** COPY source destination [DB db] [REPLACE]. */
const COPY_OPTIONS = ['DB', 'REPLACE'];

/** What COPY reaches by the argument of its DB, up to where it can stand: [DB, db] after two keys and REPLACE. */
const COPY_REACHES: readonly DbReach[] = Array.from({ length: 8 }, (_, argument) => ({
  kind: 'argument',
  argument,
}));

/** By the row's index; undefined for COPY. */
const BY_INDEX: readonly (DbReach | undefined)[] = commandTable().map(({ name }) =>
  name === 'COPY' ? undefined : (REACHES.get(name.split(' ')[0] as string) ?? NONE),
);

/**
 * How a command reaches beyond its keys in the selected database. The answer is one of a few fixed
 * objects. Of commands that no table has nothing is known: they are taken to stay in the database.
 */
export function dbReach(command: LogHead): DbReach {
  const { spec } = command;
  if (!isOfTable(spec)) return NONE;
  return BY_INDEX[spec.index] ?? copyReach(command);
}

/** The database that an argument names; -1 when it is no number from 0 to 2^31 - 1, or not held. */
export function dbArgument(command: LogHead, argument: number): number {
  if (argument >= heldArguments(command)) return -1;
  const db = integerArgument(command, argument);
  return typeof db === 'number' && db >= 0 && db <= 0x7fff_ffff ? db : -1;
}

function isOfTable(spec: CommandSpec): boolean {
  return commandTable()[spec.index] === spec;
}

/** Servers take DB more than once: the last holds, but a log has it once, as clients write it. */
function copyReach(command: LogHead): DbReach {
  const { argumentCount } = command;
  if (argumentCount < 3 || heldArguments(command) < argumentCount) return UNKNOWN;
  let db = 0;
  for (let i = 3; i < argumentCount; i++) {
    const option = wordIndex(command, i, COPY_OPTIONS);
    if (option < 0) return UNKNOWN;
    if (option === 1) continue;
    if (db > 0 || i + 1 === argumentCount) return UNKNOWN;
    db = ++i;
  }
  if (db === 0) return NONE;
  return COPY_REACHES[db] ?? UNKNOWN;
}
