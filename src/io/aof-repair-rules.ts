import type { MendRules } from '../aof/mend-rules.js';
import type { LogPosition } from '../aof/position.js';
import { RdbkitError } from '../errors.js';
import { type PlannedPart, placeOf } from './aof-repair-plan.js';

/** Commands that are what others stand in. */
const FRAME: ReadonlySet<string> = new Set(['SELECT', 'MULTI', 'EXEC', 'DISCARD']);

/**
 * The rules of a repair, with positions by the names of parts.
 * @param until where the log is to end
 * @param without commands to leave out, by name or position
 * @param preamble bytes of the dump at the beginning of the first part
 * @throws RdbkitError USAGE where they make no sense
 */
export function rulesOf(
  { until, without = [] }: { until?: LogPosition; without?: readonly (string | LogPosition)[] },
  plan: readonly PlannedPart[],
  preamble: number,
): MendRules {
  const names = without.filter((what) => typeof what === 'string').map((name) => name.toUpperCase());
  const frame = names.find((name) => FRAME.has(name));
  if (frame !== undefined) {
    throw new RdbkitError('USAGE', `${frame} cannot be left out: what other commands mean depends on it`, {
      hint: 'name the commands that changed data',
    });
  }
  const positions = without.filter((what) => typeof what !== 'string');
  if (positions.some(({ kind }) => kind === 'time')) {
    throw new RdbkitError('USAGE', 'a time is no command', { hint: 'give its name, or PART:OFFSET' });
  }
  return {
    untilSeconds: until?.kind === 'time' ? until.seconds : undefined,
    untilPosition: until === undefined || until.kind === 'time' ? undefined : placeOf(until, plan, preamble),
    withoutNames: new Set(names),
    withoutPositions: positions.map((position) => placeOf(position, plan, preamble)),
  };
}
