import { dbArgument, dbReach } from '../aof/db-reach.js';
import { RdbkitError } from '../errors.js';
import { type ReportSink, run } from '../pipeline.js';
import type { LogHead, RecordBatch } from '../record.js';
import type { AofSource } from './aof-source.js';

/** Which databases of its source a log is about. */
export interface LogReach {
  readonly dbs: ReadonlySet<number>;
  /** It may change others as well: by FLUSHALL, or by scripts, which can SELECT. */
  readonly mayReachAll: boolean;
}

/**
 * Makes sure that a log can be read to its end before anything is written from it: every part,
 * every command, the checksum of its base. The source is read to its end: give one of its own. A
 * torn tail, and a transaction without EXEC, are no damage: servers leave them out.
 * @throws RdbkitError the first fault, with nothing written yet
 */
export async function precheckLog(source: AofSource, signal?: AbortSignal): Promise<LogReach> {
  try {
    return await run(source, [], new Reach(), signal === undefined ? {} : { signal });
  } catch (thrown) {
    const error = RdbkitError.from(thrown);
    if (error.code.startsWith('INPUT_')) {
      error.hint = 'nothing was written; rdbkit repair makes a log of what is whole';
    }
    throw error;
  }
}

class Reach implements ReportSink<LogReach> {
  readonly name = 'databases';
  private readonly dbs = new Set<number>();
  private mayReachAll = false;
  private lastDb = -1;

  write({ records }: RecordBatch): void {
    for (const record of records) {
      switch (record.kind) {
        case 'key':
        case 'key-begin':
          this.dbs.add(record.db);
          break;
        case 'log-command':
        case 'log-begin':
          if (record.spec.role === 'plain') this.command(record);
      }
    }
  }

  close(): LogReach {
    return this.report();
  }

  abort(): void {}

  report(): LogReach {
    const { dbs, mayReachAll } = this;
    return { dbs, mayReachAll };
  }

  private command(command: LogHead): void {
    if (command.db !== this.lastDb) this.dbs.add(command.db);
    this.lastDb = command.db;
    const reach = dbReach(command);
    if (reach.kind === 'none') return;
    if (reach.kind === 'unknown' || reach.kind === 'flush-all') this.mayReachAll = true;
    const others =
      reach.kind === 'argument' ? [reach.argument] : reach.kind === 'swap' ? [reach.first, reach.second] : [];
    for (const argument of others) {
      const db = dbArgument(command, argument);
      if (db >= 0) this.dbs.add(db);
    }
  }
}
