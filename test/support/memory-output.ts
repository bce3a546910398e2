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

  /** The same as UTF-8. */
  get text(): string {
    return Buffer.from(this.bytes).toString('utf8');
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

/** A place outside memory that is in memory after all, and counts those that are open. */
export class MemorySpill implements Spill {
  static open = 0;
  private content: Uint8Array = new Uint8Array(256);
  size = 0;
  private isOpen = true;

  constructor() {
    MemorySpill.open++;
  }

  write(piece: Uint8Array): number {
    const start = this.size;
    this.size += piece.length;
    if (this.size > this.content.length) {
      const grown = new Uint8Array(2 * this.size);
      grown.set(this.content);
      this.content = grown;
    }
    this.content.set(piece, start);
    return start;
  }

  readAt(offset: number, target: Uint8Array): void {
    target.set(this.content.subarray(offset, offset + target.length));
  }

  *read(): Generator<Uint8Array> {
    for (let at = 0; at < this.size; at += 1000) {
      yield this.content.slice(at, Math.min(this.size, at + 1000));
    }
  }

  close(): void {
    if (this.isOpen) MemorySpill.open--;
    this.isOpen = false;
  }
}

export const makeSpill = (): Spill => new MemorySpill();
