/** An input that can be read at any place, any number of times. */
export interface RandomAccess {
  /** Bytes of the input. */
  readonly size: number;
  /** Fills `target` with the bytes from `offset` on, as many as there are; says how many. */
  readAt(offset: number, target: Uint8Array): number;
}

const FIRST_BYTES = 1 << 20;

/** A contiguous piece of an input in memory, which moves to where it is needed. */
export class FileView {
  bytes: Uint8Array;
  /** Position in the input of `bytes[0]`. */
  base = 0;
  /** Index in `bytes` behind the last byte. */
  end = 0;

  constructor(
    readonly input: RandomAccess,
    private readonly firstBytes = FIRST_BYTES,
  ) {
    this.bytes = new Uint8Array(firstBytes);
  }

  /** Position behind the last byte in view. */
  get limit(): number {
    return this.base + this.end;
  }

  /**
   * Brings `size` bytes from `offset` into view, or as many as there are; says how many were read.
   * @param most bytes to read where `size` is less
   */
  show(offset: number, size: number, most = this.firstBytes): number {
    const wanted = Math.min(offset + size, this.input.size);
    if (offset >= this.base && wanted <= this.limit) return 0;
    const capacity = Math.max(size, this.firstBytes);
    if (this.bytes.length < capacity || this.bytes.length > 4 * capacity) {
      this.bytes = new Uint8Array(capacity);
    }
    this.base = offset;
    this.end = this.input.readAt(offset, this.bytes.subarray(0, Math.max(size, most)));
    return this.end;
  }
}
