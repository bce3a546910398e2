import { KeyFinder, UNKNOWABLE } from '../aof/command-keys.js';
import type { Stage } from '../pipeline.js';
import { isScript, reachesDatabases } from './command-kinds.js';
import { commandStage } from './command-stage.js';
import { everyTest, type KeyTest } from './key-tests.js';
import { type MixedRule, mixed } from './mixed-commands.js';

const NO_KEY = 'no key';
const UNKNOWN_KEYS = 'its keys cannot be known';
const SCRIPT_KEYS = 'a script without keys may use any';

/**
 * Keeps every command that names a key which every one of the tests means, whole and as it stands
 * in the log, other keys included: what happened to a key, to be read. For what is carried out
 * again there is `selectCommandKeys`.
 *
 * Commands that reach whole databases happen to every key, and pass. Those of which the keys are
 * not known go by `rule`. What has no key is dropped for the reason `no key`.
 */
export function selectCommandsNaming(tests: readonly KeyTest[], rule: MixedRule): Stage {
  const test = everyTest(tests);
  const keys = new KeyFinder();
  return commandStage('key', (command, emit) => {
    const count = keys.find(command);
    if (count === UNKNOWABLE) mixed(command, emit, rule, UNKNOWN_KEYS);
    else if (count === 0) {
      if (reachesDatabases(command.spec)) emit(command);
      else if (isScript(command.spec)) mixed(command, emit, rule, SCRIPT_KEYS);
      else emit.skip(command, NO_KEY);
    } else {
      for (let i = 0; i < count; i++) {
        const at = keys.argumentOf(i);
        if (!test(command.bytes, command.argumentStart(at), command.argumentEnd(at))) continue;
        emit(command);
        return;
      }
    }
  });
}
