import type { Redis } from 'ioredis';
import { HELD_TOLERANCE_MS, keyTimes } from '../aof/held-time.js';
import type { RdbkitError } from '../errors.js';
import type { Reply } from '../resp/reply.js';
import type { HeldBatch } from './held-batch.js';
import type { ReleaseConnections } from './release-connections.js';
import type { Expectation } from './window.js';

/** How often the clock of a server is read to find out what it says. */
const CLOCK_READS = 5;

/** How often a server is asked anew that answers too slowly. */
const TRIES = 5;

/** Asks a server when keys expire, and gives them other expiries. */
export class HeldKeys {
  /** False once the server has turned out not to know PEXPIRETIME (before 7.0). */
  private knowsExpireTime = true;
  /** Time of the server less ours, and how far that may be wrong, either way; ms. */
  private clock: { readonly ahead: number; readonly error: number } | undefined;

  constructor(private readonly connections: ReleaseConnections) {}

  /**
   * Fills in the times of a batch: those of held expiries are near enough to be told exactly.
   * @throws RdbkitError TARGET_LOST, TARGET_REPLY
   */
  async ask(batch: HeldBatch): Promise<void> {
    if (this.knowsExpireTime) {
      const error = await this.each(batch, 'PEXPIRETIME', isAny, (i, value) => {
        batch.times[i] = value;
      });
      if (error === undefined) return;
      if (!/unknown command/i.test(error)) throw this.refused('PEXPIRETIME', error);
      this.knowsExpireTime = false;
    }
    this.clock ??= await this.readClock();
    for (let tries = 1; ; tries++) {
      const began = Date.now();
      const error = await this.each(batch, 'PTTL', isAny, (i, value) => {
        batch.times[i] = value;
      });
      if (error !== undefined) throw this.refused('PTTL', error);
      const took = Date.now() - began;
      if (took / 2 + this.clock.error > HELD_TOLERANCE_MS) {
        if (tries < TRIES) continue;
        throw this.connections.link.replyError('it answers too slowly to say exactly when keys expire');
      }
      const now = began + took / 2 + this.clock.ahead;
      for (let i = 0; i < batch.count; i++) {
        if ((batch.times[i] as number) >= 0) (batch.times[i] as number) += now;
      }
      return;
    }
  }

  /**
   * Gives the keys whose times are those of held expiries the expiries meant.
   * @param isMeant which of them
   * @param onDone told of each that was there still
   */
  async release(
    batch: HeldBatch,
    isMeant: (i: number) => boolean,
    onDone: (atMs: number) => void,
  ): Promise<void> {
    const error = await this.each(
      batch,
      'PEXPIREAT',
      isMeant,
      (i, value) => {
        if (value === 1) onDone(keyTimes.release(batch.times[i] as number));
      },
      (i) => keyTimes.release(batch.times[i] as number),
    );
    if (error !== undefined) throw this.refused('PEXPIREAT', error);
  }

  /** Sends a command for keys of a batch and waits for the replies; returns the first error. */
  private async each(
    batch: HeldBatch,
    command: string,
    isMeant: (i: number) => boolean,
    onReply: (i: number, value: number) => void,
    argument?: (i: number) => number,
  ): Promise<string | undefined> {
    const { link, databases } = this.connections;
    const { window } = link;
    const { writer } = window;
    const sent: number[] = [];
    let answered = 0;
    let error: string | undefined;
    const expectation: Expectation = {
      onOk: () => {
        error ??= 'OK';
        answered++;
      },
      onReply: (_, reply: Reply) => {
        const i = sent[answered++] as number;
        if (reply.kind === 'integer') onReply(i, reply.value);
        else error ??= reply.kind === 'error' ? reply.text : reply.kind;
      },
      onLost: () => {},
    };
    for (let i = 0; i < batch.count; i++) {
      if (!isMeant(i)) continue;
      const db = batch.dbs[i] as number;
      // A database that the target does not have was refused to the commands, too.
      if (databases.refusal(db) !== undefined) continue;
      if (!databases.select(db) && (await databases.ask(db)) !== undefined) continue;
      writer.begin(argument === undefined ? 2 : 3);
      writer.text(command);
      writer.bytes(batch.key(i));
      if (argument !== undefined) writer.integer(argument(i));
      sent.push(i);
      window.expect(expectation);
    }
    await link.drain();
    link.check();
    return error;
  }

  /** What the clock of the server says, from the quickest of some readings. */
  private async readClock(): Promise<{ ahead: number; error: number }> {
    const control = (await this.connections.controlIn(0)) as Redis;
    let best = { ahead: 0, error: Number.POSITIVE_INFINITY };
    for (let i = 0; i < CLOCK_READS; i++) {
      const began = Date.now();
      const [seconds, micros] = (await control.time()).map(Number) as [number, number];
      const error = (Date.now() - began) / 2 + 1;
      if (error < best.error) best = { ahead: seconds * 1000 + micros / 1000 - began - error + 1, error };
    }
    return best;
  }

  private refused(command: string, error: string): RdbkitError {
    return this.connections.link.replyError(`${command} failed: ${error}`);
  }
}

function isAny(): boolean {
  return true;
}
