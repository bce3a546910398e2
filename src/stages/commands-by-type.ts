import { heldArguments } from '../aof/command-arguments.js';
import type { Stage } from '../pipeline.js';
import { allTypes } from '../rdb/types.js';
import type { LogHead } from '../record.js';
import { commandStage } from './command-stage.js';

const ANY_TYPE = 'commands that work on any type, kept with --type';

/**
 * Keeps the commands that work on values of one of these families. Of those that work on any (DEL,
 * EXPIRE, RENAME, scripts) nobody can say what the key holds: they are kept, and noted. RESTORE goes
 * by the value that it brings. Commands without keys pass.
 */
export function selectCommandType(families: Iterable<string>): Stage {
  const wanted = new Set(families);
  return commandStage('type', (command, emit) => {
    const { spec } = command;
    const family = spec.family ?? restoredFamily(command);
    if (family !== undefined) {
      if (wanted.has(family)) emit(command);
      return;
    }
    if (spec.keys.length > 0) emit.note(ANY_TYPE);
    emit(command);
  });
}

const RESTORES = new Set(['RESTORE', 'RESTORE-ASKING']);

/** RESTORE key ttl serialized-value: its first byte is the type of the value. */
const PAYLOAD = 3;

/** Families by type byte; undefined where servers give a number different meanings. */
const familyOf: readonly (string | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  const families = new Set(allTypes().flatMap((type) => (type.code === code ? [type.family] : [])));
  return families.size === 1 ? [...families][0] : undefined;
});

function restoredFamily(command: LogHead): string | undefined {
  if (!RESTORES.has(command.spec.name) || heldArguments(command) <= PAYLOAD) return undefined;
  const start = command.argumentStart(PAYLOAD);
  return start < command.argumentEnd(PAYLOAD) ? familyOf[command.bytes[start] as number] : undefined;
}
