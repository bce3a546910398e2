import { positionText } from '../account.js';
import { RdbkitError } from '../errors.js';
import type { Emit } from '../pipeline.js';
import type { Command } from './command-stage.js';

/** What becomes of a command that is only partly meant, and cannot be divided. */
export type MixedRule = 'keep' | 'drop' | 'fail';

/** Decides on such a command. @param cause words that are the same for the same cause */
export function mixed(command: Command, emit: Emit, rule: MixedRule, cause: string): void {
  switch (rule) {
    case 'keep':
      emit.note(`${cause}: kept`);
      emit(command);
      break;
    case 'drop':
      emit.skip(command, cause);
      break;
    case 'fail':
      refuse(command, emit, cause);
  }
}

/** Fails a command, whose like can be carried out, but not under the options given. */
export function refuse(command: Command, emit: Emit, cause: string): void {
  emit.fail(command, { code: 'INPUT_UNSUPPORTED', cause });
}

/** What ends the run at a command that would change more than it may, or other things than it did. */
export function stopAt(command: Command, message: string, hint: string): RdbkitError {
  return new RdbkitError('INPUT_UNSUPPORTED', `${command.spec.name} ${message}`, {
    where: positionText(command),
    hint,
  });
}
