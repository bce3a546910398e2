import { ByteWriter } from '../bytes/writer.js';
import type { MakeSpill, Spill } from '../spill.js';
import { JsonLine } from './jsonl-line.js';

const LF = 0x0a;

/** Cuts input into lines of any length. Lines of white space are passed over. */
export class LineSplitter {
  /** The current line, until the next call of `next`. */
  readonly line = new JsonLine();
  /** Position in the input behind the last line that was handed out. */
  offset = 0;
  /** Whether a newline ends the current line. */
  isTerminated = false;

  private readonly queue: Uint8Array[] = [];
  private at = 0;
  private lines = 0;
  /** The beginning of a line whose end is not in view. */
  private readonly held = new ByteWriter();
  private spill: Spill | undefined;
  private isHandedOut = false;
  private ended = false;

  /**
   * @param maxHeld bytes of a line that are held while its end is not in view
   * @param makeSpill opens a place for a line that is longer
   */
  constructor(
    private readonly maxHeld: number,
    private readonly makeSpill: MakeSpill,
  ) {}

  /** Adds input, borrowed until `next` returns false. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.queue.push(chunk);
  }

  /** Says that no more input comes. */
  end(): void {
    this.ended = true;
  }

  /** True when all was handed out. */
  get isDone(): boolean {
    return this.ended && this.queue.length === 0 && this.held.size === 0 && this.spill === undefined;
  }

  /** Moves to the next line; false when more input is needed, or there is none. */
  next(): boolean {
    if (this.isHandedOut) this.drop();
    for (;;) {
      const chunk = this.queue[0];
      if (chunk === undefined) return this.lastLine();
      const end = chunk.indexOf(LF, this.at);
      if (end < 0) {
        this.hold(chunk, this.at, chunk.length);
        this.queue.shift();
        this.at = 0;
        continue;
      }
      const start = this.at;
      this.at = end + 1;
      if (this.take(chunk, start, end, 1)) return true;
    }
  }

  close(): void {
    this.drop();
  }

  private lastLine(): boolean {
    if (!this.ended || this.isDone) return false;
    return this.take(NOTHING, 0, 0, 0);
  }

  /** Makes the line that ends with these bytes the current one; false when it is blank. */
  private take(chunk: Uint8Array, start: number, end: number, newline: number): boolean {
    const { line, held } = this;
    this.lines++;
    line.number = this.lines;
    line.offset = this.offset;
    this.isTerminated = newline > 0;
    if (held.size === 0 && this.spill === undefined) {
      this.offset += end - start + newline;
      if (isBlank(chunk, start, end)) return false;
      line.hold(chunk, start, end);
      return true;
    }
    this.hold(chunk, start, end);
    this.isHandedOut = true;
    this.offset += (this.spill?.size ?? held.size) + newline;
    if (this.spill !== undefined) {
      line.putAside(this.spill);
      return true;
    }
    line.hold(held.bytes, 0, held.size);
    if (!isBlank(held.bytes, 0, held.size)) return true;
    this.drop();
    return false;
  }

  /** Keeps bytes of a line that is not whole yet. */
  private hold(chunk: Uint8Array, start: number, end: number): void {
    const { held } = this;
    if (this.spill === undefined && held.size + end - start <= this.maxHeld) {
      held.put(chunk, start, end);
      return;
    }
    this.spill ??= this.makeSpill();
    if (held.size > 0) this.spill.write(held.bytes);
    held.size = 0;
    this.spill.write(chunk.subarray(start, end));
  }

  private drop(): void {
    this.isHandedOut = false;
    this.held.size = 0;
    this.spill?.close();
    this.spill = undefined;
  }
}

const NOTHING = new Uint8Array(0);

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
