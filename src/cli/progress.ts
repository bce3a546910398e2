import type { Account, Source } from '../index.js';
import { formatBytes, formatCount, formatSeconds } from './format.js';

const INTERVAL_MS = 200;

/**
 * A line on standard error that tells how far a run is: nothing unless it is a terminal. `update`
 * is cheap enough to be called for every batch.
 */
export class Progress {
  private readonly shown: boolean;
  private readonly startedAt = Date.now();
  private lastAt = this.startedAt;
  private drawn = false;

  constructor(
    private readonly source: Pick<Source, 'name' | 'size' | 'position'>,
    private readonly account: Account | undefined,
    quiet: boolean,
  ) {
    this.shown = process.stderr.isTTY === true && !quiet;
  }

  readonly update = (): void => {
    if (!this.shown) return;
    const now = Date.now();
    if (now - this.lastAt < INTERVAL_MS) return;
    this.lastAt = now;
    this.drawn = true;
    process.stderr.write(`\r\x1b[K${this.line((now - this.startedAt) / 1000)}`);
  };

  /** Takes the line away. */
  clear(): void {
    if (this.drawn) process.stderr.write('\r\x1b[K');
    this.drawn = false;
  }

  private line(seconds: number): string {
    const { name, size, position } = this.source;
    const parts = [name];
    if (size !== undefined && size > 0) {
      parts.push(
        `${Math.floor((100 * position) / size)}%`,
        `${formatBytes(position)} of ${formatBytes(size)}`,
      );
    } else {
      parts.push(formatBytes(position));
    }
    const totals = this.account?.totals();
    if (totals !== undefined) {
      parts.push(`${formatCount(totals.read / seconds)} keys/s`);
      if (totals.failed > 0) parts.push(`${formatCount(totals.failed)} failed`);
    }
    parts.push(`${formatBytes(position / seconds)}/s`);
    if (size !== undefined && position > 0 && position < size) {
      parts.push(`${formatSeconds(((size - position) * seconds) / position)} left`);
    }
    return parts.join('  ');
  }
}
