import type { Stage } from '../pipeline.js';
import { reachesDatabases } from './command-kinds.js';
import { commandStage } from './command-stage.js';
import { type MixedRule, mixed, stopAt } from './mixed-commands.js';

const CAUSE = 'it reaches whole databases, where only some keys are selected or keys are renamed';

/**
 * Decides on FLUSHALL, FLUSHDB and SWAPDB where keys are selected by name or type, or renamed. For
 * the keys of the log they would do what they did, but the target may have others beside them: so
 * they go by `rule`, and the run ends where that says `fail`, since nothing behind them fits then.
 *
 * @throws RdbkitError INPUT_UNSUPPORTED, with `part:offset`
 */
export function wholeDatabases(rule: MixedRule): Stage {
  return commandStage('whole database', (command, emit) => {
    if (!reachesDatabases(command.spec)) emit(command);
    else if (rule === 'fail') {
      throw stopAt(
        command,
        'reaches whole databases, but only some keys are selected, or keys are renamed',
        '--mixed keep carries it out, --mixed drop leaves it out',
      );
    } else mixed(command, emit, rule, CAUSE);
  });
}
