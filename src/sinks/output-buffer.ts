import { MAX_INTEGER_DIGITS, putAscii, putInteger } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';

/** Where the bytes of an export go: a file, a pipe, memory. Writes block until the bytes are taken. */
export interface ByteOutput {
  /** Takes bytes, which are borrowed until it returns. */
  write(bytes: Uint8Array): void;
  /**
   * Of an output whose reader can stall: resolves when what it had no room for has gone on;
   * undefined when there is nothing. To be called between batches. Without it `close` waits.
   * @throws RdbkitError ABORTED once the signal says so
   */
  settle?(signal?: AbortSignal): Promise<void> | undefined;
  /** Replaces bytes that it was given before; absent where that cannot be done. */
  patch?(position: number, bytes: Uint8Array): void;
  /**
   * All was written: makes it last, under no name that looks whole yet. For several outputs of
   * one run, which are closed when all are finished; `close` alone does both.
   */
  finish?(): void;
  /** All was written: makes the output what it should be. */
  close(): void;
  /** The run failed: leaves nothing behind that looks whole. */
  abort(): void;
}

const FIRST_BYTES = 512 * 1024;

/** Memory of so many times its first size is given back once its content was handed on. */
const KEPT_TIMES = 8;

/** Bytes on their way to an output: `bytes[0, at)`. `ensure` room, put bytes at `at`, advance it. */
export class OutputBuffer {
  bytes: Uint8Array;
  at = 0;
  /** Bytes handed on before those in the buffer. */
  base = 0;
  /**
   * False while what is in the buffer may still be taken back: it grows then. `spill` hands it on
   * only while this is true.
   */
  mayFlush = true;
  /** Shown all that is handed on, in order, just before: for checksums, which it may fill in. */
  onFlush: ((bytes: Uint8Array) => void) | undefined;

  /** @param firstBytes memory to begin with; half of it full is handed on */
  constructor(
    private readonly output: ByteOutput,
    private readonly firstBytes = FIRST_BYTES,
  ) {
    this.bytes = new Uint8Array(firstBytes);
  }

  /** Bytes put so far. */
  get position(): number {
    return this.base + this.at;
  }

  /** Whether what was handed on can be replaced. */
  get canPatch(): boolean {
    return this.output.patch !== undefined;
  }

  /** Replaces bytes that were handed on. */
  patch(position: number, bytes: Uint8Array): void {
    this.output.patch?.(position, bytes);
  }

  /** Makes room for `size` more bytes at `at`. Reads of `bytes` from before are stale then. */
  ensure(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    this.spill();
    if (this.at + size <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.at + size, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.at++] = value;
  }

  /** Many bytes are handed on piece by piece as far as that may be. */
  put(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const size = end - start;
    if (size > PIECE && this.mayFlush) {
      for (let at = start; at < end; at += PIECE) this.put(bytes, at, Math.min(end, at + PIECE));
      return;
    }
    this.ensure(size);
    if (size <= SHORT) {
      const target = this.bytes;
      let { at } = this;
      for (let i = start; i < end; i++) target[at++] = bytes[i] as number;
      this.at = at;
      return;
    }
    this.bytes.set(bytes.subarray(start, end), this.at);
    this.at += size;
  }

  /** Text of ASCII characters. */
  ascii(text: string): void {
    this.ensure(text.length);
    this.at = putAscii(this.bytes, this.at, text);
  }

  /** An integer in decimal. */
  integer(value: Integer): void {
    this.ensure(MAX_INTEGER_DIGITS);
    this.at = putInteger(this.bytes, this.at, value);
  }

  /** Hands the content on if there is much of it and it will not be taken back. */
  spill(): void {
    if (this.mayFlush && this.at >= this.firstBytes >> 1) this.flush();
  }

  /** Hands the content on. */
  flush(): void {
    if (this.at > 0) {
      const content = this.bytes.subarray(0, this.at);
      this.onFlush?.(content);
      this.output.write(content);
    }
    this.base += this.at;
    this.at = 0;
    if (this.bytes.length > KEPT_TIMES * this.firstBytes) this.bytes = new Uint8Array(this.firstBytes);
  }
}

const PIECE = 128 * 1024;

/** Up to so many bytes a loop copies faster than `set`, which needs a view of its own. */
const SHORT = 128;
