import { MAX_INTEGER_DIGITS, putAscii, putInteger, utf8Bytes } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';

const CR = 0x0d;
const LF = 0x0a;
const BULK = 0x24;
const ARRAY = 0x2a;

/** Header line of a bulk string or array, at its longest. */
export const HEADER_BYTES = MAX_INTEGER_DIGITS + 3;

/** A piece of framed output. It may be used again when nobody holds it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  holds: number;
}

/**
 * Frames commands as RESP into chunks of memory that are used again and again. A command may be
 * written argument by argument, and an argument piece by piece. Full chunks go to `onChunk`,
 * held once; what else needs a chunk's bytes holds it too, and who lets go calls `release`.
 */
export class CommandWriter {
  /** Bytes framed so far. */
  total = 0;
  /** The chunk being filled, its bytes, and how far they are filled. */
  current: Chunk;
  chunk: Uint8Array;
  at = 0;
  private readonly free: Chunk[] = [];
  /** Bytes that are still to be copied into the chunk, to where `runAt` says. */
  private runBytes: Uint8Array | undefined;
  private runStart = 0;
  private runEnd = 0;
  private runAt = 0;

  constructor(
    private readonly chunkBytes: number,
    private readonly onChunk: (chunk: Chunk, size: number) => void,
  ) {
    this.current = newChunk(chunkBytes);
    this.chunk = this.current.bytes;
  }

  /** Lets go of a chunk that was held. */
  release(chunk: Chunk): void {
    if (--chunk.holds > 0) return;
    if (chunk.bytes.length === this.chunkBytes && this.free.length < MAX_FREE) this.free.push(chunk);
  }

  /** Hands out what is in the chunk. */
  flush(): void {
    this.copyRun();
    if (this.at === 0) return;
    const { current, at } = this;
    this.use(this.free.pop() ?? newChunk(this.chunkBytes));
    current.holds++;
    this.onChunk(current, at);
  }

  /** Makes sure that the next `size` bytes stand in one chunk. */
  ensure(size: number): void {
    if (this.at + size <= this.chunk.length) return;
    this.flush();
    if (size > this.chunk.length) this.use(newChunk(size));
  }

  private use(chunk: Chunk): void {
    this.current = chunk;
    this.chunk = chunk.bytes;
    this.at = 0;
  }

  /** Begins a command of so many arguments, its name included. */
  begin(argumentCount: number): void {
    this.ensure(HEADER_BYTES);
    this.header(ARRAY, argumentCount);
  }

  /** Bytes that are framed already, as by `framed`. */
  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.piece(bytes, 0, bytes.length);
  }

  /**
   * Bytes that are framed already, fit into the chunk (see `ensure`), and stay as they are until it
   * is handed out: those that stand behind one another are then copied at once.
   */
  run(bytes: Uint8Array, start: number, end: number): void {
    const goesOn =
      bytes === this.runBytes && start === this.runEnd && this.at === this.runAt + start - this.runStart;
    if (!goesOn) {
      this.copyRun();
      this.runBytes = bytes;
      this.runStart = start;
      this.runAt = this.at;
    }
    this.runEnd = end;
    this.at += end - start;
    this.total += end - start;
  }

  private copyRun(): void {
    const { runBytes } = this;
    if (runBytes === undefined) return;
    this.runBytes = undefined;
    copy(runBytes, this.runStart, this.runEnd, this.chunk, this.runAt);
  }

  /** An argument of ASCII text. */
  text(text: string): void {
    this.ensure(HEADER_BYTES + text.length + 2);
    this.header(BULK, text.length);
    this.at = putAscii(this.chunk, this.at, text);
    this.line(text.length);
  }

  /** An argument of bytes. */
  bytes(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.beginBytes(end - start);
    this.piece(bytes, start, end);
    this.endBytes();
  }

  /** An argument that is an integer in decimal. */
  integer(value: Integer): void {
    this.ensure(HEADER_BYTES + MAX_INTEGER_DIGITS + 2);
    const size = putInteger(this.chunk, this.at + HEADER_BYTES, value) - this.at - HEADER_BYTES;
    this.header(BULK, size);
    const start = this.at;
    this.at = putInteger(this.chunk, start, value);
    this.line(size);
  }

  /** Begins an argument of `size` bytes, which `piece` then gives. */
  beginBytes(size: number): void {
    this.ensure(HEADER_BYTES);
    this.header(BULK, size);
  }

  /** The next bytes of the argument begun. */
  piece(bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    this.total += end - start;
    while (from < end) {
      if (this.at === this.chunk.length) this.flush();
      const size = Math.min(end - from, this.chunk.length - this.at);
      copy(bytes, from, from + size, this.chunk, this.at);
      this.at += size;
      from += size;
    }
  }

  endBytes(): void {
    this.ensure(2);
    this.line(0);
  }

  private header(mark: number, size: number): void {
    const { chunk } = this;
    const start = this.at;
    chunk[start] = mark;
    const end = putInteger(chunk, start + 1, size);
    chunk[end] = CR;
    chunk[end + 1] = LF;
    this.at = end + 2;
    this.total += end + 2 - start;
  }

  /** Ends a line and counts the `size` bytes before it. */
  private line(size: number): void {
    const { chunk, at } = this;
    chunk[at] = CR;
    chunk[at + 1] = LF;
    this.at = at + 2;
    this.total += size + 2;
  }
}

/** The beginning of a command, framed once to be written often: its argument count and name. */
export function framed(argumentCount: number, name: string): Uint8Array {
  return utf8Bytes(`*${argumentCount}\r\n$${name.length}\r\n${name}\r\n`);
}

const MAX_FREE = 64;

function newChunk(size: number): Chunk {
  return { bytes: new Uint8Array(size), holds: 0 };
}

/** Up to so many bytes a loop copies faster than `set`, which needs a view of its own. */
const SHORT = 128;

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SHORT) {
    to.set(from.subarray(start, end), at);
    return;
  }
  for (let i = start, j = at; i < end; i++, j++) to[j] = from[i] as number;
}
