import type { Refusal } from '../account.js';
import type { Stage } from '../pipeline.js';
import type { LogHead } from '../record.js';
import { commandStage } from './command-stage.js';

/** What is known of keys that are not as the log says. */
export interface RefusedKeys {
  readonly isEmpty: boolean;
  /** Whether a command names such a key; what it would have written is one as well then. */
  refuses(command: LogHead): boolean;
  /** Follows a command that is carried out to where it puts keys. */
  follow(command: LogHead): void;
}

const REFUSED: Refusal = { code: 'TARGET_INCOMPATIBLE', cause: 'its key was refused before' };

/**
 * Fails the commands that name a key which was refused, so that they do not make half of it where
 * the log is carried out. It has to be the last of the stages that change keys.
 */
export function withoutRefusedKeys(keys: RefusedKeys): Stage {
  return commandStage('refused-keys', (command, emit) => {
    if (keys.isEmpty) emit(command);
    else if (keys.refuses(command)) emit.fail(command, REFUSED);
    else {
      keys.follow(command);
      emit(command);
    }
  });
}
