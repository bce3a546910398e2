/** Somewhere outside memory to put bytes that are read again: a temporary file. */
export interface Spill {
  /** Bytes written. */
  readonly size: number;
  /** Puts bytes behind all others and returns where they begin. */
  write(bytes: Uint8Array): number;
  /** Fills `target` with the bytes from `offset` on. */
  readAt(offset: number, target: Uint8Array): void;
  /** The content from its beginning, in pieces that are borrowed until the next. */
  read(): Iterable<Uint8Array>;
  close(): void;
}

export type MakeSpill = () => Spill;
