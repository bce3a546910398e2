import type { Stage } from '../pipeline.js';
import { commandStage } from './command-stage.js';
import { stopAt } from './mixed-commands.js';

const FLUSHES = new Set(['FLUSHALL', 'FLUSHDB']);

/**
 * Ends the run at a FLUSHALL or FLUSHDB, for the replay of a part of a log: one that ran by accident
 * should not be carried over.
 *
 * @throws RdbkitError INPUT_UNSUPPORTED, with `part:offset`
 */
export function refuseFlush(): Stage {
  return commandStage('flush', (command, emit) => {
    if (FLUSHES.has(command.spec.name)) {
      throw stopAt(
        command,
        command.spec.name === 'FLUSHDB' ? `deletes all keys of database ${command.db}` : 'deletes all keys',
        'end before it with --until, carry it out with --allow-flush, or leave it out with --not-command',
      );
    }
    emit(command);
  });
}
