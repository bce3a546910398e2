import { heldArguments } from '../aof/command-arguments.js';
import { dbArgument, dbReach } from '../aof/db-reach.js';
import { HeldPart } from '../aof/held-time.js';
import type { Emit } from '../pipeline.js';
import type { LogHead } from '../record.js';
import { type HeldKeyNotes, HoldNote } from './held-keys.js';
import { Task } from './hold-tasks.js';

/** Follows what is held to other names and databases. @param task of the command, one that moves keys or a script */
export function followHeld(held: HeldKeyNotes, command: LogHead, task: number, emit: Emit): void {
  if (task === Task.script) {
    emit.note(HoldNote.scripts);
    return;
  }
  if (held.size === 0) return;
  if (!followed(held, command, task)) emit.note(HoldNote.destination);
}

function followed(held: HeldKeyNotes, command: LogHead, task: number): boolean {
  const reach = dbReach(command);
  if (task === Task.swap) {
    if (reach.kind !== 'swap') return false;
    const first = dbArgument(command, reach.first);
    const second = dbArgument(command, reach.second);
    if (first >= 0 && second >= 0) held.swap(first, second);
    return first >= 0 && second >= 0;
  }
  const destination = task === Task.move ? 1 : 2;
  if (destination >= heldArguments(command) || reach.kind === 'unknown') return false;
  const db = reach.kind === 'argument' ? dbArgument(command, reach.argument) : command.db;
  if (db < 0) return false;
  const parts = held.hasFields ? HeldPart.key | HeldPart.fields : HeldPart.key;
  const { bytes } = command;
  held.add(parts, db, bytes, command.argumentStart(destination), command.argumentEnd(destination));
  return true;
}
