import type { Refusal } from '../account.js';
import type { Link } from './link.js';
import { refusalOf } from './outcome.js';
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

  /** Selects a database that was selected before; false when it must be asked for first. */
  select(db: number): boolean {
    if (db === this.current) return true;
    if (!this.known.has(db)) return false;
    const { window } = this.link;
    window.writer.begin(2);
    window.writer.text('SELECT');
    window.writer.integer(db);
    window.expect(this.again);
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
    if (reply.kind === 'error') {
      const { code, cause } = refusalOf(reply.text);
      this.refused.set(db, { code, cause: `database ${db} cannot be selected: ${cause}` });
      return this.refused.get(db);
    }
    this.known.add(db);
    this.current = db;
    return undefined;
  }
}
