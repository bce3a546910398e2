import { setTimeout } from 'node:timers/promises';

/** How much may be saved up while nothing is sent, in seconds of the rate. */
const BURST_SECONDS = 0.1;

/** Spreads keys and bytes over time. */
export class RateLimit {
  private readonly buckets: readonly { readonly perSecond: number; readonly of: 'keys' | 'bytes' }[];
  /** What may be taken of each bucket now; below zero after more was taken. */
  private readonly saved: number[];
  private lastMs = performance.now();

  constructor(keysPerSecond: number | undefined, bytesPerSecond: number | undefined) {
    this.buckets = [
      ...(keysPerSecond === undefined ? [] : [{ perSecond: keysPerSecond, of: 'keys' as const }]),
      ...(bytesPerSecond === undefined ? [] : [{ perSecond: bytesPerSecond, of: 'bytes' as const }]),
    ];
    this.saved = this.buckets.map(({ perSecond }) => perSecond * BURST_SECONDS);
  }

  /** Takes one key of so many bytes; the time to wait before the next, in ms. */
  take(bytes: number): number {
    const now = performance.now();
    const seconds = (now - this.lastMs) / 1000;
    this.lastMs = now;
    let debt = 0;
    for (const [i, { perSecond, of }] of this.buckets.entries()) {
      const most = perSecond * BURST_SECONDS;
      const left =
        Math.min(most, (this.saved[i] as number) + seconds * perSecond) - (of === 'keys' ? 1 : bytes);
      this.saved[i] = left;
      debt = Math.max(debt, -left / perSecond);
    }
    return debt * 1000;
  }

  /** Waits as `take` said. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await setTimeout(ms, undefined, { signal });
  }
}
