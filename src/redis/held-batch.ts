import { ByteWriter } from '../bytes/writer.js';

const MAX_KEYS = 4096;
const MAX_BYTES = 1024 * 1024;

/** Keys that are asked about together. */
export class HeldBatch {
  count = 0;
  readonly parts = new Uint8Array(MAX_KEYS);
  readonly dbs = new Int32Array(MAX_KEYS);
  /** What the target says of each: the time of its expiry; negative for none. */
  readonly times = new Float64Array(MAX_KEYS);
  private readonly ends = new Int32Array(MAX_KEYS + 1);
  private keys = new ByteWriter(64 * 1024);

  /** True when what it holds should go before more is added. */
  get isFull(): boolean {
    return this.count === MAX_KEYS || this.keys.size >= MAX_BYTES;
  }

  add(parts: number, db: number, bytes: Uint8Array, start: number, end: number): void {
    this.keys.put(bytes, start, end);
    this.parts[this.count] = parts;
    this.dbs[this.count] = db;
    this.times[this.count] = -1;
    this.ends[++this.count] = this.keys.size;
  }

  /** Key `i`, borrowed until the next is added. */
  key(i: number): Uint8Array {
    return this.keys.bytes.subarray(this.ends[i], this.ends[i + 1]);
  }

  clear(): void {
    this.count = 0;
    if (this.keys.size > 4 * MAX_BYTES) this.keys = new ByteWriter(64 * 1024);
    this.keys.size = 0;
  }
}
