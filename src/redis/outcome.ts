import type { Account } from '../account.js';
import type { RdbkitError } from '../errors.js';
import type { Link } from './link.js';
import { fatalReply } from './probe.js';
import type { Expectation } from './window.js';

/** What to do with a key that the target has already. */
export type ConflictPolicy = 'fail' | 'skip' | 'replace';

/** Reason under which a key is skipped that the target has already. */
export const EXISTS = 'exists in the target';

/** Reason under which a key is skipped whose expiry is past. */
export const EXPIRED = 'expired';

/** Cause under which a command counts as failed whose reply never came. */
export const LOST = 'the connection was lost before the reply; it may have been written';

const MAX_CAUSE = 300;

/** Enters what becomes of keys into the account, by the replies of their commands. */
export class Outcomes {
  /** Set when the target refused a write in a way that all others would be refused, too. */
  fatal: RdbkitError | undefined;

  constructor(
    private readonly account: Account,
    private readonly link: Link,
    private readonly conflict: ConflictPolicy,
  ) {}

  /** For a command that writes one whole key. */
  expectation(command: string): Expectation {
    const { account, link } = this;
    return {
      onOk: (slot) => account.written(link.window.tallyOf(slot)),
      onReply: (slot, reply) => {
        if (reply.kind === 'error') this.refuse(slot, command, reply.text);
        else account.written(link.window.tallyOf(slot));
      },
      onLost: (slot) => this.enter(slot, command, LOST),
    };
  }

  /** Enters the key of a command as failed, or as skipped when it exists and that is wanted. */
  enter(slot: number, command: string, cause: string): void {
    const { window } = this.link;
    this.record(window.tallyOf(slot), window.dbOf(slot), window.keyOf(slot), command, cause);
  }

  record(tally: number, db: number, key: Uint8Array, command: string, cause: string): void {
    if (cause === EXISTS && this.conflict === 'skip') this.account.skipped(tally, cause);
    else this.account.failed(tally, cause);
    this.account.reject({ db, key, command, cause });
  }

  /** @throws RdbkitError once the target takes no writes any more */
  check(): void {
    if (this.fatal !== undefined) throw this.fatal;
  }

  private refuse(slot: number, command: string, reply: string): void {
    this.fatal ??= fatalReply(reply, this.link.label);
    this.enter(slot, command, causeOf(reply));
  }
}

/** The cause that stands for an error reply in accounts: the same for the same kind of refusal. */
export function causeOf(reply: string): string {
  if (/^BUSYKEY|^ERR Target key name is busy/.test(reply)) return EXISTS;
  return reply.slice(0, MAX_CAUSE);
}
