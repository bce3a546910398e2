import { parseCanonicalInteger } from '../../bytes/ascii.js';
import type { Integer } from '../../bytes/integer.js';
import { IntsetWriter } from '../../encodings/intset-writer.js';
import type { ValueType } from '../types.js';
import type { EncodeContext } from './encode-context.js';
import type { EncodedValue } from './encoded-value.js';
import { HeldItems } from './held-items.js';
import { StringTaker } from './string-taker.js';
import type { ValueBuffer } from './value-buffer.js';

/** A set: an intset of integers, a listpack while it is small (Redis 7.2), else its members one by one. */
export class SetBuilder extends StringTaker {
  private readonly body: ValueBuffer;
  private readonly items = new HeldItems();
  private readonly integers: Integer[] = [];
  private readonly intset = new IntsetWriter();
  private allIntegers = true;
  private allShort = true;
  private isHeld = true;
  private count = 0;
  private wanted: string | undefined;
  private readonly plainType: ValueType;
  private readonly packedType: ValueType | undefined;
  private readonly intsetType: ValueType | undefined;

  constructor(context: EncodeContext) {
    super(context);
    this.body = context.buffer();
    this.plainType = context.required('set', 'hashtable');
    this.packedType = context.packedType('set');
    this.intsetType = context.types.first('set', 'intset');
  }

  /** @param encoding how it shall be stored, where the target, its members and its size allow it */
  begin(encoding?: string): this {
    this.forget();
    this.wanted = encoding === undefined ? undefined : this.context.types.first('set', encoding)?.encoding;
    this.items.clear();
    this.integers.length = 0;
    this.allIntegers = this.intsetType !== undefined;
    this.allShort = true;
    this.count = 0;
    this.isHeld = this.wanted !== this.plainType.encoding;
    return this;
  }

  end(): EncodedValue {
    const { body, packedType, intsetType } = this;
    if (this.isHeld && intsetType !== undefined && this.fitsIntset()) {
      this.intset.build(this.integers);
      body.type = intsetType;
      this.context.putBlob(body, this.intset);
    } else if (this.isHeld && packedType !== undefined && this.fitsPacked()) {
      body.type = packedType;
      this.pack(packedType);
    } else {
      this.giveUp();
      body.type = this.plainType;
      body.lengthInFront(this.count);
    }
    return body;
  }

  protected take(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isHeld) {
      this.context.strings.put(this.body, bytes, start, end);
      this.count++;
      return;
    }
    if (this.allIntegers) {
      const value = parseCanonicalInteger(bytes, start, end);
      if (value === undefined) this.allIntegers = false;
      else this.integers.push(value);
    }
    if (end - start > this.context.thresholds.setValueBytes) this.allShort = false;
    this.items.add(bytes, start, end);
    if (!this.fitsIntset() && !this.fitsPacked()) this.giveUp();
  }

  protected openLong(size: number): ValueBuffer {
    this.giveUp();
    this.body.length(size);
    this.count++;
    return this.body;
  }

  private fitsIntset(): boolean {
    const { count } = this.items;
    if (!this.allIntegers || count === 0) return false;
    if (this.wanted !== undefined) return this.wanted === 'intset' && this.fitsBounds();
    return count <= this.context.thresholds.intsetEntries;
  }

  private fitsPacked(): boolean {
    if (this.packedType === undefined) return false;
    if (this.wanted === 'listpack') return this.fitsBounds();
    return this.allShort && this.items.count <= this.context.thresholds.setEntries;
  }

  private fitsBounds(): boolean {
    return this.items.size <= this.context.limits.partBytes;
  }

  private pack(type: ValueType): void {
    const { items, context } = this;
    if (items.repeated(1) >= 0) throw context.invalid('a member occurs twice');
    const packed = context.beginPacked(type);
    for (let i = 0; i < items.count; i++) packed.add(items.bytes, items.startOf(i), items.endOf(i));
    packed.finish();
    context.putBlob(this.body, packed);
  }

  private giveUp(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    const { items } = this;
    for (let i = 0; i < items.count; i++) this.take(items.bytes, items.startOf(i), items.endOf(i));
  }
}
