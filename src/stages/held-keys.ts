/** Remembers the keys of which expiries are held. */
export interface HeldKeyNotes {
  /** Names noted. */
  readonly size: number;
  /** Whether there are any of keys with fields whose expiries are held. */
  readonly hasFields: boolean;
  /**
   * Notes the key `bytes[start, end)`.
   * @param parts bits of `HeldPart`
   * @param atMs when it, or the first of its fields, is to expire; left out where that is not known
   */
  add(parts: number, db: number, bytes: Uint8Array, start: number, end: number, atMs?: number): void;
  /** Notes that two databases trade places. */
  swap(first: number, second: number): void;
  /** Puts the notes where they outlive the process; called before the sink gets what they are about. */
  flush(): void;
}

/** Notes on what could not be done as exactly as it should be. */
export const HoldNote = {
  relative: 'expiries that count from when their command is carried out, of which the log has no time',
  large: 'expiries of commands too large for memory, which were not held back',
  largeHash: 'large hashes of the base, whose expiries of fields were not held back',
  unreadable: 'expiries that could not be read, and so were not held back',
  scripts: 'scripts and unknown commands, which may set expiries that were not held back',
  destination: 'moved keys that could not be followed, whose expiries may be held back for good',
} as const;
