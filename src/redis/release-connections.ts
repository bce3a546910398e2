import type { Redis } from 'ioredis';
import { RdbkitError } from '../errors.js';
import { defaultLimits } from '../limits.js';
import type { Address } from './address.js';
import { connectControl, disconnectControl } from './connection.js';
import { DatabaseSelector } from './database-selector.js';
import { Link } from './link.js';

/**
 * Connections of their own on which expiries are released: they live when those of the run do not,
 * and which database these have selected is not touched.
 */
export class ReleaseConnections {
  readonly databases: DatabaseSelector;
  private control: Redis | undefined;
  private controlDb = 0;
  private readonly onAbort = () => this.abort();

  private constructor(
    readonly link: Link,
    private readonly address: Address,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.databases = new DatabaseSelector(link);
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** @throws RdbkitError TARGET_LOST, TARGET_REPLY; ABORTED when the signal was given */
  static async open(address: Address, signal?: AbortSignal): Promise<ReleaseConnections> {
    const connections = new ReleaseConnections(await Link.open(address, defaultLimits), address, signal);
    if (signal?.aborted === true) connections.abort();
    return connections;
  }

  /** A connection for what is asked one by one, in this database; undefined where the target has none. */
  async controlIn(db: number): Promise<Redis | undefined> {
    this.control ??= await connectControl(this.address);
    this.link.check();
    if (db === this.controlDb) return this.control;
    if (this.databases.refusal(db) !== undefined) return undefined;
    if (!this.databases.select(db) && (await this.databases.ask(db)) !== undefined) return undefined;
    await this.control.select(db);
    this.controlDb = db;
    return this.control;
  }

  close(): void {
    this.signal?.removeEventListener('abort', this.onAbort);
    this.link.close();
    if (this.control !== undefined) disconnectControl(this.control);
  }

  private abort(): void {
    this.link.fail(new RdbkitError('ABORTED', 'interrupted before all expiries held back were released'));
    if (this.control !== undefined) disconnectControl(this.control);
  }
}
