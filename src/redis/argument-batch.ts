import type { CommandWriter } from '../resp/command-writer.js';

const MAX_ARGUMENTS = 256;
const MAX_BYTES = 64 * 1024;

/** Arguments that wait until there are enough of them for one command. */
export class ArgumentBatch {
  /** Number of arguments. */
  count = 0;
  private bytes = new Uint8Array(MAX_BYTES);
  private readonly ends = new Int32Array(MAX_ARGUMENTS + 4);

  /** True when the arguments should go before more are added. */
  get isFull(): boolean {
    return this.count >= MAX_ARGUMENTS || this.size >= MAX_BYTES;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const at = this.size;
    if (at + end - start > this.bytes.length) {
      const grown = new Uint8Array(at + end - start + MAX_BYTES);
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.bytes.set(bytes.subarray(start, end), at);
    this.ends[this.count++] = at + end - start;
  }

  /** Writes the arguments and forgets them. */
  write(writer: CommandWriter): void {
    let start = 0;
    for (let i = 0; i < this.count; i++) {
      const end = this.ends[i] as number;
      writer.bytes(this.bytes, start, end);
      start = end;
    }
    this.clear();
  }

  clear(): void {
    this.count = 0;
    if (this.bytes.length > 4 * MAX_BYTES) this.bytes = new Uint8Array(MAX_BYTES);
  }

  private get size(): number {
    return this.count === 0 ? 0 : (this.ends[this.count - 1] as number);
  }
}
