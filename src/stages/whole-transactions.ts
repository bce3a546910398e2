import type { Emit, Stage } from '../pipeline.js';
import { type DumpRecord, LogCommand } from '../record.js';
import type { MakeSpill } from '../spill.js';
import { SpilledCommands } from './spilled-commands.js';

/** Why the commands of a transaction without EXEC are left out: a server does not carry them out. */
export const UNFINISHED = 'a transaction that was never finished';

/** So much of a transaction is held in memory; what goes beyond is put aside. */
const HELD_BYTES = 1024 * 1024;
const HELD_COMMANDS = 1024;

/**
 * Keeps the commands of a transaction back until its EXEC has come, and leaves them out when it
 * does not. For sinks that cannot take back what they have written.
 */
export function wholeTransactions(makeSpill: MakeSpill): Stage {
  let held: LogCommand[] = [];
  let heldBytes = 0;
  let spilled: SpilledCommands | undefined;
  const tell = (emit: Emit): void => {
    for (const command of held) emit(command);
    if (spilled !== undefined) emit.pour(told(spilled));
    spilled = undefined;
    held = [];
    heldBytes = 0;
  };
  return {
    name: UNFINISHED,
    write(record, emit) {
      switch (record.kind) {
        case 'log-command':
        case 'log-begin': {
          if (record.transaction === 0) {
            emit(record);
            break;
          }
          emit.hold(record);
          const size = record.end - record.start;
          const fits = heldBytes + size <= HELD_BYTES && held.length < HELD_COMMANDS;
          if (spilled === undefined && fits && record.kind === 'log-command') {
            held.push(copyOf(record));
            heldBytes += size;
          } else {
            spilled ??= new SpilledCommands(makeSpill());
            spilled.add(record);
          }
          if (record.spec.role === 'exec' || record.spec.role === 'discard') tell(emit);
          break;
        }
        case 'log-part':
          if (spilled === undefined) emit(record);
          else spilled.addBytes(record.bytes);
          break;
        case 'log-end':
          if (spilled === undefined) emit(record);
          break;
        default:
          emit(record);
      }
    },
    flush(emit) {
      for (const command of held) emit.skip(command, UNFINISHED);
      for (const command of spilled?.heads() ?? []) emit.skip(command, UNFINISHED);
    },
    close() {
      spilled?.close();
    },
  };
}

function* told(commands: SpilledCommands): Generator<DumpRecord> {
  try {
    yield* commands.records();
  } finally {
    commands.close();
  }
}

/** A record of its own. */
function copyOf(record: LogCommand): LogCommand {
  const copy = Object.assign(new LogCommand(), record);
  const marks = record.marks.slice(record.firstMark, record.firstMark + 2 * record.argumentCount);
  for (let i = 0; i < marks.length; i++) marks[i] = (marks[i] as number) - record.start;
  const bytes = record.bytes.slice(record.start, record.end);
  copy.rewrite(bytes, 0, bytes.length, record.argumentCount, marks, 0);
  return copy;
}
