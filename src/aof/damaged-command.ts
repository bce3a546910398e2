import { printable } from '../bytes/escape.js';
import type { LogHead } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';

/** Why a command that frames well is none that a server has written; undefined for any other. */
export function damageOf(record: LogHead): string | undefined {
  const { spec, argumentCount } = record;
  if (!hasArity(spec, argumentCount)) return `${spec.name} with ${argumentCount} arguments`;
  if (spec.group !== 'unknown' || !isDamagedName(record)) return undefined;
  return `no server knows ${printable(record.argument(0), 32)}`;
}

/**
 * Whether an unknown name is no command of a module: it is no word, or has no dot, as theirs do, and
 * no more arguments than SELECT.
 */
function isDamagedName(record: LogHead): boolean {
  const start = record.argumentStart(0);
  const end = record.argumentEnd(0);
  let hasDot = false;
  for (let at = start; at < end; at++) {
    const byte = record.bytes[at] as number;
    if (byte <= 0x20 || byte >= 0x7f) return true;
    if (byte === 0x2e) hasDot = true;
  }
  return start === end || (!hasDot && record.argumentCount <= 2);
}

/** Whether a command takes so many arguments, its name included. */
function hasArity({ arity }: CommandSpec, count: number): boolean {
  return arity > 0 ? count === arity : count >= -arity;
}
