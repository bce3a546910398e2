import type { Redis } from 'ioredis';
import type { Refusal } from '../account.js';
import { RdbkitError } from '../errors.js';
import type { Link } from './link.js';
import { refusalOf } from './outcome.js';
import { isErrorReply } from './probe.js';
import type { Expectation } from './window.js';

/**
 * Follows the records from database to database. A database is asked for once and the reply
 * awaited: commands pipelined behind a SELECT that fails would land in the database before.
 */
export class DatabaseSelector {
  /** A connection starts in database 0, also that of a user who may not SELECT. */
  private current = 0;
  private readonly known = new Set<number>([0]);
  private readonly refused = new Map<number, Refusal>();
  private readonly again: Expectation;

  constructor(private readonly link: Link) {
    this.again = {
      onOk: () => {},
      onReply: (_, reply) => {
        if (reply.kind === 'error') link.fail(link.replyError(`SELECT failed: ${reply.text}`));
      },
      onLost: () => {},
    };
  }

  /** The database in which the next command acts. */
  get selected(): number {
    return this.current;
  }

  /** Whether a database was selected before, so that it can be again. */
  isKnown(db: number): boolean {
    return this.known.has(db);
  }

  /** Selects a database that was selected before; false when it must be asked for first. */
  select(db: number, expectation = this.again): boolean {
    if (db === this.current) return true;
    if (!this.known.has(db)) return false;
    const { window } = this.link;
    window.writer.begin(2);
    window.writer.text('SELECT');
    window.writer.integer(db);
    window.expect(expectation);
    this.current = db;
    return true;
  }

  /** Why the target does not have a database, as far as it was asked. */
  refusal(db: number): Refusal | undefined {
    return this.refused.get(db);
  }

  /** Asks for a database and selects it; why not, when it is refused. */
  async ask(db: number): Promise<Refusal | undefined> {
    const reply = await this.link.call('SELECT', String(db));
    if (reply.kind === 'error') return this.refuse(db, reply.text);
    this.known.add(db);
    this.current = db;
    return undefined;
  }

  /** Asks for a database over another connection of the same user, and selects nothing here. */
  async askBy(control: () => Promise<Redis>, db: number): Promise<Refusal | undefined> {
    try {
      await (await control()).select(db);
      this.known.add(db);
      return undefined;
    } catch (thrown) {
      const error = RdbkitError.from(thrown, 'TARGET_LOST');
      if (isErrorReply(thrown)) return this.refuse(db, error.message);
      throw this.link.failure ?? error;
    }
  }

  /** The server has gone back to a database, because a transaction was discarded. */
  wentBack(db: number): void {
    this.current = db;
  }

  private refuse(db: number, reply: string): Refusal {
    const { code, cause } = refusalOf(reply);
    const refusal: Refusal = { code, cause: `database ${db} cannot be selected: ${cause}` };
    this.refused.set(db, refusal);
    return refusal;
  }
}
