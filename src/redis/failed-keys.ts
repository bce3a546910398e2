import { randomFillSync } from 'node:crypto';
import { type Account, positionText, type Refusal } from '../account.js';
import { KeyFinder } from '../aof/command-keys.js';
import { dbArgument, dbReach } from '../aof/db-reach.js';
import { Fingerprint } from '../codec/fingerprint.js';
import { RdbkitError } from '../errors.js';
import type { LogHead } from '../record.js';
import { FingerprintSet } from './fingerprint-set.js';

/** Why a command is not sent that names a key that is not as the log says. */
export const KEY_REFUSED: Refusal = { code: 'TARGET_REPLY', cause: 'its key was refused before' };

/**
 * Keys that were refused before the commands of a log came, so that no command makes half of such
 * a key. Where a command is left out because it names one, what it would have written is not as
 * the log says either, and is remembered, too.
 */
export class FailedKeys {
  private readonly fingerprint = new Fingerprint(randomFillSync(new Int32Array(4)));
  private readonly prints = new FingerprintSet();
  private readonly finder = new KeyFinder();
  /** Where SWAPDB has put databases: the number under which the keys of each are remembered. */
  private readonly places = new Map<number, number>();
  private isTooMany = false;

  constructor(private readonly most: number) {}

  get isEmpty(): boolean {
    return this.prints.size === 0;
  }

  add(db: number, key: Uint8Array): void {
    if (this.prints.size >= this.most) this.isTooMany = true;
    else this.prints.add(this.print(db, key, 0, key.length));
  }

  /**
   * Whether a command names such a key; remembers what it would have written, then.
   * @throws RdbkitError LIMIT_EXCEEDED when there were too many keys to remember
   */
  refuses(command: LogHead): boolean {
    if (this.isTooMany) {
      throw new RdbkitError('LIMIT_EXCEEDED', `more than ${this.most} keys were refused`, {
        where: positionText(command),
        hint: 'see the causes: commands that change these keys cannot be told from others any more',
      });
    }
    const keys = this.finder.find(command);
    const other = otherDb(command);
    let refused = false;
    for (let i = 0; i < keys && !refused; i++) {
      refused = this.has(command, i, command.db) || (other !== undefined && this.has(command, i, other));
    }
    for (let i = 0; refused && i < keys; i++) {
      if (!this.finder.isWritten(i)) continue;
      const key = command.argument(this.finder.argumentOf(i));
      this.add(command.db, key);
      if (other !== undefined) this.add(other, key);
    }
    return refused;
  }

  /** Follows a command that moves all keys of databases, and is sent. */
  follow(command: LogHead): void {
    const reach = dbReach(command);
    if (reach.kind === 'flush-all') this.prints.clear();
    if (reach.kind !== 'swap') return;
    const first = dbArgument(command, reach.first);
    const second = dbArgument(command, reach.second);
    const place = this.placeOf(first);
    this.places.set(first, this.placeOf(second));
    this.places.set(second, place);
  }

  private has(command: LogHead, i: number, db: number): boolean {
    const argument = this.finder.argumentOf(i);
    const { bytes } = command;
    return this.prints.has(
      this.print(db, bytes, command.argumentStart(argument), command.argumentEnd(argument)),
    );
  }

  private print(db: number, bytes: Uint8Array, start: number, end: number): Int32Array {
    this.fingerprint.of(this.placeOf(db), bytes, start, end);
    return this.fingerprint.words;
  }

  private placeOf(db: number): number {
    return this.places.get(db) ?? db;
  }
}

/** The second database of MOVE and COPY. */
function otherDb(command: LogHead): number | undefined {
  const reach = dbReach(command);
  return reach.kind === 'argument' ? dbArgument(command, reach.argument) : undefined;
}

/** Remembers the keys that are refused from now on: the commands that follow must not make them. */
export function watchRejects(account: Account, failedKeys: FailedKeys): void {
  const { onReject } = account;
  account.onReject = (reject) => {
    if (reject.position === undefined && reject.db >= 0) failedKeys.add(reject.db, reject.key);
    onReject?.(reject);
  };
}
