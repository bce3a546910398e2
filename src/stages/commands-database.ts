import { CommandEditor, canEdit } from '../aof/command-editor.js';
import { type DbReach, dbArgument, dbReach } from '../aof/db-reach.js';
import { latin1Bytes } from '../bytes/ascii.js';
import type { Emit, Stage } from '../pipeline.js';
import { LogCommand, type LogHead } from '../record.js';
import { isScript, specNamed } from './command-kinds.js';
import { type Command, commandStage } from './command-stage.js';
import { type DatabaseOptions, DatabasePlan } from './database-plan.js';
import { deleteInstead, LEFT_NOTE } from './deleted-instead.js';
import { type MixedRule, mixed, refuse, stopAt } from './mixed-commands.js';

const ARRIVES = 'it brings a key from a database that is not selected';
const PARTLY = 'it reaches databases that are selected and others';
const UNREADABLE = 'its database cannot be read';
const TOO_LARGE = 'it is too large to be changed';
const MERGED = 'moved or copied onto itself: its databases become one';
const SCRIPT_NOTE = 'scripts carried out in the database selected before them: they may use others';

const FLUSHDB_NAME = latin1Bytes('FLUSHDB');
const flushDb = specNamed('FLUSHDB');

/**
 * Selects commands by the database they act in, and maps it, in SELECT's records too. Commands that
 * reach more than one database:
 *
 * - MOVE, COPY … DB: their argument is mapped. Where both databases become one, a MOVE is skipped,
 *   since the key stays, and a COPY loses its DB, or is skipped where it copies a key to its own name.
 *   Out of the selection, a MOVE becomes DEL and a COPY is dropped; into it, they go by `rule`.
 * - SWAPDB: its arguments are mapped. It ends the run where another database, or the other of the
 *   two, goes to the same place. With one of the two selected it goes by `rule`.
 * - FLUSHDB: acts in the mapped database. It ends the run where another one goes there too.
 * - FLUSHALL: under a selection that names databases, becomes a FLUSHDB in each place they go to; so
 *   it does where all go to one. Under any other mapping it ends the run; under a selection that
 *   names databases to leave out, it goes by `rule`.
 * - Functions and scripts that are loaded belong to no database and pass. Those that are carried out
 *   act in the one that was selected before them, which is noted.
 *
 * Where `rule` says `fail`, SWAPDB and FLUSHALL end the run: nothing behind them fits then.
 *
 * @throws RdbkitError INPUT_UNSUPPORTED, with `part:offset`, where a command ends the run
 */
export function commandDatabases(options: DatabaseOptions, rule: MixedRule): Stage {
  const databases = new CommandDatabases(new DatabasePlan(options), rule);
  return commandStage(
    'database',
    (command, emit) => databases.write(command, emit),
    (command) => databases.move(command),
  );
}

class CommandDatabases {
  private readonly editor = new CommandEditor();

  constructor(
    private readonly plan: DatabasePlan,
    private readonly rule: MixedRule,
  ) {}

  move(command: LogHead): void {
    command.db = this.plan.target(command.db);
  }

  write(command: Command, emit: Emit): void {
    const reach = dbReach(command);
    switch (reach.kind) {
      case 'none':
        this.inside(command, emit);
        break;
      case 'unknown':
        this.unknown(command, emit);
        break;
      case 'argument':
        this.across(command, emit, reach.argument);
        break;
      case 'swap':
        this.swap(command, emit, reach);
        break;
      case 'flush-db':
        this.flushOne(command, emit);
        break;
      case 'flush-all':
        this.flushAll(command, emit);
        break;
      case 'global':
        // Any database would do; this one is always there.
        command.db = 0;
        emit(command);
    }
  }

  private pass(command: Command, emit: Emit): void {
    this.move(command);
    emit(command);
  }

  private inside(command: Command, emit: Emit): void {
    if (this.plan.selects(command.db)) this.pass(command, emit);
  }

  private unknown(command: Command, emit: Emit): void {
    if (!isScript(command.spec)) {
      this.mixed(command, emit, UNREADABLE);
    } else if (this.plan.selects(command.db)) {
      emit.note(SCRIPT_NOTE);
      this.pass(command, emit);
    }
  }

  /** MOVE, and COPY with DB. */
  private across(command: Command, emit: Emit, argument: number): void {
    const { plan } = this;
    const other = dbArgument(command, argument);
    if (other < 0) {
      this.mixed(command, emit, UNREADABLE);
      return;
    }
    const isMove = command.spec.name === 'MOVE';
    const leaves = plan.selects(command.db);
    if (!plan.selects(other)) {
      if (leaves && isMove) this.leave(command, emit);
      return;
    }
    if (!leaves && this.rule !== 'keep') {
      this.mixed(command, emit, ARRIVES);
      return;
    }
    if (plan.target(command.db) === plan.target(other) && command.db !== other) {
      if (isMove || isSameKey(command)) emit.skip(command, MERGED);
      else if (this.dropDb(command, emit, argument)) this.pass(command, emit);
      return;
    }
    if (!this.mapArgument(command, emit, argument, other)) return;
    this.move(command);
    if (leaves) emit(command);
    else this.mixed(command, emit, ARRIVES);
  }

  /** A MOVE out of the selection. */
  private leave(command: Command, emit: Emit): void {
    if (!deleteInstead(this.editor, command)) {
      this.mixed(command, emit, TOO_LARGE);
      return;
    }
    emit.note(LEFT_NOTE);
    this.pass(command, emit);
  }

  private swap(command: Command, emit: Emit, { first, second }: DbReach & { kind: 'swap' }): void {
    const { plan } = this;
    const one = dbArgument(command, first);
    const two = dbArgument(command, second);
    if (one < 0 || two < 0) throw stopAt(command, 'names databases that cannot be read', LEAVE_OUT);
    const selected = Number(plan.selects(one)) + Number(plan.selects(two));
    if (selected === 0) return;
    if (selected === 1) {
      const message = `trades database ${one} for ${two}, of which one is selected and one is not`;
      if (!this.allows(command, emit, PARTLY, message, 'select both, or none')) return;
    }
    if (one !== two && (plan.isMerged(one) || plan.isMerged(two))) {
      throw stopAt(
        command,
        `trades database ${one} for ${two}, which can no longer be told from others where they go`,
        `map them to databases of their own; ${LEAVE_OUT}`,
      );
    }
    if (!this.mapArgument(command, emit, first, one) || !this.mapArgument(command, emit, second, two)) return;
    this.pass(command, emit);
  }

  private flushOne(command: Command, emit: Emit): void {
    const { db } = command;
    if (!this.plan.selects(db)) return;
    if (this.plan.isMerged(db)) {
      throw stopAt(
        command,
        `empties database ${db}, which can no longer be told from others where it goes`,
        `map it to a database of its own, or name the databases selected with --db; ${LEAVE_OUT}`,
      );
    }
    this.pass(command, emit);
  }

  private flushAll(command: Command, emit: Emit): void {
    const { plan } = this;
    if (!plan.isFiltered && !plan.isMapped) {
      this.pass(command, emit);
      return;
    }
    const targets =
      plan.list === undefined
        ? plan.to !== undefined && !plan.isFiltered
          ? [plan.to]
          : undefined
        : [...new Set(plan.list.map((db) => plan.target(db)))];
    if (targets === undefined) {
      const message = 'empties all databases, which is more than what is selected and mapped here';
      if (plan.isMapped)
        throw stopAt(command, message, `name the databases selected with --db; ${LEAVE_OUT}`);
      if (this.allows(command, emit, PARTLY, message, 'name the databases selected with --db')) emit(command);
      return;
    }
    const last = targets.at(-1);
    if (last === undefined) return;
    this.editor.begin(command, command.argumentCount);
    this.editor.put(FLUSHDB_NAME);
    this.editor.skip(1);
    this.editor.finish();
    command.spec = flushDb;
    for (const db of targets.slice(0, -1)) emit.add(besides(command, db));
    command.db = last;
    emit(command);
  }

  /**
   * Whether a command is carried out that reaches databases beside those selected. Where it is not,
   * it is skipped, or ends the run.
   */
  private allows(command: Command, emit: Emit, cause: string, message: string, hint: string): boolean {
    if (this.rule === 'fail') {
      throw stopAt(command, message, `${hint}; --mixed keep carries it out, --not-command leaves it out`);
    }
    if (this.rule === 'drop') emit.skip(command, cause);
    else emit.note(`${cause}: kept`);
    return this.rule === 'keep';
  }

  /** Writes where a database goes into the argument that names it; false when it was refused. */
  private mapArgument(command: Command, emit: Emit, argument: number, db: number): boolean {
    const target = this.plan.target(db);
    if (target === db) return true;
    if (!canEdit(command, argument)) {
      refuse(command, emit, TOO_LARGE);
      return false;
    }
    this.editor.begin(command, command.argumentCount);
    this.editor.copy(argument);
    this.editor.put(latin1Bytes(String(target)));
    this.editor.skip(argument + 1);
    this.editor.finish();
    return true;
  }

  /** Takes the DB of a COPY and its value away; false when it was refused. */
  private dropDb(command: Command, emit: Emit, argument: number): boolean {
    if (!canEdit(command, argument)) {
      refuse(command, emit, TOO_LARGE);
      return false;
    }
    this.editor.begin(command, command.argumentCount - 2);
    this.editor.copy(argument - 1);
    this.editor.skip(argument + 1);
    this.editor.finish();
    return true;
  }

  private mixed(command: Command, emit: Emit, cause: string): void {
    mixed(command, emit, this.rule, cause);
  }
}

const LEAVE_OUT = '--not-command leaves it out';

/** COPY of a key to its own name, in another database. */
function isSameKey(command: LogHead): boolean {
  const one = command.argument(1);
  const two = command.argument(2);
  return one.length === two.length && one.every((byte, i) => byte === two[i]);
}

/**
 * The same command for another database, handed out before it. Its end is its own beginning: who
 * goes on from there does both again.
 */
function besides(command: LogHead, db: number): LogCommand {
  const copy = Object.assign(new LogCommand(), command, { kind: 'log-command' as const });
  copy.db = db;
  copy.endOffset = command.offset;
  return copy;
}
