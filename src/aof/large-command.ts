import type { Window } from '../bytes/window.js';
import { RdbkitError } from '../errors.js';
import type { DumpRecord, LogBegin } from '../record.js';
import type { Spill } from '../spill.js';

const CR = 0x0d;
const LF = 0x0a;

/**
 * A command too large for memory, on its way into a temporary file. Once it is whole it is told
 * from there, so that nobody is ever given half of one.
 */
export class LargeCommand {
  /** Bytes still to come of the argument that was begun, its line end included. */
  private bodyLeft = 0;
  private seen = 0;
  private readonly head: Uint8Array;
  private headSize = 0;
  /** Arguments that stand wholly in the head. */
  private readonly marks: number[] = [];
  /** Bytes that were passed, and those of them that are kept. */
  private passed = 0;
  private size = 0;

  /**
   * @param offset position in the part of its first byte
   * @param headBytes how much of its beginning is held
   */
  constructor(
    private readonly spill: Spill,
    readonly offset: number,
    readonly argumentCount: number,
    headBytes: number,
  ) {
    this.head = new Uint8Array(headBytes);
  }

  /** True when all arguments have come. */
  get isWhole(): boolean {
    return this.seen === this.argumentCount;
  }

  /** True when the header of an argument is what comes next. */
  get needsHeader(): boolean {
    return this.bodyLeft === 0;
  }

  /**
   * Passes `size` bytes of a header: the command's own, or an argument's, which says how many bytes
   * its body has. What is passed is kept by `keep`.
   */
  passHeader(size: number, bodySize?: number): void {
    this.passed += size;
    if (bodySize === undefined) return;
    this.bodyLeft = bodySize + 2;
    if (this.passed + bodySize <= this.head.length) this.marks.push(this.passed, this.passed + bodySize);
  }

  /**
   * Passes what there is of an argument's body; returns how many bytes that was. Its line end is
   * passed only whole.
   * @throws RdbkitError INPUT_CORRUPT when the argument is not closed
   */
  passBody(bytes: Uint8Array, start: number, end: number): number {
    const there = Math.min(end - start, this.bodyLeft);
    const passed = there === this.bodyLeft ? there : Math.min(there, this.bodyLeft - 2);
    if (passed === this.bodyLeft && (bytes[start + passed - 2] !== CR || bytes[start + passed - 1] !== LF)) {
      throw new RdbkitError('INPUT_CORRUPT', 'an argument is not closed where its length says', {
        offset: this.offset + this.passed + passed - 2,
      });
    }
    this.passed += passed;
    this.bodyLeft -= passed;
    if (this.bodyLeft === 0) this.seen++;
    return passed;
  }

  /** Keeps bytes that were passed: many arguments at once, so that small ones cost no write each. */
  keep(bytes: Uint8Array, start: number, end: number): void {
    const held = Math.min(end - start, this.head.length - this.headSize);
    if (held > 0) {
      this.head.set(bytes.subarray(start, start + held), this.headSize);
      this.headSize += held;
    }
    if (start + held < end) this.spill.write(bytes.subarray(start + held, end));
    this.size += end - start;
  }

  /** The command, whole: `begin` filled in, its bytes behind the head, and its end. */
  *records(begin: LogBegin): Generator<DumpRecord> {
    begin.bytes = this.head;
    begin.start = 0;
    begin.end = this.headSize;
    begin.argumentCount = this.argumentCount;
    begin.marks = Int32Array.from(this.marks);
    begin.firstMark = 0;
    begin.heldArguments = this.marks.length / 2;
    begin.size = this.size;
    try {
      yield begin;
      for (const bytes of this.spill.read()) yield { kind: 'log-part', bytes };
      yield { kind: 'log-end' };
    } finally {
      this.close();
    }
  }

  /**
   * Bytes of what has come so far, by their position in the part; `rest` is what was not taken yet.
   * Returns how many there are.
   */
  readAt(offset: number, target: Uint8Array, rest: Window): number {
    let count = 0;
    while (count < target.length) {
      const at = offset + count - this.offset;
      const left = target.subarray(count);
      if (at < this.headSize) count += copy(this.head.subarray(at, this.headSize), left);
      else if (at < this.size) {
        const from = at - this.headSize;
        const piece = left.subarray(0, this.size - at);
        this.spill.readAt(from, piece);
        count += piece.length;
      } else {
        const from = rest.bytes.subarray(Math.min(rest.end, rest.start + at - this.size), rest.end);
        return count + copy(from, left);
      }
    }
    return count;
  }

  close(): void {
    this.spill.close();
  }
}

/** As many bytes as fit; returns how many. */
function copy(from: Uint8Array, to: Uint8Array): number {
  const count = Math.min(from.length, to.length);
  to.set(from.subarray(0, count));
  return count;
}
