import type { Account, Refusal } from '../account.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type {
  AuxRecord,
  CommandRecord,
  FunctionRecord,
  KeyBegin,
  KeyHead,
  LogBegin,
  LogCommand,
  ModuleAuxRecord,
  SlotInfoRecord,
} from '../record.js';
import type { OutputBuffer } from './output-buffer.js';

/** What a dump holds besides keys. */
export type OtherRecord = FunctionRecord | AuxRecord | ModuleAuxRecord | SlotInfoRecord | CommandRecord;

/**
 * What becomes of a key, from what is known before its value: `read` and it comes by `key`, checked
 * before if it is large, and put aside first if it is in parts; `copy` and it comes by `key`
 * unchecked, or by `parts` as it is; left out for a reason; or refused.
 */
export type Handling = 'read' | 'copy' | { readonly skipped: string } | { readonly refused: Refusal };

/** How records are written in one format. The sink around it accounts, buffers and flushes. */
export interface RecordFormat {
  /** As `--format` names it. */
  readonly name: string;
  /** Writes what stands before all records. Notes may be made in the account. */
  begin?(out: OutputBuffer, account: Account): void;
  /**
   * Asked for every key before all else about it. Left out, values are read, and those in parts
   * copied if there is `parts`.
   */
  handling?(head: KeyHead): Handling;
  /**
   * Writes one key with its value. When it throws an RdbkitError (not INTERNAL or IO), what it
   * has written is taken back and the key counts as failed with that cause. A value that is large
   * was checked before, so that it does not throw in the middle: then `out.mayFlush` is true, and
   * it calls `out.spill()` now and then (`out.ensure` does).
   */
  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void;
  /** Takes the values in parts that are to be copied. Left out, they are put aside as all others. */
  readonly parts?: PartsFormat;
  /** Writes a record that is no key; false, or the reason, when the format has no place for it. */
  other?(record: OtherRecord, out: OutputBuffer): boolean | string;
  /**
   * Takes the commands of a log, in order, those of transactions that were never finished not
   * among them. Left out, the format has no place for commands.
   */
  readonly commands?: CommandFormat;
  /** Writes what stands behind all records. */
  end?(out: OutputBuffer): void;
}

export interface PartsFormat {
  begin(head: KeyBegin, out: OutputBuffer): void;
  part(bytes: Uint8Array, out: OutputBuffer): void;
  end(out: OutputBuffer): void;
}

export interface CommandFormat {
  command(record: LogCommand, out: OutputBuffer): void;
  /** A large command comes by `begin` with its first bytes, `bytes` with what follows, and `end`. */
  begin(record: LogBegin, out: OutputBuffer): void;
  bytes(bytes: Uint8Array, out: OutputBuffer): void;
  end(out: OutputBuffer): void;
}
