import type { Emit, Stage } from '../pipeline.js';
import type { LogBegin, LogCommand } from '../record.js';

/** A command of a log, whole or as its beginning. */
export type Command = LogCommand | LogBegin;

/**
 * A stage that looks at the commands of a log only: what `write` does not pass on, fail or skip is
 * dropped. Everything else passes, and so do SELECT, MULTI, EXEC and DISCARD, which are for the
 * sink; `pass` is shown them before.
 */
export function commandStage(
  name: string,
  write: (command: Command, emit: Emit) => void,
  pass?: (command: Command) => void,
): Stage {
  return {
    name,
    write(record, emit) {
      if (record.kind !== 'log-command' && record.kind !== 'log-begin') emit(record);
      else if (record.spec.role === 'plain') write(record, emit);
      else {
        pass?.(record);
        emit(record);
      }
    },
  };
}
