import { CommandEditor, canEdit } from '../aof/command-editor.js';
import { KeyFinder, UNKNOWABLE } from '../aof/command-keys.js';
import { splitRule } from '../aof/splitting.js';
import { latin1Text } from '../bytes/ascii.js';
import type { Emit, Stage } from '../pipeline.js';
import { hasKeyPattern, isScript } from './command-kinds.js';
import { type Command, commandStage } from './command-stage.js';
import { inTurn, type KeyChange } from './key-changes.js';
import { refuse } from './mixed-commands.js';
import { perSpec } from './per-spec.js';

const UNKNOWN_KEYS = 'keys are renamed, and its keys cannot be known';
const PATTERN = 'keys are renamed, and it reads keys by a pattern';
const SCRIPT_KEYS = 'keys are renamed, and a script without keys may use any';
const MERGED = 'the renaming gives two of its keys one name';
const TOO_LARGE = 'it is too large for its keys to be renamed';
const SCRIPT_NOTE = 'scripts whose keys were renamed: names that they make up were not';

/**
 * Renames every key that a command names, those that it only reads too. Refused, each as failed with
 * its cause: commands whose keys cannot be known, SORT with a BY or GET pattern, scripts without
 * keys, and commands of which two different keys get one name, but for those that do the same to
 * each key. What stands in the body of a script stays, which is noted.
 */
export function renameCommandKeys(changes: readonly KeyChange[]): Stage {
  const renaming = new KeyRenaming(inTurn(changes));
  return commandStage('rename', (command, emit) => renaming.write(command, emit));
}

class KeyRenaming {
  private readonly keys = new KeyFinder();
  private readonly editor = new CommandEditor();
  private readonly isScript = perSpec(isScript);
  private readonly isEach = perSpec((spec) => splitRule(spec) !== undefined);
  /** Positions of the keys, ascending, and what they are called then; `undefined` for as they are. */
  private positions: number[] = [];
  private names: (Uint8Array | undefined)[] = [];

  constructor(private readonly change: KeyChange) {}

  write(command: Command, emit: Emit): void {
    const count = this.keys.find(command);
    const script = this.isScript(command.spec);
    if (count === UNKNOWABLE) refuse(command, emit, UNKNOWN_KEYS);
    else if (count === 0) {
      if (script) refuse(command, emit, SCRIPT_KEYS);
      else emit(command);
    } else if (hasKeyPattern(command)) refuse(command, emit, PATTERN);
    else {
      if (script) emit.note(SCRIPT_NOTE);
      if (count === 1) this.one(command, emit);
      else this.several(command, emit, count);
    }
  }

  private one(command: Command, emit: Emit): void {
    const at = this.keys.argumentOf(0);
    const name = this.newName(command, at);
    if (name !== undefined && !canEdit(command, at)) {
      refuse(command, emit, TOO_LARGE);
      return;
    }
    if (name !== undefined) {
      const { editor } = this;
      editor.begin(command, command.argumentCount);
      editor.copy(at);
      editor.put(name);
      editor.skip(at + 1);
      editor.finish();
    }
    emit(command);
  }

  private several(command: Command, emit: Emit, count: number): void {
    this.collect(command, count);
    const { positions, names, editor } = this;
    const last = names.findLastIndex((name) => name !== undefined);
    if (last >= 0 && !canEdit(command, positions[last] as number)) {
      refuse(command, emit, TOO_LARGE);
      return;
    }
    if (last >= 0 && !this.isEach(command.spec) && this.merges(command)) {
      refuse(command, emit, MERGED);
      return;
    }
    if (last >= 0) {
      editor.begin(command, command.argumentCount);
      for (let i = 0; i <= last; i++) {
        const name = names[i];
        if (name === undefined) continue;
        const at = positions[i] as number;
        editor.copy(at);
        editor.put(name);
        editor.skip(at + 1);
      }
      editor.finish();
    }
    emit(command);
  }

  private collect(command: Command, count: number): void {
    const { keys } = this;
    const positions = new Set(Array.from({ length: count }, (_, i) => keys.argumentOf(i)));
    this.positions = [...positions].sort((a, b) => a - b);
    this.names = this.positions.map((at) => this.newName(command, at));
  }

  /** Whether keys that differ have the same name then. */
  private merges(command: Command): boolean {
    const before = new Map<string, string>();
    return this.positions.some((at, i) => {
      const old = latin1Text(command.bytes, command.argumentStart(at), command.argumentEnd(at));
      const name = this.names[i];
      const now = name === undefined ? old : latin1Text(name);
      const other = before.get(now) ?? old;
      before.set(now, old);
      return other !== old;
    });
  }

  private newName(command: Command, argument: number): Uint8Array | undefined {
    return this.change(command.bytes, command.argumentStart(argument), command.argumentEnd(argument));
  }
}
