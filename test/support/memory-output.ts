import type { ByteOutput } from '../../src/sinks/output-buffer.js';
import type { Spill } from '../../src/spill.js';

// Outputs and spills in memory, as exports need them.

/** What was written; a pipe is one that cannot be patched. */
export class MemoryOutput implements ByteOutput {
  state: 'open' | 'finished' | 'closed' | 'aborted' = 'open';
  patch?: (position: number, bytes: Uint8Array) => void;
  private content = new Uint8Array(1024);
  private size = 0;

  constructor(kind: 'file' | 'pipe' = 'file') {
    if (kind === 'file') this.patch = (position, bytes) => this.content.set(bytes, position);
  }

  /** All that was written, a copy. */
  get bytes(): Uint8Array {
    return this.content.slice(0, this.size);
  }

  write(bytes: Uint8Array): void {
    if (this.size + bytes.length > this.content.length) {
      const grown = new Uint8Array(2 * (this.size + bytes.length));
      grown.set(this.content.subarray(0, this.size));
      this.content = grown;
    }
    this.content.set(bytes, this.size);
    this.size += bytes.length;
  }

  finish(): void {
    this.state = 'finished';
  }

  close(): void {
    this.state = 'closed';
  }

  abort(): void {
    this.state = 'aborted';
  }
}

/** A temporary file that is none. */
export class MemorySpill implements Spill {
  isClosed = false;
  private readonly output = new MemoryOutput();
  size = 0;

  write(bytes: Uint8Array): number {
    const start = this.size;
    this.output.write(bytes);
    this.size += bytes.length;
    return start;
  }

  readAt(offset: number, target: Uint8Array): void {
    target.set(this.output.bytes.subarray(offset, offset + target.length));
  }

  *read(): Iterable<Uint8Array> {
    const { bytes } = this.output;
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }

  close(): void {
    this.isClosed = true;
  }
}
