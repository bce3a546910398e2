import { setTimeout } from 'node:timers/promises';

/** How much may be saved up while nothing is sent, in seconds of the rate. */
const BURST_SECONDS = 0.1;

/** Spreads keys and bytes over time. */
export class RateLimit {
  private keys: number;
  private bytes: number;
  private lastMs = performance.now();

  constructor(
    private readonly keysPerSecond = Number.POSITIVE_INFINITY,
    private readonly bytesPerSecond = Number.POSITIVE_INFINITY,
  ) {
    this.keys = keysPerSecond * BURST_SECONDS;
    this.bytes = bytesPerSecond * BURST_SECONDS;
  }

  /** Takes one key of so many bytes; the time to wait before the next, in ms. */
  take(bytes: number): number {
    this.refill();
    this.keys -= 1;
    this.bytes -= bytes;
    const debt = Math.max(-this.keys / this.keysPerSecond, -this.bytes / this.bytesPerSecond);
    return debt > 0 ? debt * 1000 : 0;
  }

  /** Waits as `take` said. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await setTimeout(ms, undefined, { signal });
  }

  private refill(): void {
    const now = performance.now();
    const seconds = (now - this.lastMs) / 1000;
    this.lastMs = now;
    this.keys = Math.min(this.keysPerSecond * BURST_SECONDS, this.keys + seconds * this.keysPerSecond);
    this.bytes = Math.min(this.bytesPerSecond * BURST_SECONDS, this.bytes + seconds * this.bytesPerSecond);
  }
}
