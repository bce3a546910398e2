import type { Account, AofSource } from '../index.js';
import { formatBytes, formatCount, formatSeconds } from './format.js';

const TERMINAL_MS = 500;

/** Where nobody looks at a terminal, a line now and then is what a log of a service needs. */
const PLAIN_MS = 60_000;

/** A line on standard error that tells how far behind a log that is followed the target is. */
export class FollowProgress {
  private readonly isTerminal = process.stderr.isTTY === true;
  private lastAt = 0;
  private lastCommands = 0;
  private drawn = false;

  constructor(
    private readonly source: AofSource,
    private readonly account: Account,
    private readonly isQuiet: boolean,
  ) {}

  /** @param bytesBehind bytes that are in the log and were not handed on; left out where they were not counted */
  readonly update = (bytesBehind?: number): void => {
    const now = Date.now();
    if (this.isQuiet || now - this.lastAt < (this.isTerminal ? TERMINAL_MS : PLAIN_MS)) return;
    const commands = this.account.totals(({ unit }) => unit === 'command');
    const rate = this.lastAt === 0 ? 0 : ((commands.read - this.lastCommands) * 1000) / (now - this.lastAt);
    this.lastAt = now;
    this.lastCommands = commands.read;
    const line = [
      `following ${this.source.name}`,
      `${formatCount(commands.read)} commands, ${formatCount(rate)}/s`,
      bytesBehind === undefined ? '' : `${formatBytes(bytesBehind)} behind`,
      lastWritten(this.source.state.timeSeconds, now),
      commands.failed > 0 ? `${formatCount(commands.failed)} failed` : '',
    ];
    const text = line.filter((part) => part !== '').join('  ');
    process.stderr.write(this.isTerminal ? `\r\x1b[K${text}` : `rdbkit: ${text}\n`);
    this.drawn = this.isTerminal;
  };

  /** Takes the line away. */
  clear(): void {
    if (this.drawn) process.stderr.write('\r\x1b[K');
    this.drawn = false;
  }
}

/** When the last command was written whose time the log tells. */
function lastWritten(timeSeconds: number, now: number): string {
  if (timeSeconds < 0) return '';
  return `last command of ${formatSeconds(Math.max(0, Math.floor(now / 1000) - timeSeconds))} ago`;
}
