import { type LogReach, RdbkitError } from '../index.js';
import type { SelectionOptions, TransformOptions } from './selection.js';

/**
 * Where each database of a log goes that is selected.
 * @throws RdbkitError USAGE where two would become one: commands to keys of the same name in both
 *   could not be told apart
 */
export function targetDatabases(
  { dbs }: Pick<LogReach, 'dbs'>,
  { db, notDb, mapDb, toDb }: SelectionOptions & TransformOptions,
): Map<number, number> {
  const sources = [...dbs].filter(
    (one) => (db === undefined || db.includes(one)) && notDb?.includes(one) !== true,
  );
  const targets = new Map<number, number>();
  const taken = new Map<number, number>();
  for (const source of sources) {
    const target = toDb ?? mapDb?.get(source) ?? source;
    const other = taken.get(target);
    if (other !== undefined) {
      throw new RdbkitError(
        'USAGE',
        `databases ${other} and ${source} of the log would both go to ${target}, where their commands could not be kept apart`,
        { hint: 'pick one with --db, or map them to databases of their own' },
      );
    }
    taken.set(target, source);
    targets.set(source, target);
  }
  return targets;
}
