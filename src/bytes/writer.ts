/** Bytes put one after another into memory that grows as needed, up to a bound. */
export class ByteWriter {
  /** Bytes written. */
  size = 0;
  private buffer: Uint8Array;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity);
  }

  /** What was written, borrowed until more is. */
  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.size);
  }

  byte(value: number): void {
    this.reserve(1)[this.size++] = value;
  }

  put(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.reserve(end - start).set(bytes.subarray(start, end), this.size);
    this.size += end - start;
  }

  /** Room for `size` more bytes at index `size` of the buffer returned; advance `size` after use. */
  reserve(size: number): Uint8Array {
    if (this.size + size > this.buffer.length) {
      const grown = new Uint8Array(Math.max(this.size + size, 2 * this.buffer.length));
      grown.set(this.buffer);
      this.buffer = grown;
    }
    return this.buffer;
  }
}
