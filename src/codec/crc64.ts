import { crc64Kernel } from './crc64-kernel.js';
import { Kernel } from './kernel.js';

interface Crc64Exports {
  dataStart(): number;
  dataBytes(): number;
  init(): void;
  update(size: number): void;
}

/** One kernel serves all: nothing stays in it between two calls. */
const kernel = new Kernel<Crc64Exports>(crc64Kernel).instantiate();
kernel.init();
const state = new Int32Array(kernel.memory.buffer, 0, 2);
const data = new Uint8Array(kernel.memory.buffer, kernel.dataStart(), kernel.dataBytes());

/**
 * The checksum at the end of RDB files and DUMP payloads: CRC-64 "Jones" (Redis' crc64.c), whose
 * value for `123456789` is e9c6d914c4b8d9ca.
 */
export class Crc64 {
  /** Lower half, as a signed 32-bit number. */
  low = 0;
  /** Upper half, as a signed 32-bit number. */
  high = 0;

  /** Goes on with `bytes[start, end)`. */
  update(bytes: Uint8Array, start = 0, end = bytes.length): void {
    state[0] = this.low;
    state[1] = this.high;
    for (let at = start; at < end; at += data.length) {
      const size = Math.min(end - at, data.length);
      if (size < 64) for (let i = 0; i < size; i++) data[i] = bytes[at + i] as number;
      else data.set(bytes.subarray(at, at + size));
      kernel.update(size);
    }
    this.low = state[0] as number;
    this.high = state[1] as number;
  }
}
