/** Bytes that are read by position, such as an open file. */
export interface PositionReader {
  /** Fills `target` with the bytes from `offset` on; returns how many there were. */
  readAt(offset: number, target: Uint8Array): number;
}

const SMALLEST = 1024;
const LARGEST = 256 * 1024;

/** No longer a piece than this is ever asked of `bytes`. */
const LONGEST_PIECE = 512;

const STAR = 0x2a;
const DOLLAR = 0x24;
const HASH = 0x23;

/**
 * Bytes of a file one by one, through a window that follows. A jump reads little, for the next may
 * be as far; going on reads more each time.
 */
export class PositionWindow {
  private held = new Uint8Array(SMALLEST);
  /** `held[0, size)` is what stands from `base` on. */
  private base = 0;
  private size = 0;
  private reach = SMALLEST;

  /** @param end position behind the last byte */
  constructor(
    private readonly reader: PositionReader,
    private readonly end: number,
  ) {}

  /** The byte at a position before the end; 0 where the file has become shorter. */
  byte(at: number): number {
    const i = at - this.base;
    if (i >= 0 && i < this.size) return this.held[i] as number;
    this.fill(at);
    return this.size === 0 ? 0 : (this.held[0] as number);
  }

  /** Up to 512 bytes from a position, borrowed until the next call. */
  bytes(at: number, size: number): Uint8Array {
    if (at < this.base || at + size > this.base + this.size) this.fill(at);
    const i = at - this.base;
    return this.held.subarray(i, Math.min(i + Math.min(size, LONGEST_PIECE), this.size));
  }

  /** The next position from `at` on of a `*`, `$` or `#`; the end when there is none. */
  findMark(at: number): number {
    for (let from = at; from < this.end; ) {
      if (from < this.base || from >= this.base + this.size) this.fill(from);
      if (this.size === 0) break;
      const { held, base, size } = this;
      for (let i = from - base; i < size; i++) {
        const byte = held[i] as number;
        if (byte === STAR || byte === DOLLAR || byte === HASH) return base + i;
      }
      from = base + size;
    }
    return this.end;
  }

  private fill(at: number): void {
    const goesOn = at >= this.base && at <= this.base + this.size;
    this.reach = goesOn ? Math.min(2 * this.reach, LARGEST) : SMALLEST;
    if (this.held.length < this.reach) this.held = new Uint8Array(this.reach);
    this.base = at;
    this.size = this.reader.readAt(
      at,
      this.held.subarray(0, Math.max(0, Math.min(this.reach, this.end - at))),
    );
  }
}
