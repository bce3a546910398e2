import { RdbkitError } from '../../errors.js';
import { Role } from '../grammar.js';
import { compareHalves } from '../stream-id.js';
import type { ValueCursor } from './cursor.js';
import { Token } from './token.js';

/** Pending entries of a group up to which each id of a consumer is looked up. */
const MAX_LOOKED_UP = 65_536;

/**
 * The rules a server holds against a stream besides its form (rdb.c, `rdbLoadObject`): ids
 * ascend, counts agree, and what consumers hold is a partition of what their group lists.
 */
export class StreamRules {
  private live = 0;
  private readonly entry = new Ascending('a stream entry');
  private readonly pendingIds = new Ascending('a pending entry');
  private readonly heldIds = new Ascending('an entry of a consumer');
  private pending = 0;
  private held = 0;
  private inGroup = false;
  private listed: Set<string> | undefined;

  begin(): void {
    this.live = 0;
    this.entry.reset();
    this.inGroup = false;
  }

  /** @throws RdbkitError INPUT_CORRUPT when the token breaks a rule */
  take(token: Token, cursor: ValueCursor): void {
    switch (cursor.role) {
      case Role.streamEntry:
        this.entry.follow(cursor);
        if (!cursor.deleted) this.live++;
        break;
      case Role.streamLength:
        if (cursor.integer !== this.live) {
          throw broken(`its length is ${cursor.integer} where ${this.live} entries are`);
        }
        break;
      case Role.groupName:
        this.endGroup();
        this.inGroup = true;
        break;
      case Role.groupPending:
        this.pending = Number(cursor.integer);
        this.held = 0;
        this.pendingIds.reset();
        this.listed = this.pending <= MAX_LOOKED_UP ? new Set() : undefined;
        break;
      case Role.pendingId:
        this.pendingIds.follow(cursor);
        this.listed?.add(idOf(cursor));
        break;
      case Role.consumerPending:
      case Role.groupNacked:
        this.heldIds.reset();
        break;
      case Role.consumerPendingId:
      case Role.nackedId:
        if (token === Token.id) this.hold(cursor);
        break;
      case Role.idmpDuration:
        this.endGroup();
        break;
      default:
    }
  }

  end(): void {
    this.endGroup();
  }

  private hold(cursor: ValueCursor): void {
    this.heldIds.follow(cursor);
    this.held++;
    if (this.listed !== undefined && !this.listed.delete(idOf(cursor))) {
      throw broken('a consumer holds an entry that its group does not list, or that another one holds');
    }
  }

  private endGroup(): void {
    if (!this.inGroup) return;
    this.inGroup = false;
    if (this.held !== this.pending) {
      throw broken(`a group lists ${this.pending} pending entries where its consumers hold ${this.held}`);
    }
  }
}

/** Holds that the ids of one list ascend strictly. */
class Ascending {
  private first = true;
  private readonly last = new Int32Array(4);

  constructor(private readonly what: string) {}

  reset(): void {
    this.first = true;
  }

  follow({ msHigh, msLow, seqHigh, seqLow }: ValueCursor): void {
    const { last } = this;
    if (!this.first && compareHalves(last, 0, msHigh, msLow, seqHigh, seqLow) >= 0) {
      throw broken(`the id of ${this.what} does not follow the one before`);
    }
    this.first = false;
    last[0] = msHigh;
    last[1] = msLow;
    last[2] = seqHigh;
    last[3] = seqLow;
  }
}

function idOf({ msHigh, msLow, seqHigh, seqLow }: ValueCursor): string {
  return `${msHigh}:${msLow}:${seqHigh}:${seqLow}`;
}

function broken(message: string): RdbkitError {
  return new RdbkitError('INPUT_CORRUPT', message);
}
