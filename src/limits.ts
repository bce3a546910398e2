/** Every bound on memory in one place. All sizes are bytes unless the name says otherwise. */
export interface Limits {
  /** A serialized value larger than this comes in parts (key-begin, key-part …, key-end). */
  readonly maxInlineValue: number;
  /** Largest piece of a value in parts. */
  readonly partBytes: number;
  /** Largest key, function, aux field or module aux record; these are always held whole. */
  readonly maxHeldString: number;
  /** Largest packed blob (listpack, ziplist, intset, zipmap), decompressed, that decoding holds. */
  readonly maxPackedBlob: number;
  /** Longest string a file may declare; nothing is allocated from the number itself. */
  readonly maxDeclaredString: number;
  /** Decoded strings longer than this are handed out in fragments of at most this size. */
  readonly fragmentBytes: number;
  /** Pending entries and consumers of one stream group that are held to be joined. */
  readonly maxGroupEntries: number;
  /** A batch ends after this many records (fewer cost CPU in the loops that await batches) … */
  readonly batchRecords: number;
  /** … or after this much input. */
  readonly batchBytes: number;
  /** Names of hash templates (RDB 15) held for the file, in total. */
  readonly maxTemplateBytes: number;
  /** Unacknowledged bytes on the way to a target. */
  readonly inFlightBytes: number;
  /** Unacknowledged commands on the way to a target. */
  readonly inFlightCommands: number;
  /** Keys that may collide when databases, files or names are merged. */
  readonly maxCollisions: number;
  /** Databases that a report or an account tells apart. */
  readonly maxDatabases: number;
  /** Bytes of key names given by `--keys-from`. */
  readonly maxKeyList: number;
  /** A command of a log larger than this comes in parts (log-begin, log-part …, log-end). */
  readonly maxInlineCommand: number;
  /** So much of such a command's beginning comes with its log-begin. */
  readonly commandHeadBytes: number;
  /** Names of commands that no table has, told apart in one log. */
  readonly maxLearnedCommands: number;
  /** Commands of one transaction of a log that are followed until EXEC is answered. */
  readonly maxTransactionCommands: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** The defaults keep any run below 160 MiB. */
export const defaultLimits: Limits = {
  maxInlineValue: 16 * MiB,
  partBytes: 1 * MiB,
  maxHeldString: 16 * MiB,
  maxPackedBlob: 32 * MiB,
  maxDeclaredString: 4096 * MiB,
  fragmentBytes: 256 * KiB,
  maxGroupEntries: 1_000_000,
  batchRecords: 2048,
  batchBytes: 1 * MiB,
  maxTemplateBytes: 16 * MiB,
  inFlightBytes: 8 * MiB,
  inFlightCommands: 65_536,
  maxCollisions: 1_000_000,
  maxDatabases: 65_536,
  maxKeyList: 32 * MiB,
  maxInlineCommand: 16 * MiB,
  commandHeadBytes: 1 * MiB,
  maxLearnedCommands: 256,
  maxTransactionCommands: 1_048_576,
};

/** The defaults with some bounds replaced. */
export function withLimits(overrides: Partial<Limits> | undefined): Limits {
  return overrides === undefined ? defaultLimits : { ...defaultLimits, ...overrides };
}
