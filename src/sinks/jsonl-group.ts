import type { Integer } from '../bytes/integer.js';
import { signedInteger, unsignedInteger } from '../bytes/integer.js';
import { ByteWriter } from '../bytes/writer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { Role } from '../rdb/grammar.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import { putId } from './jsonl-id.js';
import type { LineStrings } from './jsonl-strings.js';
import type { OutputBuffer } from './output-buffer.js';

/** Numbers of a pending entry in `PendingTable`: its id, when and how often delivered, its owner. */
const ROW = 9;
const OWNER = 8;
const NOBODY = -1;

/** What stands in `entriesRead` for unknown: -1 as an unsigned integer. */
const UNKNOWN = 0xffff_ffff_ffff_ffffn;

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
  private readonly last = new Int32Array(4);
  /** Undefined before Redis 7.0. */
  private entriesRead: Integer | undefined;
  private rows = new Int32Array(64 * ROW);
  private pending = 0;

  constructor(private readonly limits: Limits) {}

  /** Forgets what is held. */
  clear(): void {
    this.isOpen = false;
    this.name.size = 0;
    this.names.size = 0;
    this.consumers.length = 0;
    this.entriesRead = undefined;
    this.pending = 0;
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
        this.last[0] = cursor.valueHigh;
        this.last[1] = cursor.valueLow;
        break;
      case Role.groupLastSeq:
        this.last[2] = cursor.valueHigh;
        this.last[3] = cursor.valueLow;
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
        this.setNumber(4, cursor);
        break;
      case Role.pendingDeliveries:
        this.setNumber(6, cursor);
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
    const { last, entriesRead } = this;
    out.ascii('{"name":');
    if (!strings.put(out, this.name.bytes, 0, this.name.size)) return false;
    out.ascii(',"lastId":');
    putId(out, last[0] as number, last[1] as number, last[2] as number, last[3] as number);
    if (entriesRead !== undefined) {
      out.ascii(',"entriesRead":');
      if (entriesRead === UNKNOWN) out.ascii('null');
      else out.integer(entriesRead);
    }
    out.ascii(',"pending":[');
    for (let i = 0; i < this.pending; i++) if (!this.writePending(out, strings, i)) return false;
    out.ascii('],"consumers":[');
    for (let i = 0; i < this.consumers.length; i++) if (!this.writeConsumer(out, strings, i)) return false;
    out.ascii(']}');
    this.clear();
    return true;
  }

  private writePending(out: OutputBuffer, strings: LineStrings, index: number): boolean {
    const { rows } = this;
    const at = index * ROW;
    const [msHigh, msLow, seqHigh, seqLow] = [rows[at], rows[at + 1], rows[at + 2], rows[at + 3]];
    out.ascii(index === 0 ? '[' : ',[');
    putId(out, msHigh as number, msLow as number, seqHigh as number, seqLow as number);
    out.ascii(',');
    const owner = rows[at + OWNER] as number;
    if (owner === NOBODY) out.ascii('null');
    else if (!this.writeName(out, strings, owner)) return false;
    out.ascii(',');
    out.integer(signedInteger(rows[at + 4] as number, rows[at + 5] as number));
    out.ascii(',');
    out.integer(unsignedInteger(rows[at + 6] as number, rows[at + 7] as number));
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
    const count = this.pending + Number(cursor.integer);
    const { maxGroupEntries } = this.limits;
    if (count <= maxGroupEntries) return;
    throw new RdbkitError(
      'LIMIT_EXCEEDED',
      `a group of ${count} pending entries and consumers, more than the limit of ${maxGroupEntries}`,
    );
  }

  private addPending({ msHigh, msLow, seqHigh, seqLow }: ValueCursor): void {
    const at = this.pending * ROW;
    if (at === this.rows.length) {
      const grown = new Int32Array(2 * at);
      grown.set(this.rows);
      this.rows = grown;
    }
    const { rows } = this;
    rows[at] = msHigh;
    rows[at + 1] = msLow;
    rows[at + 2] = seqHigh;
    rows[at + 3] = seqLow;
    rows[at + OWNER] = NOBODY;
    if (this.pending > 0 && compareIds(rows, at - ROW, msHigh, msLow, seqHigh, seqLow) >= 0) {
      throw new RdbkitError('INPUT_CORRUPT', 'the pending entries of a group do not ascend');
    }
    this.pending++;
  }

  private setNumber(column: number, { valueHigh, valueLow }: ValueCursor): void {
    const at = (this.pending - 1) * ROW + column;
    this.rows[at] = valueHigh;
    this.rows[at + 1] = valueLow;
  }

  /** Enters who holds a pending entry; those that nobody is said to hold stay with nobody. */
  private own({ msHigh, msLow, seqHigh, seqLow }: ValueCursor, owner: number): void {
    const { rows } = this;
    let low = 0;
    let high = this.pending - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compareIds(rows, middle * ROW, msHigh, msLow, seqHigh, seqLow);
      if (order === 0) {
        if (rows[middle * ROW + OWNER] !== NOBODY) {
          throw new RdbkitError('INPUT_CORRUPT', 'two consumers hold the same pending entry');
        }
        rows[middle * ROW + OWNER] = owner;
        return;
      }
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    throw new RdbkitError('INPUT_CORRUPT', 'a consumer holds an entry that its group does not list');
  }
}

/** Negative, zero or positive as the id of the row at `at` is less than the other, the same or more. */
function compareIds(
  rows: Int32Array,
  at: number,
  msHigh: number,
  msLow: number,
  seqHigh: number,
  seqLow: number,
): number {
  return (
    ((rows[at] as number) >>> 0) - (msHigh >>> 0) ||
    ((rows[at + 1] as number) >>> 0) - (msLow >>> 0) ||
    ((rows[at + 2] as number) >>> 0) - (seqHigh >>> 0) ||
    ((rows[at + 3] as number) >>> 0) - (seqLow >>> 0)
  );
}
