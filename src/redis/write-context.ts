import type { Account } from '../account.js';
import type { Limits } from '../limits.js';
import type { ValueConverter } from '../rdb/convert.js';
import type { DatabaseSelector } from './database-selector.js';
import type { Link } from './link.js';
import type { ConflictPolicy, Outcomes } from './outcome.js';
import type { Target } from './probe.js';
import type { RateLimit } from './rate-limit.js';
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
