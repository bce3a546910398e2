import { type CommandEditor, canEdit } from '../aof/command-editor.js';
import { latin1Bytes } from '../bytes/ascii.js';
import { specNamed } from './command-kinds.js';
import type { Command } from './command-stage.js';

/** What the account notes of such commands. */
export const LEFT_NOTE = 'keys that left the selection by RENAME or MOVE, deleted';

const DEL = latin1Bytes('DEL');
const spec = specNamed('DEL');

/**
 * Makes a command that takes its first key away to where it is not meant into the deletion of that
 * key: of what a log holds, it succeeded. False when the command is too large to be changed.
 */
export function deleteInstead(editor: CommandEditor, command: Command): boolean {
  if (!canEdit(command, command.argumentCount - 1)) return false;
  editor.begin(command, 2);
  editor.put(DEL);
  editor.skip(1);
  editor.copy(2);
  editor.skip(command.argumentCount);
  editor.finish();
  command.spec = spec;
  return true;
}
