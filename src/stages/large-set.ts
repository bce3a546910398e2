import { latin1Bytes } from '../bytes/ascii.js';
import { ByteWriter } from '../bytes/writer.js';
import { type LogBegin, LogCommand } from '../record.js';

/** Options of SET are short; what is longer is none. */
const MAX_OPTIONS = 4096;

const EMPTY_VALUE = latin1Bytes('$0\r\n\r\n');
const DOLLAR = 0x24;
const CR = 0x0d;

/**
 * A SET whose value comes in parts: finds the options behind the value, which come last, so that
 * they can be changed before they are passed on.
 */
export class LargeSet {
  private readonly head: LogCommand;
  /** Name and key, framed, and an empty value. */
  private readonly before: Uint8Array;
  private readonly options = new ByteWriter(256);

  private constructor(
    command: LogBegin,
    private readonly argumentCount: number,
    /** Bytes of parts that are still to come before the options. */
    private left: number,
  ) {
    this.head = Object.assign(new LogCommand(), {
      db: command.db,
      spec: command.spec,
      part: command.part,
      offset: command.offset,
      endOffset: command.endOffset,
      timeSeconds: command.timeSeconds,
      transaction: command.transaction,
      index: command.index,
    });
    const keyEnd = command.argumentEnd(1) + 2;
    this.before = new Uint8Array(keyEnd - command.start + EMPTY_VALUE.length);
    this.before.set(command.bytes.subarray(command.start, keyEnd));
    this.before.set(EMPTY_VALUE, keyEnd - command.start);
  }

  /** Undefined for other commands, and where the beginning does not tell how long the value is. */
  static of(command: LogBegin): LargeSet | undefined {
    const { spec, heldArguments, argumentCount, bytes, end } = command;
    if (spec.name !== 'SET' || heldArguments !== 2 || argumentCount < 4) return undefined;
    const header = command.argumentEnd(1) + 2;
    const line = bytes.subarray(header, end);
    const lineEnd = line.indexOf(CR);
    if (line[0] !== DOLLAR || lineEnd < 0) return undefined;
    const size = Number(new TextDecoder().decode(line.subarray(1, lineEnd)));
    const left = header + lineEnd + 2 + size + 2 - end;
    return Number.isSafeInteger(left) && left >= 0 ? new LargeSet(command, argumentCount, left) : undefined;
  }

  /** What of a part is passed on as it is; the rest is kept. */
  part(bytes: Uint8Array): Uint8Array {
    const passed = Math.min(this.left, bytes.length);
    this.left -= passed;
    this.options.put(bytes, passed);
    return bytes.subarray(0, passed);
  }

  /** True when more is kept than options can be, so that it should be passed on as it is. */
  get isTooMuch(): boolean {
    return this.options.size > MAX_OPTIONS;
  }

  /** What was kept. */
  get kept(): Uint8Array {
    return this.options.bytes;
  }

  /** The command with an empty value in place of its own; undefined when its options cannot be read. */
  command(): LogCommand | undefined {
    const { head, before, argumentCount } = this;
    const bytes = new Uint8Array(before.length + this.options.size);
    bytes.set(before);
    bytes.set(this.options.bytes, before.length);
    const marks = marksOf(bytes, argumentCount);
    if (marks === undefined) return undefined;
    head.rewrite(bytes, 0, bytes.length, argumentCount, marks, 0);
    return head;
  }
}

/** Where each argument of a command stands; undefined when it is none of so many. */
function marksOf(bytes: Uint8Array, argumentCount: number): Int32Array | undefined {
  const marks = new Int32Array(2 * argumentCount);
  let at = bytes.indexOf(CR) + 2;
  for (let i = 0; i < argumentCount; i++) {
    const lineEnd = bytes.indexOf(CR, at);
    if (bytes[at] !== DOLLAR || lineEnd < 0) return undefined;
    const size = Number(new TextDecoder().decode(bytes.subarray(at + 1, lineEnd)));
    marks[2 * i] = lineEnd + 2;
    marks[2 * i + 1] = lineEnd + 2 + size;
    at = lineEnd + 2 + size + 2;
    if (!(at <= bytes.length)) return undefined;
  }
  return at === bytes.length ? marks : undefined;
}
