import { integerArgument } from '../aof/command-arguments.js';
import { type ExpiryArgument, expiryOf, fieldExpiryOf } from '../aof/expiry-arguments.js';
import type { Stage } from '../pipeline.js';
import type { LogCommand } from '../record.js';

const NOTE =
  'expiries are past: a running server deletes what has them at once, which commands behind may go on with (rdbkit import puts them off)';

/**
 * Notes how many expiries of a log are past, for commands that are to be sent to a running server.
 * A server that loads its log deletes nothing until it has loaded.
 */
export function noteExpired(nowMs: number): Stage {
  return {
    name: 'note-expired',
    write(record, emit) {
      const isPast =
        record.kind === 'key' || record.kind === 'key-begin'
          ? record.expireAtMs !== undefined && record.expireAtMs <= nowMs
          : record.kind === 'log-command' && record.spec.isWrite && isPastCommand(record, nowMs);
      if (isPast) emit.note(NOTE);
      emit(record);
    },
  };
}

function isPastCommand(command: LogCommand, nowMs: number): boolean {
  const expiry: ExpiryArgument | undefined = expiryOf(command) ?? fieldExpiryOf(command);
  if (expiry === undefined || expiry.kind !== 'absolute') return false;
  const value = integerArgument(command, expiry.argument);
  return value !== undefined && Number(value) * (expiry.unit === 's' ? 1000 : 1) <= nowMs;
}
