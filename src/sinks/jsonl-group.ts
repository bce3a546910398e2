import type { Integer } from '../bytes/integer.js';
import { ByteWriter } from '../bytes/writer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { UNKNOWN_ENTRIES_READ } from '../rdb/entries-read.js';
import { Role } from '../rdb/grammar.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import { putIdPair } from './json-id.js';
import type { LineStrings } from './jsonl-strings.js';
import type { OutputBuffer } from './output-buffer.js';
import { PendingList } from './pending-list.js';

const NOBODY = -1;

interface Consumer {
  /** The name ends here among all names, and begins where the one before ends. */
  readonly nameEnd: number;
  readonly seenAtMs: Integer;
  /** Undefined before Redis 7.2. */
  activeAtMs: Integer | undefined;
}

/**
 * One consumer group of a stream, held because a dump lists what is pending before it says who
 * holds it. Takes the tokens of the group one by one, then writes it.
 */
export class HeldGroup {
  /** True from the group's name on until it is written. */
  isOpen = false;
  private readonly name = new ByteWriter();
  private readonly names = new ByteWriter();
  private readonly consumers: Consumer[] = [];
  private lastMs: Integer = 0;
  private lastSeq: Integer = 0;
  /** Undefined before Redis 7.0. */
  private entriesRead: Integer | undefined;
  private readonly pending = new PendingList();
  /** Of each pending entry the index of the consumer that holds it. */
  private owners = new Int32Array(64);

  constructor(private readonly limits: Limits) {}

  /** Forgets what is held. */
  clear(): void {
    this.isOpen = false;
    this.name.size = 0;
    this.names.size = 0;
    this.consumers.length = 0;
    this.entriesRead = undefined;
    this.pending.clear();
  }

  /**
   * Takes a token of the group; others are passed over.
   * @throws RdbkitError INPUT_CORRUPT when consumers hold what the group does not list, or what
   *   another one holds; LIMIT_EXCEEDED for more than may be held
   */
  take(token: Token, cursor: ValueCursor): void {
    switch (cursor.role) {
      case Role.groupName:
        this.isOpen = true;
        this.append(this.name, cursor);
        break;
      case Role.groupLastMs:
        this.lastMs = cursor.integer as Integer;
        break;
      case Role.groupLastSeq:
        this.lastSeq = cursor.integer as Integer;
        break;
      case Role.groupEntriesRead:
        this.entriesRead = cursor.integer;
        break;
      case Role.groupPending:
      case Role.groupConsumers:
        this.requireRoom(cursor);
        break;
      case Role.pendingId:
        this.addPending(cursor);
        break;
      case Role.pendingDeliveredAt:
        this.pending.setDeliveredAt(cursor);
        break;
      case Role.pendingDeliveries:
        this.pending.setDeliveries(cursor);
        break;
      case Role.consumerName:
        this.append(this.names, cursor);
        break;
      case Role.consumerSeenAt:
        this.consumers.push({
          nameEnd: this.names.size,
          seenAtMs: cursor.integer as Integer,
          activeAtMs: undefined,
        });
        break;
      case Role.consumerActiveAt:
        (this.consumers.at(-1) as Consumer).activeAtMs = cursor.integer;
        break;
      case Role.consumerPendingId:
        this.own(cursor, this.consumers.length - 1);
        break;
      case Role.nackedId:
        if (token === Token.id) this.own(cursor, NOBODY);
        break;
      default:
    }
  }

  /** Writes the group as a JSON object and forgets it; false when a name is no UTF-8. */
  write(out: OutputBuffer, strings: LineStrings): boolean {
    const { entriesRead } = this;
    out.ascii('{"name":');
    if (!strings.put(out, this.name.bytes, 0, this.name.size)) return false;
    out.ascii(',"lastId":');
    putIdPair(out, this.lastMs, this.lastSeq);
    if (entriesRead !== undefined) {
      out.ascii(',"entriesRead":');
      if (entriesRead === UNKNOWN_ENTRIES_READ) out.ascii('null');
      else out.integer(entriesRead);
    }
    out.ascii(',"pending":[');
    for (let i = 0; i < this.pending.size; i++) if (!this.writePending(out, strings, i)) return false;
    out.ascii('],"consumers":[');
    for (let i = 0; i < this.consumers.length; i++) if (!this.writeConsumer(out, strings, i)) return false;
    out.ascii(']}');
    this.clear();
    return true;
  }

  private writePending(out: OutputBuffer, strings: LineStrings, index: number): boolean {
    const { pending } = this;
    out.ascii(index === 0 ? '[' : ',[');
    putIdPair(out, pending.ms(index), pending.seq(index));
    out.ascii(',');
    const owner = this.owners[index] as number;
    if (owner === NOBODY) out.ascii('null');
    else if (!this.writeName(out, strings, owner)) return false;
    out.ascii(',');
    out.integer(pending.deliveredAtMs(index));
    out.ascii(',');
    out.integer(pending.deliveries(index));
    out.ascii(']');
    return true;
  }

  private writeConsumer(out: OutputBuffer, strings: LineStrings, index: number): boolean {
    const { seenAtMs, activeAtMs } = this.consumers[index] as Consumer;
    out.ascii(index === 0 ? '{"name":' : ',{"name":');
    if (!this.writeName(out, strings, index)) return false;
    out.ascii(',"seenAt":');
    out.integer(seenAtMs);
    if (activeAtMs !== undefined) {
      out.ascii(',"activeAt":');
      out.integer(activeAtMs);
    }
    out.ascii('}');
    return true;
  }

  private writeName(out: OutputBuffer, strings: LineStrings, index: number): boolean {
    const start = index === 0 ? 0 : (this.consumers[index - 1] as Consumer).nameEnd;
    return strings.put(out, this.names.bytes, start, (this.consumers[index] as Consumer).nameEnd);
  }

  private append(target: ByteWriter, cursor: ValueCursor): void {
    const { limits } = this;
    if (cursor.isInteger) cursor.formatInteger();
    target.put(cursor.text, cursor.textStart, cursor.textEnd);
    if (target.size <= limits.maxHeldString) return;
    throw new RdbkitError('LIMIT_EXCEEDED', `names of more than ${limits.maxHeldString} bytes in one group`);
  }

  private requireRoom(cursor: ValueCursor): void {
    const count = this.pending.size + Number(cursor.integer);
    const { maxGroupEntries } = this.limits;
    if (count <= maxGroupEntries) return;
    throw new RdbkitError(
      'LIMIT_EXCEEDED',
      `a group of ${count} pending entries and consumers, more than the limit of ${maxGroupEntries}`,
    );
  }

  private addPending(cursor: ValueCursor): void {
    const { pending } = this;
    const { size } = pending;
    if (size > 0 && pending.compare(size - 1, cursor) >= 0) {
      throw new RdbkitError('INPUT_CORRUPT', 'the pending entries of a group do not ascend');
    }
    pending.add(cursor);
    if (size === this.owners.length) {
      const grown = new Int32Array(2 * size);
      grown.set(this.owners);
      this.owners = grown;
    }
    this.owners[size] = NOBODY;
  }

  /** Enters who holds a pending entry; those that nobody is said to hold stay with nobody. */
  private own(cursor: ValueCursor, owner: number): void {
    const index = this.pending.find(cursor);
    if (index < 0) {
      throw new RdbkitError('INPUT_CORRUPT', 'a consumer holds an entry that its group does not list');
    }
    if (this.owners[index] !== NOBODY) {
      throw new RdbkitError('INPUT_CORRUPT', 'two consumers hold the same pending entry');
    }
    this.owners[index] = owner;
  }
}
