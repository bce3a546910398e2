import { gzipSync } from 'node:zlib';
import type { ByteOutput } from '../sinks/output-buffer.js';

/** Input of one member; what a member costs besides its content is then below 1 in 10,000. */
const BLOCK = 1 << 20;

/** Fast, and little larger than the usual level 6: dumps hold compressed values already. */
const LEVEL = 3;

/**
 * An output that is compressed by gzip, synchronously: each MiB is a member of its own, and members
 * one after another are one file to every reader of gzip (RFC 1952, 2.2). An empty output is one
 * empty member.
 */
export function gzipOutput(output: ByteOutput): ByteOutput {
  return new GzipOutput(output);
}

class GzipOutput implements ByteOutput {
  private readonly block = new Uint8Array(BLOCK);
  private held = 0;
  private isBegun = false;

  constructor(private readonly output: ByteOutput) {}

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(bytes.length - at, BLOCK - this.held);
      this.block.set(bytes.subarray(at, at + size), this.held);
      this.held += size;
      at += size;
      if (this.held === BLOCK) this.member();
    }
  }

  settle(signal?: AbortSignal): Promise<void> | undefined {
    return this.output.settle?.(signal);
  }

  finish(): void {
    if (this.held > 0 || !this.isBegun) this.member();
    this.output.finish?.();
  }

  close(): void {
    this.finish();
    this.output.close();
  }

  abort(): void {
    this.output.abort();
  }

  private member(): void {
    this.output.write(gzipSync(this.block.subarray(0, this.held), { level: LEVEL }));
    this.held = 0;
    this.isBegun = true;
  }
}
