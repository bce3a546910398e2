import { putInteger } from '../bytes/ascii.js';
import { LogBegin, LogCommand, type LogHead } from '../record.js';
import { heldArguments } from './command-arguments.js';

const CR = 0x0d;
const LF = 0x0a;
const ARRAY = 0x2a;
const BULK = 0x24;

/** Room that is made at once. */
const CHUNK_BYTES = 256 * 1024;
const CHUNK_MARKS = 32 * 1024;

/** `*` or `$`, at most ten digits, and CR LF. */
const HEADER_BYTES = 16;

/** Arguments of a command in parts that may be put beyond those left out. */
const MOST_MORE = 8;

/** Up to so many bytes a loop copies faster than `set`, which needs a view of its own. */
const SHORT = 64;

/**
 * Makes a changed command out of one: `begin`, then its arguments in order, each copied, left out
 * or put, then `finish`. The bytes stand in memory that is never written again, since a record may
 * live on when the next one is made; a chunk goes when no record stands in it any more.
 */
export class CommandEditor {
  private command: LogHead = new LogCommand();
  private argumentCount = 0;
  /** The argument that comes next, and where its header begins. */
  private next = 0;
  private from = 0;

  /** The chunk; the command that is being made is `bytes[start, at)`. */
  private bytes = new Uint8Array(0);
  private start = 0;
  private at = 0;
  private marks = new Int32Array(0);
  private firstMark = 0;
  private marked = 0;

  /** Begins to change a command into one of so many arguments. */
  begin(command: LogHead, argumentCount: number): void {
    this.command = command;
    this.argumentCount = argumentCount;
    this.start = this.at;
    this.ensure(command.end - command.start + HEADER_BYTES);
    const marks = 2 * Math.min(argumentCount, heldArguments(command) + MOST_MORE);
    if (this.marked + marks > this.marks.length) {
      this.marks = new Int32Array(Math.max(CHUNK_MARKS, marks));
      this.marked = 0;
    }
    this.firstMark = this.marked;
    this.header(ARRAY, argumentCount);
    this.next = 0;
    this.from = command.bytes.indexOf(LF, command.start) + 1;
  }

  /** Copies the arguments from where it stands up to `end`, which is not among them. */
  copy(end: number): void {
    if (end === this.next) return;
    const { command, marks, next, from } = this;
    this.pass(end);
    const size = this.from - from;
    this.ensure(size);
    const moved = this.at - from;
    for (let i = next; i < end; i++) {
      marks[this.marked++] = command.argumentStart(i) + moved;
      marks[this.marked++] = command.argumentEnd(i) + moved;
    }
    this.piece(command.bytes, from, this.from);
  }

  /** Leaves the arguments from where it stands up to `end` out. */
  skip(end: number): void {
    if (end > this.next) this.pass(end);
  }

  /** Puts an argument that the command does not have: `bytes[start, end)`. */
  put(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.ensure(end - start + 2 * HEADER_BYTES);
    this.header(BULK, end - start);
    this.marks[this.marked++] = this.at;
    this.piece(bytes, start, end);
    this.marks[this.marked++] = this.at;
    this.bytes[this.at++] = CR;
    this.bytes[this.at++] = LF;
  }

  /** Copies the arguments that are left, and gives the command what was made. */
  finish(): void {
    const { command } = this;
    const size = command.end - command.start;
    this.copy(heldArguments(command));
    if (command instanceof LogBegin) {
      this.ensure(command.end - this.from);
      this.piece(command.bytes, this.from, command.end);
      command.heldArguments = (this.marked - this.firstMark) / 2;
      command.size += this.at - this.start - size;
    }
    command.rewrite(this.bytes, this.start, this.at, this.argumentCount, this.marks, this.firstMark);
  }

  /** Goes behind the arguments before `end`; of the last one held, the end of its line may be missing. */
  private pass(end: number): void {
    this.next = end;
    this.from = Math.min(this.command.argumentEnd(end - 1) + 2, this.command.end);
  }

  /** Makes room for so many bytes in the chunk, or in a new one, to which what was made moves. */
  private ensure(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const made = this.at - this.start;
    const moved = -this.start;
    const chunk = new Uint8Array(Math.max(CHUNK_BYTES, made + size + (made >>> 1)));
    chunk.set(this.bytes.subarray(this.start, this.at));
    if (made > 0) {
      for (let i = this.firstMark; i < this.marked; i++) this.marks[i] = (this.marks[i] as number) + moved;
    }
    this.bytes = chunk;
    this.start = 0;
    this.at = made;
  }

  private header(mark: number, size: number): void {
    this.bytes[this.at] = mark;
    this.at = putInteger(this.bytes, this.at + 1, size);
    this.bytes[this.at++] = CR;
    this.bytes[this.at++] = LF;
  }

  private piece(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > SHORT) this.bytes.set(bytes.subarray(start, end), this.at);
    else for (let i = start; i < end; i++) this.bytes[this.at + i - start] = bytes[i] as number;
    this.at += end - start;
  }
}

/**
 * Whether the arguments up to this one can be edited: of a command in parts only those that stand
 * wholly in what is held, the end of their line included.
 */
export function canEdit(command: LogHead, lastArgument: number): boolean {
  return lastArgument < heldArguments(command) && command.argumentEnd(lastArgument) + 2 <= command.end;
}
