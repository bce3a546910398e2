import type { Account } from '../account.js';
import { latin1Text } from '../bytes/ascii.js';
import type { DumpRecord, LogBegin } from '../record.js';
import type { FunctionWriter } from './function-writer.js';
import type { KeyWriter } from './key-writer.js';
import type { Link } from './link.js';
import type { LogWriter } from './log-writer.js';
import type { Outcomes } from './outcome.js';

/** Who writes which records into a target, and which of them is at it. */
export interface RecordWriters {
  readonly link: Link;
  readonly account: Account;
  readonly outcomes: Outcomes;
  readonly keys: KeyWriter;
  readonly functions: FunctionWriter;
  readonly logs: LogWriter;
  /** The last key or command was one of a log. */
  isInLog: boolean;
  /** The command of a log that comes in parts. */
  large: LogBegin | undefined;
}

/** Has a record written, or enters why not. Returns a promise when the next one has to wait. */
export function writeRecord(writing: RecordWriters, record: DumpRecord): Promise<void> | undefined {
  const { account, keys, functions, logs } = writing;
  switch (record.kind) {
    case 'key':
      if (writing.isInLog) return leaveLog(writing, record);
      return keys.key(record);
    case 'key-begin':
      if (writing.isInLog) return leaveLog(writing, record);
      return keys.begin(record);
    case 'log-command':
      if (!writing.isInLog) return enterLog(writing, record);
      return logs.command(record);
    case 'log-begin':
      if (!writing.isInLog) return enterLog(writing, record);
      writing.large = record;
      return logs.begin(record);
    case 'log-part':
      return logs.bytes(record.bytes);
    case 'log-end':
      return logs.end(writing.large as LogBegin);
    case 'key-part':
      return keys.part(record.bytes);
    case 'key-end':
      return keys.end();
    case 'function':
      functions.write(record);
      break;
    case 'module-aux':
      account.skipped(
        account.read(-1, 'module-aux', record.bytes.length),
        'data of a module outside keys, which no command restores',
      );
      break;
    case 'command':
      account.failed(
        account.read(-1, 'command', record.bytes.length),
        'commands inside a dump are not carried out',
      );
      break;
    case 'aux':
      if (latin1Text(record.name) === 'keydb-subexpire-key') {
        account.note('expiries of set members and hash fields of KeyDB are not carried over');
      }
      break;
    default:
  }
  return undefined;
}

/** Every key must have its reply first: a command must not change one that was refused. */
async function enterLog(writing: RecordWriters, record: DumpRecord): Promise<void> {
  await writing.keys.finish();
  writing.outcomes.check();
  writing.isInLog = true;
  await writeRecord(writing, record);
}

async function leaveLog(writing: RecordWriters, record: DumpRecord): Promise<void> {
  await writing.logs.drain('caught-up');
  writing.isInLog = false;
  await writeRecord(writing, record);
}
