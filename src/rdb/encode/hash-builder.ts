import type { Integer } from '../../bytes/integer.js';
import type { ValueType } from '../types.js';
import type { EncodeContext } from './encode-context.js';
import type { EncodedValue } from './encoded-value.js';
import { HeldItems } from './held-items.js';
import { PieceReader } from './piece-reader.js';
import { StringTaker } from './string-taker.js';
import type { ValueBuffer } from './value-buffer.js';

/** The latest expiry of a field that Redis can hold, Unix ms (EB_EXPIRE_TIME_MAX in ebuckets.h). */
const LATEST = 2 ** 48 - 2;

const NEEDED = 'Redis 7.4 or newer, or Valkey 9.0 or newer';

/**
 * A hash: a listpack or ziplist while it is small, else fields and values one by one; in the forms
 * of Redis 7.4 or Valkey 9.0 where fields expire. Strings come as field, value, field, value.
 */
export class HashBuilder extends StringTaker {
  private readonly body: ValueBuffer;
  /** Of each pair in `body`: its bytes and its expiry; kept only where fields may expire. */
  private readonly marks: ValueBuffer;
  private readonly expiring: ValueBuffer;
  private readonly items = new HeldItems();
  private readonly expiries: (Integer | undefined)[] = [];
  private earliest: Integer | undefined;
  private isHeld = true;
  private isForced = false;
  private strings = 0;
  /** Size of `body` before the pair that has no mark yet, and the expiry of that pair. */
  private pairStart = 0;
  private expiry: Integer | undefined;
  private packedType: ValueType | undefined;
  private readonly plainType: ValueType;
  private readonly usualPackedType: ValueType | undefined;
  private readonly packedExpiringType: ValueType | undefined;
  private readonly expiringType: ValueType | undefined;

  constructor(context: EncodeContext) {
    super(context);
    this.body = context.buffer();
    this.marks = context.buffer();
    this.expiring = context.buffer();
    this.plainType = context.required('hash', 'hashtable');
    this.usualPackedType = context.packedType('hash');
    this.packedExpiringType = context.types.first('hash', 'listpack-ex');
    this.expiringType = context.types.first('hash', 'metadata', 'hashtable-2');
  }

  /** @param encoding how it shall be stored, where the target and its size allow it */
  begin(encoding?: string): this {
    this.forget();
    const { context } = this;
    const wanted = encoding === undefined ? undefined : context.types.first('hash', encoding);
    const wantsPlain = wanted !== undefined && PLAIN.has(wanted.encoding);
    const isPacked = wanted?.encoding === 'listpack' || wanted?.encoding === 'ziplist';
    this.packedType = isPacked ? wanted : this.usualPackedType;
    this.isForced = isPacked || wanted?.encoding === 'listpack-ex';
    this.items.clear();
    this.expiries.length = 0;
    this.earliest = undefined;
    this.strings = 0;
    this.pairStart = 0;
    this.expiry = undefined;
    this.isHeld = !wantsPlain && this.packedType !== undefined;
    return this;
  }

  /** Adds a field with its value and expiry, Unix ms. */
  addField(field: Uint8Array, value: Uint8Array, expireAtMs?: Integer): void {
    this.add(field);
    this.add(value);
    if (expireAtMs !== undefined) this.expireAt(expireAtMs);
  }

  /**
   * Says when the field expires whose value was added last, Unix ms.
   * @throws RdbkitError TARGET_INCOMPATIBLE when the target has no such expiries and they are not dropped
   */
  expireAt(expireAtMs: Integer): void {
    const { context } = this;
    if (this.expiringType === undefined) {
      if (context.fieldExpiries === 'refuse')
        throw context.incompatible('the expiry of a hash field', NEEDED);
      context.dropped.fieldExpiries++;
      return;
    }
    if (context.target.dialect === 'redis' && expireAtMs > LATEST) {
      throw context.incompatible(`a field that expires at ${expireAtMs} ms`, 'a Valkey 9.0 or newer');
    }
    // What expires at the epoch or before expires at once; 0 and -1 stand for no expiry.
    const expiry = expireAtMs < 1 ? 1 : expireAtMs;
    if (this.earliest === undefined || expiry < this.earliest) this.earliest = expiry;
    if (this.isHeld) this.expiries[this.strings / 2 - 1] = expiry;
    else this.expiry = expiry;
  }

  end(): EncodedValue {
    if (!this.isHeld) return this.endPlain();
    if (this.items.repeated(2) >= 0) throw this.context.invalid('a field occurs twice');
    const { body, earliest } = this;
    if (earliest === undefined) {
      body.type = this.packedType as ValueType;
      this.pack(body.type);
    } else if (this.packedExpiringType !== undefined) {
      body.type = this.packedExpiringType;
      body.int64(earliest);
      this.packExpiring(body.type);
    } else {
      this.giveUp();
      return this.endPlain();
    }
    return body;
  }

  protected take(bytes: Uint8Array, start: number, end: number): void {
    if (this.isHeld && this.mayHold(end - start)) {
      this.items.add(bytes, start, end);
    } else {
      this.giveUp();
      this.beginPairString();
      this.context.strings.put(this.body, bytes, start, end);
    }
    this.strings++;
  }

  protected openLong(size: number): ValueBuffer {
    this.giveUp();
    this.beginPairString();
    this.strings++;
    this.body.length(size);
    return this.body;
  }

  private mayHold(size: number): boolean {
    const { thresholds, limits } = this.context;
    if (this.isForced) return this.items.size + size <= limits.partBytes;
    return this.items.count < 2 * thresholds.hashEntries && size <= thresholds.hashValueBytes;
  }

  private giveUp(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    const { items, expiries } = this;
    this.strings = 0;
    for (let i = 0; i < items.count; i++) {
      this.take(items.bytes, items.startOf(i), items.endOf(i));
      if (i % 2 === 1) this.expiry = expiries[(i - 1) / 2];
    }
  }

  /** Called before a string is put into `body`: the pair before is complete when it is a field. */
  private beginPairString(): void {
    if (this.strings % 2 === 0) this.markPair();
  }

  private markPair(): void {
    if (this.expiringType === undefined || this.strings === 0) return;
    const { marks, body } = this;
    marks.int64(body.size - this.pairStart);
    marks.byte(this.expiry === undefined ? 0 : 1);
    if (this.expiry !== undefined) marks.int64(this.expiry);
    this.pairStart = body.size;
    this.expiry = undefined;
  }

  private endPlain(): EncodedValue {
    const { body, earliest, expiringType } = this;
    if (earliest === undefined || expiringType === undefined) {
      body.type = this.plainType;
      body.lengthInFront(this.strings / 2);
      return body;
    }
    this.markPair();
    const { expiring: out } = this;
    const marks = new PieceReader(this.marks);
    const pairs = new PieceReader(body);
    const isMetadata = expiringType.encoding === 'metadata';
    for (let left = this.strings / 2; left > 0; left--) {
      const size = Number(marks.int64());
      const expiry = marks.byte() === 0 ? undefined : marks.int64();
      if (isMetadata) out.length(expiry === undefined ? 0 : Number(expiry) - Number(earliest) + 1);
      pairs.copyTo(out, size);
      if (!isMetadata) out.int64(expiry ?? -1);
    }
    body.close();
    this.marks.close();
    out.lengthInFront(this.strings / 2);
    if (isMetadata) out.int64InFront(earliest);
    out.type = expiringType;
    return out;
  }

  private pack(type: ValueType): void {
    const { items, context } = this;
    const packed = context.beginPacked(type);
    for (let i = 0; i < items.count; i++) packed.add(items.bytes, items.startOf(i), items.endOf(i));
    packed.finish();
    context.putBlob(this.body, packed);
  }

  /** Triples of field, value and expiry, the earliest first and those without at the end. */
  private packExpiring(type: ValueType): void {
    const { items, expiries, context } = this;
    const packed = context.beginPacked(type);
    const fields = Array.from({ length: items.count / 2 }, (_, i) => i);
    const timeOf = (field: number) => Number(expiries[field] ?? Number.POSITIVE_INFINITY);
    fields.sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : a - b));
    for (const field of fields) {
      packed.add(items.bytes, items.startOf(2 * field), items.endOf(2 * field));
      packed.add(items.bytes, items.startOf(2 * field + 1), items.endOf(2 * field + 1));
      packed.addInteger(expiries[field] ?? 0);
    }
    packed.finish();
    context.putBlob(this.body, packed);
  }
}

/** Encodings of fields and values one by one. */
const PLAIN: ReadonlySet<string> = new Set(['hashtable', 'metadata', 'hashtable-2']);
