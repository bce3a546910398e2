import type { Integer } from './bytes/integer.js';
import type { RdbkitErrorCode } from './errors.js';
import type { CommandSpec } from './resp/command-spec.js';

/** What a reader says of a value's type without decoding it. */
export interface RecordType {
  /** The type byte of the file. */
  readonly code: number;
  readonly family: string;
  readonly encoding: string;
  /** `family-encoding`, for messages. */
  readonly name: string;
}

/** Field names of the template hashes that a file has declared (Redis 8.10), by template id. */
export interface TemplateTable {
  /** The names, or undefined for an id that was not declared. */
  names(id: Integer): readonly Uint8Array[] | undefined;
}

/**
 * What is known of a key before its value. Stages may change `db`, `expireAtMs` and the key.
 *
 * Records and their bytes are *borrowed*: they are valid until the `write` of the sink that got
 * them has settled, then the reader uses them again. Copy what must live longer.
 */
export abstract class KeyHead {
  abstract readonly kind: 'key' | 'key-begin';
  db = 0;
  type: RecordType = UNTYPED;
  /** The key is `keyBytes[keyStart, keyEnd)`. */
  keyBytes: Uint8Array = EMPTY;
  keyStart = 0;
  keyEnd = 0;
  /** Absolute expiry, Unix ms; undefined for none. */
  expireAtMs: Integer | undefined = undefined;
  /** Seconds since the last access, where the dump has them (LRU policies). */
  idleSeconds: Integer | undefined = undefined;
  /** Access counter 0 to 255, where the dump has it (LFU policies). */
  frequency: number | undefined = undefined;
  /** The KEY_META block of Redis 8.6 and newer, opcode included; undefined for none. */
  metadata: Uint8Array | undefined = undefined;
  /** Number of the key in its source, from 1. */
  index = 0;
  /** Position of the type byte in the input. */
  offset = 0;
  /** Position of the serialized value in the input. */
  valueOffset = 0;
  templates: TemplateTable | undefined = undefined;
  /** Where the run's account keeps this record. */
  tally = -1;

  /** The key's bytes, borrowed. */
  get key(): Uint8Array {
    return this.keyBytes.subarray(this.keyStart, this.keyEnd);
  }

  /** Gives the record another key; the bytes must stay as they are while the record lives. */
  rename(key: Uint8Array): void {
    this.keyBytes = key;
    this.keyStart = 0;
    this.keyEnd = key.length;
  }
}

/** A key with its whole serialized value `valueBytes[valueStart, valueEnd)`, type byte excluded. */
export class KeyRecord extends KeyHead {
  readonly kind = 'key';
  valueBytes: Uint8Array = EMPTY;
  valueStart = 0;
  valueEnd = 0;

  /** Size of its largest string or blob, decompressed, where one has 16 KiB or more; else less. */
  largestString = 0;

  /** The serialized value, borrowed. */
  get value(): Uint8Array {
    return this.valueBytes.subarray(this.valueStart, this.valueEnd);
  }

  /** Serialized size of the value in bytes. */
  get size(): number {
    return this.valueEnd - this.valueStart;
  }
}

/** A key whose value is larger than `limits.maxInlineValue` and follows in parts. */
export class KeyBegin extends KeyHead {
  readonly kind = 'key-begin';
  /** Serialized size of the value in bytes, where the source has looked ahead. */
  size: number | undefined = undefined;
}

/** The next bytes of the serialized value begun before. Cuts fall anywhere. */
export interface KeyPart {
  readonly kind: 'key-part';
  /** Borrowed. */
  readonly bytes: Uint8Array;
}

/** The value begun before is complete. */
export interface KeyEnd {
  readonly kind: 'key-end';
  /** Serialized size of the value in bytes. */
  readonly size: number;
}

/** A function library (Redis 7.0 and newer). */
export interface FunctionRecord {
  readonly kind: 'function';
  /** The source, shebang line included; a copy. */
  readonly code: Uint8Array;
  /** Set for a library of the 7.0 release candidates, which name it outside the source. */
  readonly preGa?: { readonly name: Uint8Array; readonly engine: Uint8Array };
  readonly offset: number;
}

/** A metadata field of the file. Both parts are copies. */
export interface AuxRecord {
  readonly kind: 'aux';
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  readonly offset: number;
}

/** Data that a module keeps outside any key. */
export interface ModuleAuxRecord {
  readonly kind: 'module-aux';
  /** Nine characters, e.g. `scdtype00`. */
  readonly module: string;
  /** The record as stored, without its opcode byte; a copy. */
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Hint before the keys of a cluster slot. */
export interface SlotInfoRecord {
  readonly kind: 'slot-info';
  readonly slot: number;
  readonly keys: Integer;
  readonly expires: Integer;
  readonly offset: number;
}

/** A command that stands between the records of a dump (Valkey 9.2). */
export interface CommandRecord {
  readonly kind: 'command';
  readonly db: number;
  /** The command as a RESP array of bulk strings; a copy. */
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** A file of an append-only log. */
export interface LogPart {
  /** Number in the order in which they are read, from 0. */
  readonly index: number;
  /** Name of the file without its folder, as a manifest has it. */
  readonly name: string;
}

/**
 * A command of an append-only log, as far as it is told before large arguments: as a RESP array of
 * bulk strings `bytes[start, end)`. Borrowed, as all records are. Stages may change `db`, and the
 * arguments by `rewrite`.
 */
export abstract class LogHead {
  abstract readonly kind: 'log-command' | 'log-begin';
  /** The database selected when it was written. */
  db = 0;
  spec: CommandSpec = UNTOLD;
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** Arguments, the name included. */
  argumentCount = 0;
  /** Argument `i` is `bytes[marks[firstMark + 2 * i], marks[firstMark + 2 * i + 1])`. */
  marks: Int32Array = NO_MARKS;
  firstMark = 0;
  part: LogPart = NO_PART;
  /** Position of its first byte in the part. */
  offset = 0;
  /** Position in the part behind its last byte; of a command in parts, too. */
  endOffset = 0;
  /** Unix seconds of the last `#TS:` before it; -1 where there was none. */
  timeSeconds = -1;
  /** Number of the transaction that it is in, MULTI and EXEC included, from 1; 0 for none. */
  transaction = 0;
  /** Number of the command in its source, from 1. */
  index = 0;
  /** Where the run's account keeps this record. */
  tally = -1;

  argumentStart(i: number): number {
    return this.marks[this.firstMark + 2 * i] as number;
  }

  argumentEnd(i: number): number {
    return this.marks[this.firstMark + 2 * i + 1] as number;
  }

  /** Argument `i`, borrowed. */
  argument(i: number): Uint8Array {
    return this.bytes.subarray(this.argumentStart(i), this.argumentEnd(i));
  }

  /** Gives the command other bytes; they must stay as they are while the record lives. */
  rewrite(
    bytes: Uint8Array,
    start: number,
    end: number,
    argumentCount: number,
    marks: Int32Array,
    firstMark: number,
  ): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.argumentCount = argumentCount;
    this.marks = marks;
    this.firstMark = firstMark;
  }
}

/** A whole command of a log. */
export class LogCommand extends LogHead {
  readonly kind = 'log-command';
}

/**
 * A command larger than `limits.maxInlineCommand`, whose bytes follow in parts; it was seen whole
 * before. `bytes[start, end)` is its beginning, cut anywhere: the parts go on there. `marks` holds
 * the arguments that stand wholly in it, `heldArguments` many.
 */
export class LogBegin extends LogHead {
  readonly kind = 'log-begin';
  /** Of `argumentCount` so many, from the first, stand in `bytes` whole. */
  heldArguments = 0;
  /** Size of the whole command in bytes. */
  size = 0;
}

/** The next bytes of the command begun before. Cuts fall anywhere. */
export interface LogBytes {
  readonly kind: 'log-part';
  /** Borrowed. */
  readonly bytes: Uint8Array;
}

/** The command begun before is complete. */
export interface LogEnd {
  readonly kind: 'log-end';
}

/** A line of a JSON Lines file that is no record. What follows it is read all the same. */
export interface FaultRecord {
  readonly kind: 'fault';
  readonly code: RdbkitErrorCode;
  /** Number of the line, from 1. */
  readonly line: number;
  /** Number of the character in the line, in UTF-16 units as editors count, from 1. */
  readonly column: number;
  /** Words that are the same for the same cause. */
  readonly reason: string;
  /** Position of the line in the input. */
  readonly offset: number;
}

export type DumpRecord =
  | KeyRecord
  | KeyBegin
  | KeyPart
  | KeyEnd
  | FunctionRecord
  | AuxRecord
  | ModuleAuxRecord
  | SlotInfoRecord
  | CommandRecord
  | LogCommand
  | LogBegin
  | LogBytes
  | LogEnd
  | FaultRecord;

/** The unit of awaiting and of back-pressure: some records, borrowed. */
export interface RecordBatch {
  readonly records: readonly DumpRecord[];
}

const EMPTY = new Uint8Array(0);
const NO_MARKS = new Int32Array(0);
const NO_PART: LogPart = { index: 0, name: '' };
const UNTOLD: CommandSpec = {
  index: 0,
  name: '',
  group: 'unknown',
  family: undefined,
  isWrite: true,
  arity: 0,
  keys: [],
  role: 'plain',
};
const UNTYPED: RecordType = { code: -1, family: 'opaque', encoding: 'none', name: 'untyped' };
