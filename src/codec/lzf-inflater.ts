import { Kernel } from './kernel.js';
import { lzfDecompressInto } from './lzf.js';
import { lzfKernel } from './lzf-kernel.js';

interface LzfExports {
  inflate(input: number, inputEnd: number, output: number, size: number): number;
}

const kernel = new Kernel<LzfExports>(lzfKernel);

/** Layout of the kernel's memory: input and output with the slack it asks for. */
const SLACK = 64;
const INPUT = 0;
const INPUT_BYTES = 256 * 1024;
const OUTPUT = INPUT + INPUT_BYTES + SLACK;
const OUTPUT_BYTES = 1024 * 1024;

/** Decompresses LZF blocks, each to the place of the one before. */
export class LzfInflater {
  /** The result is `bytes[start, start + size)`, borrowed until the next call. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;

  private exports: LzfExports | undefined;
  private memory: Uint8Array = this.bytes;
  /** Takes what the kernel's memory cannot. */
  private large: Uint8Array = this.bytes;

  /** False when the block in `[start, end)` is damaged or does not stand for `size` bytes. */
  inflate(input: Uint8Array, start: number, end: number, size: number): boolean {
    if (end - start > INPUT_BYTES || size > OUTPUT_BYTES) {
      if (this.large.length < size) this.large = new Uint8Array(size);
      this.bytes = this.large;
      this.start = 0;
      return lzfDecompressInto(input, start, end, this.large, size);
    }
    this.exports ??= this.load();
    this.memory.set(input.subarray(start, end), INPUT);
    this.bytes = this.memory;
    this.start = OUTPUT;
    return this.exports.inflate(INPUT, INPUT + (end - start), OUTPUT, size) !== 0;
  }

  private load(): LzfExports {
    const instance = kernel.instantiate();
    this.memory = new Uint8Array(instance.memory.buffer);
    return instance;
  }
}
