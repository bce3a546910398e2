/**
 * Everything that can go wrong, as a closed list.
 *
 * Bytes that are read can only raise the `INPUT_*` codes and `LIMIT_EXCEEDED`; anything else that
 * leaves a decoder is a bug of ours.
 */
export type RdbkitErrorCode =
  | 'INPUT_TRUNCATED'
  | 'INPUT_CORRUPT'
  | 'INPUT_CHECKSUM'
  | 'INPUT_UNSUPPORTED'
  | 'LIMIT_EXCEEDED'
  | 'USAGE'
  | 'IO'
  | 'TARGET_LOST'
  | 'TARGET_REPLY'
  | 'TARGET_INCOMPATIBLE'
  | 'ABORTED'
  | 'INTERNAL';

export interface RdbkitErrorDetails {
  /** Byte position in the (decompressed) input at which the fault was seen. */
  offset?: number | undefined;
  /** Path in the grammar, outermost first: `key 41 "user:9" > hash-listpack > entry 3`. */
  where?: string | undefined;
  /** Raw bytes of the key concerned; a copy. */
  key?: Uint8Array | undefined;
  /** File, stream or server concerned, as the user named it. */
  subject?: string | undefined;
  /** What the user can do next, as an imperative phrase. */
  hint?: string | undefined;
  cause?: unknown;
}

/** The one error class of rdbkit. `code` says what kind of thing failed, the details say where. */
export class RdbkitError extends Error {
  override readonly name = 'RdbkitError';
  readonly code: RdbkitErrorCode;
  offset: number | undefined;
  where: string | undefined;
  key: Uint8Array | undefined;
  subject: string | undefined;
  hint: string | undefined;

  constructor(code: RdbkitErrorCode, message: string, details: RdbkitErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.offset = details.offset;
    this.where = details.where;
    this.key = details.key;
    this.subject = details.subject;
    this.hint = details.hint;
  }

  /** Any thrown thing as an `RdbkitError`: itself, or wrapped as `code` with the original as cause. */
  static from(thrown: unknown, code: RdbkitErrorCode = 'INTERNAL'): RdbkitError {
    if (thrown instanceof RdbkitError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new RdbkitError(code, message, { cause: thrown });
  }

  /** One sentence for a person: subject, cause, position, and what to do next. */
  describe(): string {
    const place = [
      this.where === undefined ? '' : `in ${this.where}`,
      this.offset === undefined ? '' : `at byte ${this.offset}`,
    ].filter((part) => part !== '');
    return (
      (this.subject === undefined ? '' : `${this.subject}: `) +
      this.message +
      (place.length === 0 ? '' : ` (${place.join(', ')})`) +
      (this.hint === undefined ? '' : `; ${this.hint}`)
    );
  }
}

/** Process exit code that stands for an error, see the README's table. */
export function exitCodeOf(code: RdbkitErrorCode): number {
  switch (code) {
    case 'USAGE':
      return 64;
    case 'INTERNAL':
      return 70;
    case 'ABORTED':
      return 130;
    default:
      return 2;
  }
}
