import { RdbkitError } from '../errors.js';
import type { DumpRecord } from '../record.js';

/**
 * Nothing is known of which arguments of a command a rule would mean.
 * @throws RdbkitError USAGE for a command of a log, or one inside a dump
 */
export function refuseCommands({ kind }: DumpRecord): void {
  if (kind !== 'log-command' && kind !== 'log-begin' && kind !== 'command') return;
  throw new RdbkitError('USAGE', 'the commands of a log cannot be masked', {
    hint: 'import the log into a server, make a dump of that, and mask the dump',
  });
}
