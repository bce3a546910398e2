import { randomBytes } from 'node:crypto';
import { HeldPart, keyTimes } from '../aof/held-time.js';
import { RdbkitError } from '../errors.js';
import type { MakeSpill } from '../spill.js';
import type { HeldKeyNotes } from '../stages/held-keys.js';
import type { Address } from './address.js';
import { HeldBatch } from './held-batch.js';
import { releaseFields } from './held-fields.js';
import { HeldKeys } from './held-keys.js';
import { HeldNotes, UNTOLD_EXPIRY } from './held-notes.js';
import { findHeld } from './held-search.js';
import { SWAP } from './note-reader.js';
import { ReleaseConnections } from './release-connections.js';

/** A log's present is taken to be so much earlier than it says, ms: clocks and `#TS:` are not exact. */
const MARGIN_MS = 5000;

/** What was done with held expiries. */
export interface HeldRelease {
  /** Keys, then fields of hashes, that expire as they should. */
  readonly released: number;
  readonly releasedFields: number;
  /** Those whose expiry was past, so that the target has deleted them. */
  readonly expired: number;
  readonly expiredFields: number;
  /** Keys noted whose expiry was not held any more: gone, or given another since. */
  readonly others: number;
}

/**
 * Remembers which keys were given expiries that are held back (see `holdExpiries`), and gives them
 * those that they should have. With a file, what is to be released can be found after a crash: names
 * are in the file before the target gets their expiries.
 */
export class HeldExpiries implements HeldKeyNotes {
  private isReleasing = false;

  private constructor(private readonly notes: HeldNotes) {}

  /** Notes that are lost with the process. */
  static temporary(makeSpill: MakeSpill): HeldExpiries {
    return new HeldExpiries(HeldNotes.temporary(makeSpill));
  }

  /**
   * Notes in a file, with those that it holds from a run before.
   * @throws RdbkitError IO; USAGE when the file is one of something else
   */
  static inFile(path: string): HeldExpiries {
    return new HeldExpiries(HeldNotes.inFile(path));
  }

  /**
   * Finds out before the run whether the target lets us do what a release does. Nothing is written.
   * @throws RdbkitError TARGET_REPLY when the user may not; TARGET_LOST
   */
  static async requireRelease(address: Address): Promise<void> {
    const connections = await ReleaseConnections.open(address);
    try {
      const key = `rdbkit:probe:${randomBytes(8).toString('hex')}`;
      for (const command of [
        ['PEXPIRETIME', key],
        ['PTTL', key],
        ['PEXPIREAT', key, '1'],
      ]) {
        const reply = await connections.link.call(...command);
        if (reply.kind !== 'error' || !NOT_ALLOWED.test(reply.text)) continue;
        throw new RdbkitError('TARGET_REPLY', `expiries cannot be held back: ${reply.text}`, {
          subject: address.label,
          hint: 'grant the user PEXPIRETIME, PTTL and PEXPIREAT, or use another user',
        });
      }
    } finally {
      connections.close();
    }
  }

  /** Names noted; one may be counted more than once. */
  get size(): number {
    return this.notes.count;
  }

  get hasFields(): boolean {
    return this.notes.fieldCount > 0;
  }

  add(parts: number, db: number, bytes: Uint8Array, start: number, end: number, atMs?: number): void {
    this.refuseWhileReleasing();
    this.notes.add(parts, db, bytes, start, end, atMs ?? UNTOLD_EXPIRY);
  }

  swap(first: number, second: number): void {
    this.refuseWhileReleasing();
    this.notes.swap(first, second);
  }

  flush(): void {
    this.notes.flush();
  }

  /** Lets the file outlive a power cut: to be called before a position is recorded from which to go on. */
  sync(): void {
    this.notes.sync();
  }

  /**
   * Notes what is held in the target by a run before, of which no notes are left. All keys are
   * looked at, and none is changed.
   * @throws RdbkitError TARGET_LOST, TARGET_REPLY, IO, or ABORTED
   */
  async recover(address: Address, signal?: AbortSignal): Promise<void> {
    const connections = await ReleaseConnections.open(address, signal);
    try {
      await findHeld(connections, (parts, db, key, atMs) => this.add(parts, db, key, 0, key.length, atMs));
    } finally {
      connections.close();
    }
  }

  /**
   * Gives all keys the expiries meant, over connections of its own: also after a run that was
   * interrupted. All commands sent before must have their replies. An expiry that another client
   * gives to a key between the question and the answer is overwritten. After an error all names are
   * noted still, and those that were released are passed over the next time.
   *
   * @param signal ends it, as by a bound on time
   * @throws RdbkitError TARGET_LOST, TARGET_REPLY, IO, or ABORTED
   */
  async release(address: Address, signal?: AbortSignal): Promise<HeldRelease> {
    return this.size === 0 ? NOTHING : this.pass(address, Number.POSITIVE_INFINITY, signal);
  }

  /**
   * The same for expiries that lie well before the time at which the log is: nothing that is still
   * to come in it can have prolonged these. The others stay held.
   */
  async releaseDue(address: Address, logTimeMs: number, signal?: AbortSignal): Promise<HeldRelease> {
    const dueMs = logTimeMs - MARGIN_MS;
    return this.notes.earliestMs >= dueMs ? NOTHING : this.pass(address, dueMs, signal);
  }

  /** Ends it. A file in which nothing is noted is removed, any other stays for another run. */
  close(): void {
    if (this.size === 0) this.notes.remove();
    else this.notes.close();
  }

  private refuseWhileReleasing(): void {
    if (this.isReleasing) throw new RdbkitError('INTERNAL', 'an expiry was held during a release');
  }

  private async pass(address: Address, dueMs: number, signal: AbortSignal | undefined): Promise<HeldRelease> {
    this.refuseWhileReleasing();
    this.isReleasing = true;
    try {
      const connections = await ReleaseConnections.open(address, signal);
      try {
        return await this.passOver(connections, dueMs);
      } finally {
        connections.close();
      }
    } finally {
      this.isReleasing = false;
    }
  }

  private async passOver(connections: ReleaseConnections, dueMs: number): Promise<HeldRelease> {
    const rest = this.notes.successor();
    try {
      const pass = new ReleasePass(connections, rest, dueMs);
      await this.readInto(pass, rest, dueMs);
      this.notes.replaceBy(rest);
      return pass.sums;
    } catch (thrown) {
      rest.remove();
      throw thrown;
    }
  }

  private async readInto(pass: ReleasePass, rest: HeldNotes, dueMs: number): Promise<void> {
    const { swapped } = this.notes;
    const { batch } = pass;
    const reader = this.notes.read();
    while (reader.next()) {
      const { kind, db, bytes, keyStart, keyEnd, atMs } = reader;
      if (kind === SWAP) continue;
      if (atMs >= dueMs) {
        rest.add(kind, db, bytes, keyStart, keyEnd, atMs);
        continue;
      }
      for (const place of swapped.has(db) ? swapped : [db]) {
        batch.add(kind, place, bytes, keyStart, keyEnd);
        if (batch.isFull) await pass.settle();
      }
    }
    await pass.settle();
  }
}

/** A user may be refused the command, or only the name of the key that was tried. */
const NOT_ALLOWED = /permissions? to run/i;

const NOTHING: HeldRelease = { released: 0, releasedFields: 0, expired: 0, expiredFields: 0, others: 0 };

/** One way through the notes. */
class ReleasePass {
  readonly batch = new HeldBatch();
  readonly sums = { ...NOTHING };
  private readonly keys: HeldKeys;

  constructor(
    private readonly connections: ReleaseConnections,
    private readonly rest: HeldNotes,
    private readonly dueMs: number,
  ) {
    this.keys = new HeldKeys(connections);
  }

  /** Asks about the keys of the batch and releases what is due. */
  async settle(): Promise<void> {
    const { batch, dueMs, sums, rest, keys } = this;
    if (batch.count === 0) return;
    const { times } = batch;
    await keys.ask(batch);
    const now = Date.now();
    await keys.release(
      batch,
      (i) => {
        const time = times[i] as number;
        if (!keyTimes.isHeld(time)) {
          if (batch.parts[i] === HeldPart.key) sums.others++;
          return false;
        }
        const atMs = keyTimes.release(time);
        if (atMs < dueMs) return true;
        const key = batch.key(i);
        rest.add(HeldPart.key, batch.dbs[i] as number, key, 0, key.length, atMs);
        return false;
      },
      (atMs) => {
        if (atMs <= now) sums.expired++;
        else sums.released++;
      },
    );
    for (let i = 0; i < batch.count; i++) {
      if (((batch.parts[i] as number) & HeldPart.fields) !== 0) await this.settleFields(i);
    }
    batch.clear();
  }

  private async settleFields(i: number): Promise<void> {
    const { batch, sums, rest, connections, dueMs } = this;
    const key = batch.key(i);
    const db = batch.dbs[i] as number;
    const client = await connections.controlIn(db);
    if (client === undefined) return;
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
    const { released, expired, earliestMs } = await releaseFields(client, bytes, dueMs);
    sums.releasedFields += released;
    sums.expiredFields += expired;
    if (earliestMs < Number.POSITIVE_INFINITY) rest.add(HeldPart.fields, db, key, 0, key.length, earliestMs);
  }
}
