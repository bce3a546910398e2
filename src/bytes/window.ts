import { RdbkitError } from '../errors.js';

/**
 * Bytes behind the last that are never filled: looking a little ahead stays inside the array,
 * where leaving it would make V8 give up its optimized code.
 */
const SLACK = 16;

/**
 * One contiguous view of the unread part of a byte stream.
 *
 * Bytes `[start, end)` of `bytes` are those not yet consumed. New input is read straight into the
 * space behind them; what was consumed makes room when that space runs out, so only the rest of
 * an unfinished record is ever copied. Positions handed out before `reserve` are void after it:
 * they have moved down by the returned distance.
 */
export class Window {
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** Position in the stream of `bytes[0]`. */
  base = 0;

  /** @param capacity bytes held at first, @param maxCapacity bytes held at most */
  constructor(
    capacity: number,
    private readonly maxCapacity: number,
  ) {
    this.bytes = new Uint8Array(Math.min(capacity, maxCapacity) + SLACK);
  }

  /** Position in the stream of the first unread byte. */
  get offset(): number {
    return this.base + this.start;
  }

  /**
   * Makes room for `size` more bytes behind `end` and returns by how much the unread bytes moved
   * down to make it.
   * @throws RdbkitError LIMIT_EXCEEDED when the unread bytes and `size` exceed the bound
   */
  reserve(size: number): number {
    const capacity = this.bytes.length - SLACK;
    if (capacity - this.end >= size) return 0;
    const moved = this.start;
    const held = this.end - this.start;
    const needed = held + size;
    if (needed > capacity) {
      if (needed > this.maxCapacity) {
        throw new RdbkitError('LIMIT_EXCEEDED', `a record needs more than ${this.maxCapacity} bytes`, {
          offset: this.offset,
        });
      }
      const grown = new Uint8Array(Math.min(this.maxCapacity, Math.max(needed, 2 * capacity)) + SLACK);
      grown.set(this.bytes.subarray(this.start, this.end));
      this.bytes = grown;
    } else if (moved > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.base += moved;
    this.start = 0;
    this.end = held;
    return moved;
  }

  /** The free space behind the unread bytes. */
  space(): Uint8Array {
    return this.bytes.subarray(this.end, this.bytes.length - SLACK);
  }
}
