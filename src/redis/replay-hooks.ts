import type { LogPart } from '../record.js';
import type { Link } from './link.js';

/** Follows how far the commands of a log have come; positions are ends of commands in their part. */
export interface ReplayTracker {
  /**
   * Awaited before any byte of the commands up to `endOffset` can reach the socket; once for many
   * commands, with the end of the last.
   */
  willSend(part: LogPart, endOffset: number): void | Promise<void>;
  /**
   * The command that ends at `endOffset`, and all before, have their final reply: inside of a
   * transaction that of EXEC. Called once for many replies. It stays where it is from the first
   * reply on after which the run stops, and what lay in between is in doubt.
   */
  acknowledged(part: LogPart, endOffset: number): void;
}

/** Sends commands in transactions that also set a key of the target to the position reached. */
export interface TransactionalOptions {
  readonly key: Uint8Array;
  /** Database of the key. */
  readonly db: number;
  /** A transaction ends after this many commands, or as many as one `write` brings … */
  readonly maxCommands?: number;
  /** … or after this many bytes. A transaction of the log is one by itself, whatever its size. */
  readonly maxBytes?: number;
  /** The value of the key when all up to `endOffset` was carried out; ASCII. */
  positionOf(part: LogPart, endOffset: number): string;
}

/** Why nothing is on its way: the source has ended, or the reader has caught up and waits for more. */
export type DrainKind = 'end' | 'caught-up';

/** What who replays a log takes part in. */
export interface ReplayHooks {
  readonly tracker?: ReplayTracker;
  readonly transactional?: TransactionalOptions;
  /**
   * Awaited when every command has its reply and no transaction is open. May send commands over
   * the link, and must leave it in the database in which it is.
   */
  readonly onDrained?: (link: Link, kind: DrainKind) => Promise<void>;
  /**
   * What to do after a run that stopped at `part:offset`, as an imperative phrase; it is empty where
   * the connection was lost before a command of the log was sent.
   */
  readonly resumeHint?: (position: string) => string;
}
