import type { Limits } from '../limits.js';
import type { TargetFormat } from '../rdb/compat.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { FunctionRecord, KeyHead } from '../record.js';
import type { OutputBuffer } from './output-buffer.js';
import type { Handling, OtherRecord, RecordFormat } from './record-format.js';
import { RespCommands } from './resp-commands.js';
import { framedName, putBulk, putBulkInteger, putBulkText, putCommand } from './resp-framing.js';
import { putExpiry, RestoreCommands } from './resp-restore.js';
import { hasCounts } from './resp-target.js';
import { ValueCommands } from './resp-values.js';

export interface RespOptions {
  /** Values as RESTORE commands instead of the commands that build them. */
  readonly restore?: boolean;
  /** Keys and functions that are there give way: DEL goes before a key, REPLACE with a RESTORE. */
  readonly replace?: boolean;
  /**
   * The server that the commands are for. What it does not know is refused, what it reads in
   * another form is changed. Without it, commands are those of the newest servers as far as the
   * dump asks for them, and each payload claims the lowest RDB version that knows its type.
   */
  readonly target?: TargetFormat | undefined;
  readonly limits?: Partial<Limits>;
}

/** No database was selected, or it is not known which. */
const NONE = -1;

const DEL = framedName('DEL');

/**
 * Commands as a client sends them, ready for `redis-cli --pipe`. Strings are SET, lists RPUSH,
 * sets SADD, sorted sets ZADD, hashes HSET with HPEXPIREAT, streams XADD and what belongs to
 * them, each split so that no command is huge; PEXPIREAT follows, so that a key whose expiry is
 * past is gone at once. SELECT stands before the first key and where the database changes.
 * A value that commands cannot build (modules, some streams) is refused with the cause.
 */
export class RespFormat implements RecordFormat {
  readonly name: string = 'resp';
  readonly commands = new RespCommands((db, out) => {
    this.select(db, out);
    this.db = db;
  });
  private readonly values: ValueCommands;
  private readonly restore: RestoreCommands | undefined;
  private readonly replace: boolean;
  private readonly target: TargetFormat | undefined;
  private db = NONE;

  constructor({ restore = false, replace = false, target, limits }: RespOptions = {}) {
    this.values = new ValueCommands(target);
    this.restore = restore ? new RestoreCommands({ replace, target, limits }) : undefined;
    this.replace = replace;
    this.target = target;
  }

  handling(head: KeyHead): Handling {
    const cause = (this.restore ?? this.values).refusal(head);
    return cause === undefined ? 'read' : { refused: { code: 'TARGET_INCOMPATIBLE', cause } };
  }

  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const restore = this.restore?.canWrite(head, value) === true ? this.restore : undefined;
    // What is handed on while it is written cannot be taken back.
    if (restore === undefined && out.mayFlush) this.values.check(head, value);
    this.select(head.db, out);
    if (restore === undefined) this.build(head, value, out);
    else restore.write(head, value, out);
    // Until here the SELECT may be taken back, together with the rest of the key.
    this.db = head.db;
  }

  other(record: OtherRecord, out: OutputBuffer): boolean | string {
    switch (record.kind) {
      case 'function':
        return this.loadFunction(record, out);
      case 'module-aux':
        return 'no command restores what a module keeps outside of keys';
      case 'command':
        this.select(record.db, out);
        out.put(record.bytes);
        this.db = record.db;
        return true;
      default:
        return false;
    }
  }

  private build(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    if (this.replace && head.type.family !== 'string') {
      putCommand(out, 2);
      out.put(DEL);
      putBulk(out, head.keyBytes, head.keyStart, head.keyEnd);
    }
    this.values.write(head, value, out);
    if (head.expireAtMs !== undefined) putExpiry(head, head.expireAtMs, out);
  }

  private select(db: number, out: OutputBuffer): void {
    if (db === this.db) return;
    this.db = NONE;
    putCommand(out, 2);
    putBulkText(out, 'SELECT');
    putBulkInteger(out, db);
  }

  private loadFunction({ code, preGa }: FunctionRecord, out: OutputBuffer): boolean | string {
    if (preGa !== undefined) return 'a library of the 7.0 release candidates, which no release loads';
    if (!hasCounts(this.target)) return 'the target has no functions';
    putCommand(out, this.replace ? 4 : 3);
    putBulkText(out, 'FUNCTION');
    putBulkText(out, 'LOAD');
    if (this.replace) putBulkText(out, 'REPLACE');
    putBulk(out, code);
    return true;
  }
}
