import type { LogState } from '../aof/log-state.js';
import type { LogMend } from '../aof/mend.js';
import type { MendRules } from '../aof/mend-rules.js';
import { timeText } from '../aof/position.js';
import { RdbkitError } from '../errors.js';
import type { RepairedBytes } from './aof-repair-report.js';

/**
 * Refuses a result that would not be what was asked for, or nothing.
 * @param subject the log
 * @throws RdbkitError INPUT_CORRUPT, INPUT_UNSUPPORTED, USAGE
 */
export function requireSense(
  subject: string,
  rules: MendRules,
  mend: LogMend,
  state: LogState,
  bytes: RepairedBytes,
): void {
  if (bytes.out === 0 && bytes.lost > 0) {
    throw new RdbkitError('INPUT_CORRUPT', 'not one whole command is in it', {
      subject,
      hint: 'check that it is an append-only file, and not compressed',
    });
  }
  if (
    rules.untilSeconds !== undefined &&
    mend.end === undefined &&
    state.times.first < 0 &&
    state.commands > 0
  ) {
    throw new RdbkitError('INPUT_UNSUPPORTED', 'the log tells no times, so it cannot end at one', {
      subject,
      hint: 'give --until PART:OFFSET; servers write times with aof-timestamp-enabled yes',
    });
  }
  const missed = rules.withoutPositions?.find((position) => !mend.unwanted.hits.has(position));
  if (missed !== undefined) {
    throw new RdbkitError('USAGE', `no command that is kept begins at ${missed.part}:${missed.offset}`, {
      subject,
      hint: 'rdbkit export tells the position of each',
    });
  }
}

/** What a person should know of a repair that is done. */
export function repairNotes(rules: MendRules, mend: LogMend, state: LogState): string[] {
  const { times } = state;
  const notes: string[] = [];
  if (times.backwards > 0)
    notes.push(`times go back ${times.backwards} times; the log is read in its own order`);
  if (times.future > 0) notes.push(`${times.future} times lie in the future`);
  const { untilSeconds } = rules;
  if (untilSeconds !== undefined && mend.end === undefined && times.last >= 0) {
    notes.push(`the last time is ${timeText(times.last)}: nothing is later than what was asked for`);
  }
  if (untilSeconds !== undefined && times.first > untilSeconds) {
    notes.push(
      `the first time is ${timeText(times.first)}: what stands before it may be later than asked for`,
    );
  }
  for (const [name, count] of mend.unknown) {
    notes.push(
      `${name} is in no table of commands (${count} times): kept, but a server that does not know it refuses the log`,
    );
  }
  for (const name of rules.withoutNames ?? []) {
    if (!mend.unwanted.hasMet(name)) notes.push(`no ${name} is in it`);
  }
  return notes;
}
