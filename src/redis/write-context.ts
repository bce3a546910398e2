import type { Redis } from 'ioredis';
import type { Account } from '../account.js';
import type { Limits } from '../limits.js';
import type { ValueConverter } from '../rdb/convert.js';
import type { DatabaseSelector } from './database-selector.js';
import type { FailedKeys } from './failed-keys.js';
import type { Link } from './link.js';
import type { ConflictPolicy, Outcomes } from './outcome.js';
import type { Target } from './probe.js';
import type { RateLimit } from './rate-limit.js';
import type { ReplayHooks } from './replay-hooks.js';
import type { RestoreCommand } from './restore-command.js';

/** What everything that writes into a target works with; one object a run. */
export interface WriteContext {
  readonly link: Link;
  readonly databases: DatabaseSelector;
  readonly target: Target;
  readonly limits: Limits;
  readonly account: Account;
  readonly outcomes: Outcomes;
  readonly restore: RestoreCommand;
  /** Brings values to the format of the target, without any loss. */
  readonly converter: ValueConverter;
  readonly conflict: ConflictPolicy;
  readonly expired: 'skip' | 'persist';
  readonly dryRun: boolean;
  readonly rate: RateLimit | undefined;
  readonly signal: AbortSignal;
}

/** What a log writer works with besides what all writers do. */
export interface LogContext extends WriteContext {
  readonly hooks: ReplayHooks;
  readonly failedKeys: FailedKeys;
  /** The connection on which is asked what must be known first. */
  readonly control: () => Promise<Redis>;
}
