import type { Account } from '../index.js';
import type { CommandSelectionOptions } from './command-selection.js';
import { note } from './output.js';
import type { SelectionOptions } from './selection.js';

/**
 * Whether commands had no effect in the target that had one at the source of the log, and says so.
 * Where commands are left out on which others may build that means nothing.
 */
export function showsDifference(
  { differences }: Account,
  { type, command, notCommand }: SelectionOptions & CommandSelectionOptions,
): boolean {
  if (differences === 0 || [type, command, notCommand].some((option) => option !== undefined)) return false;
  note(
    'commands had no effect in the target that had one in the log: the target was not as the server of the log was there, see the notes',
  );
  return true;
}
