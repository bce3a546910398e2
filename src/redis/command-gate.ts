import type { Refusal } from '../account.js';
import { refusalByArguments } from '../aof/replayable.js';
import { RdbkitError } from '../errors.js';
import type { LogHead } from '../record.js';
import { hasLongerArgument } from './argument-size.js';
import { KEY_REFUSED } from './failed-keys.js';
import { KnownCommands } from './known-commands.js';
import { isErrorReply } from './probe.js';
import type { LogContext } from './write-context.js';

const TOO_LONG: Refusal = {
  code: 'TARGET_INCOMPATIBLE',
  cause: 'an argument is longer than the target takes (proto-max-bulk-len)',
};

/**
 * Says which commands of a log can be sent, by what the target has been asked: which commands it
 * has, which databases, whether it takes transactions. It is asked when the first command needs it.
 */
export class CommandGate {
  private known: KnownCommands | undefined;
  private mayMulti = false;

  constructor(private readonly context: LogContext) {}

  /** Whether all is known that must be before a command is written. @param needsMulti behind a MULTI */
  isReady({ db, spec }: LogHead, needsMulti: boolean): boolean {
    const { databases } = this.context;
    return (
      this.known?.isAsked(spec) === true &&
      (db === databases.selected || databases.isKnown(db) || databases.refusal(db) !== undefined) &&
      (this.mayMulti || !needsMulti)
    );
  }

  /**
   * Asks what has to be known before a command is written.
   * @throws RdbkitError TARGET_LOST; TARGET_INCOMPATIBLE for a target that refuses MULTI, or the
   *   database of the position
   */
  async ready(record: LogHead, needsMulti: boolean): Promise<void> {
    const { control, databases, hooks } = this.context;
    this.known ??= await KnownCommands.ask(await control());
    if (!this.known.isAsked(record.spec)) await this.known.askAll(await control());
    const ownDb = hooks.transactional?.db ?? record.db;
    for (const db of [record.db, ownDb]) {
      if (databases.isKnown(db) || databases.refusal(db) !== undefined) continue;
      const refusal = await databases.askBy(control, db);
      if (refusal !== undefined && hooks.transactional?.db === db) {
        throw new RdbkitError('TARGET_INCOMPATIBLE', refusal.cause, { subject: this.context.link.label });
      }
    }
    if (!this.mayMulti && needsMulti) await this.tryMulti();
  }

  /** Why a command cannot be sent. One that can is taken to be sent next. */
  refusal(record: LogHead): Refusal | undefined {
    const { failedKeys, databases, target } = this.context;
    const refusal =
      (this.known as KnownCommands).refusal(record.spec) ??
      refusalByArguments(record) ??
      databases.refusal(record.db) ??
      (hasLongerArgument(record, target.maxBulkBytes) ? TOO_LONG : undefined) ??
      (!failedKeys.isEmpty && failedKeys.refuses(record) ? KEY_REFUSED : undefined);
    if (refusal === undefined && !failedKeys.isEmpty) failedKeys.follow(record);
    return refusal;
  }

  /** A server that refuses MULTI would carry out one by one what is written behind it. */
  private async tryMulti(): Promise<void> {
    const client = await this.context.control();
    try {
      await client.call('MULTI');
      await client.call('DISCARD');
      this.mayMulti = true;
    } catch (thrown) {
      if (!isErrorReply(thrown)) throw RdbkitError.from(thrown, 'TARGET_LOST');
      throw new RdbkitError('TARGET_INCOMPATIBLE', `it refuses transactions (${(thrown as Error).message})`, {
        subject: this.context.link.label,
        hint: 'grant the user +multi, +exec and +discard',
      });
    }
  }
}
