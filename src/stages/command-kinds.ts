import { heldArguments, wordIndex } from '../aof/command-arguments.js';
import { commandTable } from '../aof/command-table.js';
import type { LogHead } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';

const SCRIPTS = new Set(['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO', 'FCALL', 'FCALL_RO']);

/** Scripts and functions that are carried out, and may use more keys than they name. */
export function isScript({ name }: CommandSpec): boolean {
  return SCRIPTS.has(name);
}

const WHOLE_DATABASES = new Set(['FLUSHALL', 'FLUSHDB', 'SWAPDB', 'CLUSTER FLUSHSLOT']);

/** Commands that name no key and reach all of a database, of several, or of a slot. */
export function reachesDatabases({ name }: CommandSpec): boolean {
  return WHOLE_DATABASES.has(name);
}

/** The row of a command that is made out of another. */
export function specNamed(name: string): CommandSpec {
  return commandTable().find((spec) => spec.name === name) as CommandSpec;
}

const STAR = 0x2a;

/** SORT takes a value each of BY, GET and STORE, and two of LIMIT. */
const SORT_VALUES = ['BY', 'GET', 'STORE', 'LIMIT'];
const PATTERNS = 2;

/** Whether a SORT reads keys whose names it makes up from a pattern; also where that is not to be seen. */
export function hasKeyPattern(command: LogHead): boolean {
  if (!command.spec.name.startsWith('SORT')) return false;
  const held = heldArguments(command);
  if (held < command.argumentCount) return true;
  for (let i = 2; i < held; i++) {
    const option = wordIndex(command, i, SORT_VALUES);
    if (option < 0) continue;
    i += option === 3 ? 2 : 1;
    if (option < PATTERNS && i < held && command.argument(i).includes(STAR)) return true;
  }
  return false;
}
