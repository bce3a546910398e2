import { CommandEditor, canEdit } from '../aof/command-editor.js';
import { KeyFinder, UNKNOWABLE } from '../aof/command-keys.js';
import { type SplitRule, splitRule } from '../aof/splitting.js';
import type { Emit, Stage } from '../pipeline.js';
import { hasKeyPattern, isScript, reachesDatabases } from './command-kinds.js';
import { type Command, commandStage } from './command-stage.js';
import { deleteInstead, LEFT_NOTE } from './deleted-instead.js';
import { everyTest, type KeyTest } from './key-tests.js';
import { type MixedRule, mixed } from './mixed-commands.js';
import { perSpec } from './per-spec.js';

const NO_KEY = 'no key';
const SPLIT = 'commands split by key';
const DISAGREE = 'some of its keys are selected and some are not';
const PATTERN = 'it reads keys by a pattern';
const UNKNOWN_KEYS = 'its keys cannot be known';
const SCRIPT_KEYS = 'a script without keys may use any';
const TOO_LARGE = 'it is too large to be split by key';
const SCRIPT_NOTE = 'scripts selected by their keys: they may use others';

/**
 * Keeps the commands whose keys are all meant by every one of the tests, and drops those of which
 * none is. Where keys disagree:
 *
 * - a command that does the same to each key (DEL, MSET, …) is left with the keys that are meant;
 * - one that changes no key that is meant is dropped: for those that are it does nothing;
 * - a RENAME to a name that is not meant becomes DEL of the old one;
 * - any other goes by `rule`, as do those of which the keys are not known.
 *
 * Commands without keys are dropped for the reason `no key`; those that reach whole databases pass,
 * for `wholeDatabases` to judge.
 */
export function selectCommandKeys(tests: readonly KeyTest[], rule: MixedRule): Stage {
  const selection = new KeySelection(everyTest(tests), rule);
  return commandStage('key', (command, emit) => selection.write(command, emit));
}

interface Trait {
  readonly split: SplitRule | undefined;
  readonly isScript: boolean;
  readonly isRename: boolean;
  readonly reachesAll: boolean;
}

class KeySelection {
  private readonly keys = new KeyFinder();
  private readonly editor = new CommandEditor();
  private readonly traitOf = perSpec<Trait>((spec) => ({
    split: splitRule(spec),
    isScript: isScript(spec),
    isRename: spec.name === 'RENAME' || spec.name === 'RENAMENX',
    reachesAll: reachesDatabases(spec),
  }));

  constructor(
    private readonly test: KeyTest,
    private readonly rule: MixedRule,
  ) {}

  write(command: Command, emit: Emit): void {
    const { keys } = this;
    const count = keys.find(command);
    if (count === 1) {
      if (!this.isMeant(command, keys.argumentOf(0))) return;
      const trait = this.traitOf(command.spec);
      if (trait.isScript) emit.note(SCRIPT_NOTE);
      if (hasKeyPattern(command)) this.mixed(command, emit, PATTERN);
      else emit(command);
      return;
    }
    if (count === UNKNOWABLE) this.mixed(command, emit, UNKNOWN_KEYS);
    else if (count === 0) this.withoutKeys(command, emit);
    else this.several(command, emit, count);
  }

  private withoutKeys(command: Command, emit: Emit): void {
    const trait = this.traitOf(command.spec);
    if (trait.reachesAll) emit(command);
    else if (trait.isScript) this.mixed(command, emit, SCRIPT_KEYS);
    else emit.skip(command, NO_KEY);
  }

  private several(command: Command, emit: Emit, count: number): void {
    const { keys } = this;
    let meant = 0;
    let isWritten = false;
    for (let i = 0; i < count; i++) {
      if (!this.isMeant(command, keys.argumentOf(i))) continue;
      meant++;
      if (keys.isWritten(i)) isWritten = true;
    }
    if (meant === 0) return;
    const { split, isScript, isRename } = this.traitOf(command.spec);
    if (meant === count) {
      if (isScript) emit.note(SCRIPT_NOTE);
      if (hasKeyPattern(command)) this.mixed(command, emit, PATTERN);
      else emit(command);
    } else if (split !== undefined) {
      this.split(command, emit, split, count, meant);
    } else if (isWritten) {
      if (isRename && this.isMeant(command, keys.argumentOf(0))) this.remove(command, emit);
      else this.mixed(command, emit, DISAGREE);
    }
  }

  /** Leaves a command with the keys that are meant. */
  private split(
    command: Command,
    emit: Emit,
    { first, step }: SplitRule,
    count: number,
    meant: number,
  ): void {
    if (!canEdit(command, first + step * count - 1)) {
      this.mixed(command, emit, TOO_LARGE);
      return;
    }
    const { editor } = this;
    editor.begin(command, first + step * meant);
    editor.copy(first);
    for (let at = first; at < command.argumentCount; at += step) {
      if (this.isMeant(command, at)) editor.copy(at + step);
      else editor.skip(at + step);
    }
    editor.finish();
    emit.note(SPLIT);
    emit(command);
  }

  /** Where a key goes away to another name, only its deletion is left. */
  private remove(command: Command, emit: Emit): void {
    if (!deleteInstead(this.editor, command)) {
      this.mixed(command, emit, TOO_LARGE);
      return;
    }
    emit.note(LEFT_NOTE);
    emit(command);
  }

  private isMeant(command: Command, argument: number): boolean {
    return this.test(command.bytes, command.argumentStart(argument), command.argumentEnd(argument));
  }

  private mixed(command: Command, emit: Emit, cause: string): void {
    mixed(command, emit, this.rule, cause);
  }
}
