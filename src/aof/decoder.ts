import { printable } from '../bytes/escape.js';
import { Window } from '../bytes/window.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import {
  type DumpRecord,
  LogBegin,
  LogCommand,
  type LogHead,
  type LogPart,
  type RecordBatch,
} from '../record.js';
import type { MakeSpill } from '../spill.js';
import type { CommandLookup } from './command-lookup.js';
import { LargeCommand } from './large-command.js';
import { enterTime, type LogState } from './log-state.js';

export interface LogDecoderOptions {
  readonly limits?: Partial<Limits>;
  /** Position in the part of the first byte that is given: behind an RDB preamble it is not 0. */
  readonly base?: number;
  /** Bytes of the whole part where known: an argument that reaches beyond is torn at once. */
  readonly inputBytes?: number;
  /** Hands a MULTI or EXEC out that is out of place, where it would be a fault: for a repair. */
  readonly looseTransactions?: boolean;
}

/** What is left when the input ends within a command. */
export interface TornTail {
  /** Position in the part of the command's first byte. */
  readonly offset: number;
  /** Bytes from there to the end of the input. */
  readonly size: number;
}

const STAR = 0x2a;
const DOLLAR = 0x24;
const HASH = 0x23;
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;

/** `*` or `$`, digits, CR LF: in a longer header stands no number that a server accepts. */
const LONGEST_HEADER = 32;

/** Longest annotation, see `loadSingleAppendOnlyFile` in aof.c. */
const LONGEST_ANNOTATION = 1024;

const MAX_ARGUMENTS = 2 ** 31 - 1;

const FIRST_WINDOW = 65_536;

/** Room that sources ask for at once. */
const LARGEST_READ = 1 << 20;
const FIRST_MARKS = 16_384;

const NO_SIZE = -1;

/** What `header` says while bytes of it are missing. */
const SHORT = -1;

/**
 * Turns the bytes of one part of an append-only log into batches of commands, without I/O. Input
 * is given as to `RdbDecoder`; a batch and its bytes are borrowed until the next call.
 *
 * Input that ends within a command is no fault: `torn` says so then. Whether it may end there is
 * for whom to judge who knows what follows the part.
 */
export class LogDecoder {
  /** True once all was read. */
  done = false;
  /** Set once all was read, where the input ends within a command. */
  torn: TornTail | undefined;
  private readonly limits: Limits;
  private readonly window: Window;
  private readonly inputEnd: number;
  private readonly isLoose: boolean;
  private readonly queue: Uint8Array[] = [];
  private ended = false;
  private failure: RdbkitError | undefined;

  private readonly records: DumpRecord[] = [];
  private count = 0;
  private readonly batch: RecordBatch = { records: this.records };
  private readonly pool: LogCommand[] = [];

  /** Where the arguments of the batch's commands stand in the window, two numbers each. */
  private marks = new Int32Array(FIRST_MARKS);
  private marked = 0;
  /** The command that was begun: its first mark, its arguments, -1 before its header is read. */
  private firstMark = 0;
  private argumentCount = -1;
  /** Where to go on with it, counted from its first byte. */
  private reached = 0;
  /** What the last header said. */
  private number = 0;
  private large: LargeCommand | undefined;
  /** A large command that is whole and is being handed out. */
  private pouring: Iterator<DumpRecord> | undefined;

  /** @param state what was read in the parts before; kept up to date */
  constructor(
    private readonly part: LogPart,
    private readonly state: LogState,
    private readonly lookup: CommandLookup,
    private readonly makeSpill: MakeSpill,
    options: LogDecoderOptions = {},
  ) {
    this.limits = withLimits(options.limits);
    const { maxInlineCommand } = this.limits;
    this.window = new Window(FIRST_WINDOW, maxInlineCommand + 4 * this.pieceBytes);
    this.window.base = options.base ?? 0;
    this.isLoose = options.looseTransactions === true;
    this.inputEnd = options.inputBytes ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Begins anew at a position, as behind damage: whatever was read, or begun, is forgotten, and the
   * memory is used again.
   */
  restart(base: number): void {
    const { window } = this;
    this.close();
    this.large = undefined;
    this.done = false;
    this.torn = undefined;
    this.ended = false;
    this.failure = undefined;
    this.queue.length = 0;
    this.firstMark = 0;
    this.marked = 0;
    this.argumentCount = -1;
    window.start = 0;
    window.end = 0;
    window.base = base;
  }

  /** Position in the part behind the last whole command. */
  get offset(): number {
    return this.large?.offset ?? this.window.offset;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.queue.push(chunk);
  }

  space(size: number): Uint8Array {
    this.reserve(size);
    return this.window.space();
  }

  commit(size: number): void {
    this.window.end += size;
  }

  end(): void {
    this.ended = true;
  }

  /**
   * @throws RdbkitError INPUT_CORRUPT, with the position in the part, where no command begins or
   *   goes on; every command before was handed out then
   */
  next(): RecordBatch | undefined {
    if (this.failure !== undefined) throw this.failure;
    this.count = 0;
    this.forgetMarks();
    try {
      for (;;) {
        if (this.pouring !== undefined) return this.pour(this.pouring);
        if (!this.done) this.fill();
        if (this.count > 0) return this.filled();
        if (this.pouring !== undefined) continue;
        if (this.done) return undefined;
        if (this.takeQueued()) continue;
        if (this.ended) this.finish(this.window.base + this.window.end);
        return undefined;
      }
    } catch (thrown) {
      this.failure = RdbkitError.from(thrown);
      if (this.count > 0) return this.filled();
      throw this.failure;
    }
  }

  /**
   * Bytes of the torn tail, by their position in the part; returns how many of them are held. Where
   * `inputBytes` was given the tail may not have been read.
   */
  readAt(offset: number, target: Uint8Array): number {
    const { window, large } = this;
    if (large !== undefined) return large.readAt(offset, target, window);
    const from = window.bytes.subarray(
      Math.min(window.end, Math.max(window.start, offset - window.base)),
      window.end,
    );
    const count = Math.min(from.length, target.length);
    target.set(from.subarray(0, count));
    return count;
  }

  /** Gives the temporary file of a large command back. */
  close(): void {
    this.pouring?.return?.();
    this.pouring = undefined;
    this.large?.close();
  }

  private get pieceBytes(): number {
    return Math.max(this.limits.partBytes, LARGEST_READ);
  }

  private filled(): RecordBatch {
    if (this.records.length !== this.count) this.records.length = this.count;
    return this.batch;
  }

  private pour(records: Iterator<DumpRecord>): RecordBatch {
    const { done, value } = records.next();
    if (done === true) this.pouring = undefined;
    else this.records[this.count++] = value;
    return this.filled();
  }

  private reserve(size: number): void {
    const moved = this.window.reserve(size);
    if (moved === 0) return;
    for (let i = this.firstMark; i < this.marked; i++) this.marks[i] = (this.marks[i] as number) - moved;
  }

  private takeQueued(): boolean {
    const chunk = this.queue.shift();
    if (chunk === undefined) return false;
    const { window } = this;
    const size = Math.min(chunk.length, this.pieceBytes);
    if (size < chunk.length) this.queue.unshift(chunk.subarray(size));
    this.reserve(size);
    window.bytes.set(chunk.subarray(0, size), window.end);
    window.end += size;
    return true;
  }

  /** @param end position in the part at which the input ends */
  private finish(end: number): void {
    this.done = true;
    if (this.offset < end) this.torn = { offset: this.offset, size: end - this.offset };
  }

  /** Marks of the batch before are void; those of a command that was begun are kept. */
  private forgetMarks(): void {
    if (this.argumentCount < 0) this.marked = this.firstMark;
    const { firstMark } = this;
    if (firstMark > 0) this.marks.copyWithin(0, firstMark, this.marked);
    this.marked -= firstMark;
    this.firstMark = 0;
  }

  /** Goes on in an array with more room; the records of the batch keep the one they have. */
  private growMarks(): void {
    const held = this.marks.subarray(this.firstMark, this.marked);
    this.marks = new Int32Array(Math.max(FIRST_MARKS, 4 * held.length));
    this.marks.set(held);
    this.firstMark = 0;
    this.marked = held.length;
  }

  /** Reads commands until the batch is full, input is short, or a large command is whole. */
  private fill(): void {
    const { window, pool, records, limits } = this;
    const { bytes, end } = window;
    const stop = window.start + limits.batchBytes;
    while (this.count < limits.batchRecords && window.start < stop && window.start < end) {
      if (this.large !== undefined) {
        // What was read before must be handed out while the window stands still.
        if (this.count > 0 || !this.fillLarge(this.large)) return;
        continue;
      }
      if (this.argumentCount < 0) {
        if (bytes[window.start] === HASH) {
          if (!this.readAnnotation()) return;
          continue;
        }
        if (!this.begin()) return;
      }
      if (!this.readArguments()) {
        if (this.large !== undefined) continue;
        return;
      }
      const start = window.start;
      const record = (pool[this.count] ??= new LogCommand());
      record.bytes = bytes;
      record.start = start;
      record.end = start + this.reached;
      record.argumentCount = this.argumentCount;
      record.marks = this.marks;
      record.firstMark = this.firstMark;
      this.describe(record, window.base + start, window.base + record.end);
      records[this.count++] = record;
      window.start = record.end;
      this.argumentCount = -1;
      this.firstMark = this.marked;
    }
  }

  private begin(): boolean {
    const { window } = this;
    const { bytes, start } = window;
    const digit = (bytes[start + 1] as number) - 0x30;
    // `*`, one digit, CR LF is the commonest header.
    if (
      digit > 0 &&
      digit <= 9 &&
      bytes[start + 2] === CR &&
      bytes[start + 3] === LF &&
      bytes[start] === STAR &&
      start + 4 <= window.end
    ) {
      this.argumentCount = digit;
      this.reached = 4;
      return true;
    }
    const after = this.header(window.start, STAR);
    if (after === SHORT) return false;
    if (this.number < 1 || this.number > MAX_ARGUMENTS) {
      throw this.corrupt(`a command of ${this.number} arguments`, window.start);
    }
    this.argumentCount = this.number;
    this.reached = after - window.start;
    return true;
  }

  /** Passes the arguments of the command that was begun; false when bytes are missing or it is large. */
  private readArguments(): boolean {
    const { window, limits } = this;
    const { bytes, end, start } = window;
    const lastMark = this.firstMark + 2 * this.argumentCount;
    let { marks, marked } = this;
    let at = start + this.reached;
    let allMarks = lastMark;
    while (marked < allMarks) {
      // `$`, one or two digits, CR LF are the commonest headers.
      let body = at + 4;
      let size = (bytes[at + 1] as number) - 0x30;
      let close = bytes[at + 2] as number;
      if (close !== CR) {
        size = size > 0 && close >= 0x30 && close <= 0x39 ? 10 * size + close - 0x30 : NO_SIZE;
        close = bytes[at + 3] as number;
        body++;
      } else if (size > 9) size = NO_SIZE;
      if (
        size < 0 ||
        size > 99 ||
        close !== CR ||
        bytes[body - 1] !== LF ||
        bytes[at] !== DOLLAR ||
        body > end
      ) {
        body = this.header(at, DOLLAR);
        if (body === SHORT) break;
        size = this.number;
      }
      const after = body + size + 2;
      if (after > end) {
        if (window.base + after > this.inputEnd) this.finish(this.inputEnd);
        break;
      }
      if (bytes[after - 2] !== CR || bytes[after - 1] !== LF) {
        throw this.corrupt('an argument is not closed where its length says', after - 2);
      }
      if (marked + 2 > marks.length) {
        this.marked = marked;
        this.growMarks();
        marks = this.marks;
        marked = this.marked;
        allMarks = 2 * this.argumentCount;
      }
      marks[marked] = body;
      marks[marked + 1] = after - 2;
      marked += 2;
      at = after;
    }
    this.marked = marked;
    this.reached = at - start;
    if (marked === allMarks) return true;
    if (end - start > limits.maxInlineCommand) this.beginLarge();
    return false;
  }

  /** What was read of a command that gets too large for memory goes to a temporary file first. */
  private beginLarge(): void {
    const { window, argumentCount, marks } = this;
    const { bytes, start } = window;
    const large = new LargeCommand(
      this.makeSpill(),
      window.offset,
      argumentCount,
      this.limits.commandHeadBytes,
    );
    this.large = large;
    let at = this.header(start, STAR);
    large.passHeader(at - start);
    for (let i = this.firstMark; i < this.marked; i += 2) {
      const body = marks[i] as number;
      const end = marks[i + 1] as number;
      large.passHeader(body - at, end - body);
      at = end + 2;
      large.passBody(bytes, body, at);
    }
    large.keep(bytes, start, at);
    window.start = at;
    this.marked = this.firstMark;
  }

  /** Goes on with a large command; false when bytes are missing. */
  private fillLarge(large: LargeCommand): boolean {
    const { window } = this;
    const { bytes, start, end } = window;
    let at = start;
    while (!large.isWhole) {
      if (large.needsHeader) {
        const body = this.header(at, DOLLAR);
        if (body === SHORT) break;
        if (window.base + body + this.number + 2 > this.inputEnd) {
          this.finish(this.inputEnd);
          break;
        }
        large.passHeader(body - at, this.number);
        at = body;
      }
      at += large.passBody(bytes, at, end);
      if (!large.needsHeader) break;
    }
    large.keep(bytes, start, at);
    window.start = at;
    if (!large.isWhole) return false;
    const begin = new LogBegin();
    const records = large.records(begin);
    this.large = undefined;
    this.argumentCount = -1;
    this.pouring = this.told(begin, large.offset, window.offset, records);
    return false;
  }

  /** The records of a large command, whose head can be looked up only once it is filled in. */
  private *told(
    begin: LogBegin,
    offset: number,
    endOffset: number,
    records: Iterable<DumpRecord>,
  ): Generator<DumpRecord> {
    for (const record of records) {
      if (record === begin) this.describe(begin, offset, endOffset);
      yield record;
    }
  }

  /** Fills in what a command is, and keeps the state that it changes. */
  private describe(record: LogHead, offset: number, endOffset: number): void {
    const { state } = this;
    const spec = this.lookup.find(record.bytes, record.marks, record.firstMark, heldArguments(record));
    record.spec = spec;
    record.part = this.part;
    record.offset = offset;
    record.endOffset = endOffset;
    record.timeSeconds = state.timeSeconds;
    record.index = ++state.commands;
    if (spec.role === 'plain') {
      record.db = state.db;
      record.transaction = state.open === undefined ? 0 : state.transactions;
      return;
    }
    switch (spec.role) {
      case 'select':
        state.db = this.selected(record);
        break;
      case 'multi':
        if (state.open !== undefined && !this.isLoose)
          throw this.misplaced('MULTI inside of a transaction', offset);
        state.open = { part: this.part, offset, index: state.commands };
        state.transactions++;
        break;
      default:
        if (state.open === undefined && !this.isLoose)
          throw this.misplaced(`${spec.name} without MULTI`, offset);
    }
    record.db = state.db;
    record.transaction = state.open === undefined ? 0 : state.transactions;
    if (spec.role === 'exec' || spec.role === 'discard') state.open = undefined;
  }

  /** The database that a SELECT names. */
  private selected(record: LogHead): number {
    let db = record.argumentCount === 2 ? 0 : -1;
    if (db === 0) {
      const start = record.argumentStart(1);
      const end = record.argumentEnd(1);
      if (start === end || end - start > 10) db = -1;
      for (let at = start; at < end && db >= 0; at++) {
        const digit = (record.bytes[at] as number) - 0x30;
        db = digit < 0 || digit > 9 ? -1 : db * 10 + digit;
      }
    }
    if (db < 0 || db > 0x7fff_ffff) throw this.misplaced('a SELECT of no database', record.offset);
    return db;
  }

  /** Reads a line that begins with `#`; false when bytes of it are missing. */
  private readAnnotation(): boolean {
    const { window } = this;
    const { bytes, start } = window;
    const stop = Math.min(window.end, start + LONGEST_ANNOTATION);
    let end = start;
    while (end < stop && bytes[end] !== LF) end++;
    if (end === stop) {
      if (end - start >= LONGEST_ANNOTATION) throw this.corrupt('an annotation has no end', start);
      return false;
    }
    // What was a command before bytes were changed must not pass for a note.
    if (!isText(bytes, start, end)) throw this.corrupt('an annotation holds bytes that are no text', start);
    const time = timeOf(bytes, start, end);
    if (time !== undefined) enterTime(this.state, time);
    else if (beginsTime(bytes, start, end)) throw this.corrupt('an annotation holds no time', start);
    window.start = end + 1;
    return true;
  }

  /**
   * Reads a header line into `number`; returns the index behind it, or SHORT while bytes of it are
   * missing.
   */
  private header(start: number, mark: number): number {
    const { bytes, end } = this.window;
    if (start >= end) return SHORT;
    if (bytes[start] !== mark) {
      if (bytes[start] === 0) throw this.corrupt('zero bytes, such as a crash of the machine leaves', start);
      const what = mark === STAR ? 'a command' : 'an argument';
      throw this.corrupt(
        `${printable(bytes.subarray(start, Math.min(end, start + 16)))} where ${what} should begin`,
        start,
      );
    }
    let number = 0;
    let at = start + 1;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      number = number * 10 + digit;
      if (at - start > LONGEST_HEADER) throw this.corrupt('a header holds too large a number', start);
    }
    if (at === start + 1 && at < end) throw this.corrupt('a header holds no number', start);
    if (at < end && bytes[at] !== CR) throw this.corrupt('a header holds no number', start);
    if (at + 1 < end && bytes[at + 1] !== LF) throw this.corrupt('a header is not closed', at + 1);
    if (at + 2 > end) return SHORT;
    if (mark === DOLLAR && number > this.limits.maxDeclaredString) {
      throw this.corrupt(`an argument of ${number} bytes`, start);
    }
    this.number = number;
    return at + 2;
  }

  /** @param at index in the window */
  private corrupt(message: string, at: number): RdbkitError {
    return this.misplaced(message, this.window.base + at);
  }

  private misplaced(message: string, offset: number): RdbkitError {
    return new RdbkitError('INPUT_CORRUPT', message, { offset });
  }
}

function heldArguments(record: LogHead): number {
  return record.kind === 'log-begin' ? (record as LogBegin).heldArguments : record.argumentCount;
}

/** Whether a line holds no control characters but tabs, and a CR at its end. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  const last = bytes[end - 1] === CR ? end - 1 : end;
  for (let at = start; at < last; at++) {
    const byte = bytes[at] as number;
    if ((byte < 0x20 && byte !== TAB) || byte === 0x7f) return false;
  }
  return true;
}

/** Whether a line begins with `#TS:`. */
function beginsTime(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= 4 && bytes[start + 1] === 0x54 && bytes[start + 2] === 0x53 && bytes[start + 3] === 0x3a
  );
}

/** The time in `#TS:<unix seconds>` CR; undefined for another annotation. */
function timeOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  const last = bytes[end - 1] === CR ? end - 1 : end;
  const size = last - start - 4;
  if (size < 1 || size > 15 || !beginsTime(bytes, start, end)) return undefined;
  let time = 0;
  for (let at = start + 4; at < last; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    time = time * 10 + digit;
  }
  return time;
}
