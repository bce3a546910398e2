import { Role } from '../rdb/grammar.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { IdList } from './pending-list.js';
import { Unwritable } from './unwritable.js';

/** Pending entries of a stream whose messages are looked for. With what is known of them 48 bytes each. */
const MAX_PENDING = 1_000_000;

const MAX_NAME = 16 * 1024 * 1024;

/** Finds what commands cannot say of a stream. Shown all of its tokens, from `begin` on. */
export class StreamCheck {
  /** Pending entries, of all groups. */
  private readonly wanted = new IdList();

  begin(): void {
    this.wanted.clear();
  }

  /** Looks through a whole stream. @throws Unwritable */
  check(value: ValueReader): void {
    this.begin();
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) this.take(token, value.cursor);
    this.requireMessages(value);
  }

  /** @throws Unwritable for a token that no command can say */
  take(token: Token, cursor: ValueCursor): void {
    switch (cursor.role) {
      case Role.streamEntry:
        if (!cursor.deleted && cursor.pairs === 0)
          throw new Unwritable('no command adds an entry without fields');
        break;
      case Role.pendingId:
        if (this.wanted.size === MAX_PENDING) {
          throw new Unwritable(
            `it has more than ${MAX_PENDING} pending entries, too many to claim by commands`,
          );
        }
        this.wanted.add(cursor);
        break;
      case Role.groupNacked:
        if (cursor.integer !== 0)
          throw new Unwritable('no command makes its pending entries that nobody holds');
        break;
      case Role.groupName:
      case Role.consumerName:
        if (token === Token.fragment && cursor.total > MAX_NAME) {
          throw new Unwritable(`the name of a group or consumer has more than ${MAX_NAME} bytes`);
        }
        break;
      case Role.idmpProducers:
        if (cursor.integer !== 0) throw new Unwritable('no command makes its idempotent producers');
        break;
      default:
    }
  }

  /** Reads the stream again. @throws Unwritable unless it has the message of every pending entry */
  requireMessages(value: ValueReader): void {
    if (this.wanted.size === 0) return;
    const ids = this.wanted.sorted();
    const { cursor } = value;
    let next = 0;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.streamLength) break;
      if (token !== Token.entry || cursor.deleted) continue;
      if (next < ids.size && ids.compare(next, cursor) === 0) next++;
    }
    if (next < ids.size)
      throw new Unwritable('commands cannot make a pending entry whose message is deleted');
  }
}
