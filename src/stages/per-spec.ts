import type { CommandSpec } from '../resp/command-spec.js';

/** Remembers what is worked out of each row of the command table, and of the names that are in none. */
export function perSpec<T>(workOut: (spec: CommandSpec) => T): (spec: CommandSpec) => T {
  const specs: (CommandSpec | undefined)[] = [];
  const answers: T[] = [];
  return (spec) => {
    const { index } = spec;
    if (specs[index] === spec) return answers[index] as T;
    specs[index] = spec;
    return (answers[index] = workOut(spec));
  };
}
