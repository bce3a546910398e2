import type { Account, Refusal } from '../account.js';
import type { RdbkitError } from '../errors.js';
import type { Link } from './link.js';
import { fatalReply } from './probe.js';
import type { Expectation } from './window.js';

/** What to do with a key that the target has already. */
export type ConflictPolicy = 'fail' | 'skip' | 'replace';

/** Why a key is not written that the target has already. */
export const EXISTS: Refusal = { code: 'CONFLICT', cause: 'exists in the target' };

/** Reason under which a key is skipped whose expiry is past. */
export const EXPIRED = 'expired';

/** Why a key counts as failed whose reply never came. */
export const LOST: Refusal = {
  code: 'TARGET_LOST',
  cause: 'the connection was lost before the reply; it may have been written',
};

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
  enter(slot: number, command: string, refusal: Refusal): void {
    const { window } = this.link;
    this.record(window.tallyOf(slot), window.dbOf(slot), window.keyOf(slot), command, refusal);
  }

  record(tally: number, db: number, key: Uint8Array, command: string, refusal: Refusal): void {
    if (refusal === EXISTS && this.conflict === 'skip') this.account.skipped(tally, refusal.cause);
    else this.account.failed(tally, refusal.cause);
    this.account.reject({ db, key, command, ...refusal });
  }

  /** @throws RdbkitError once the target takes no writes any more */
  check(): void {
    if (this.fatal !== undefined) throw this.fatal;
  }

  private refuse(slot: number, command: string, reply: string): void {
    this.fatal ??= fatalReply(reply, this.link.label);
    this.enter(slot, command, refusalOf(reply));
  }
}

/**
 * Why a value cannot be written: damage is named with its place, what the target cannot have is the
 * same for many keys.
 */
export function refusalOfValue(error: RdbkitError): Refusal {
  return {
    code: error.code,
    cause: error.code === 'TARGET_INCOMPATIBLE' ? error.message : error.describe(),
  };
}

/** What an error reply means for the key: the same for the same kind of refusal. */
export function refusalOf(reply: string): Refusal {
  if (/^BUSYKEY|^ERR Target key name is busy/.test(reply)) return EXISTS;
  return { code: 'TARGET_REPLY', cause: reply.slice(0, MAX_CAUSE) };
}
