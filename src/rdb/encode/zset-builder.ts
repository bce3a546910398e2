import { putAscii } from '../../bytes/ascii.js';
import type { ValueType } from '../types.js';
import type { EncodeContext } from './encode-context.js';
import type { EncodedValue } from './encoded-value.js';
import { HeldItems } from './held-items.js';
import { scoreText } from './score-text.js';
import { StringTaker } from './string-taker.js';
import type { ValueBuffer } from './value-buffer.js';

/** What stands in the length byte of a score for infinities (type 3 of rdb.c). */
const PLUS_INFINITY = 254;
const MINUS_INFINITY = 255;

/**
 * A sorted set: a listpack or ziplist while it is small, sorted as servers need it, else members
 * and scores one by one in the order given; servers sort those when they load them.
 */
export class ZsetBuilder extends StringTaker {
  private readonly body: ValueBuffer;
  private readonly items = new HeldItems();
  private scores = new Float64Array(128);
  private scored = 0;
  private readonly order: number[] = [];
  private readonly digits = new Uint8Array(32);
  private isHeld = true;
  private count = 0;
  private isForced = false;
  private readonly usualType: ValueType;
  private readonly usualPackedType: ValueType | undefined;
  private plainType: ValueType;
  private packedType: ValueType | undefined;

  constructor(context: EncodeContext) {
    super(context);
    this.body = context.buffer();
    this.usualType = context.required('zset', 'skiplist-2', 'skiplist');
    this.usualPackedType = context.packedType('zset');
    this.plainType = this.usualType;
  }

  /** @param encoding how it shall be stored, where the target and its size allow it */
  begin(encoding?: string): this {
    this.forget();
    const { context } = this;
    const wanted = encoding === undefined ? undefined : context.types.first('zset', encoding);
    const isPlain = wanted?.encoding.startsWith('skiplist') === true;
    this.plainType = isPlain ? wanted : this.usualType;
    this.packedType = isPlain ? undefined : (wanted ?? this.usualPackedType);
    this.isForced = wanted !== undefined;
    this.items.clear();
    this.scored = 0;
    this.count = 0;
    this.isHeld = this.packedType !== undefined;
    return this;
  }

  /** Says the score of the member that was added last. @throws RdbkitError INPUT_CORRUPT for NaN */
  score(score: number): void {
    if (Number.isNaN(score)) throw this.context.invalid('a score is not a number, which servers refuse');
    if (!this.isHeld) {
      this.putScore(score);
      return;
    }
    if (this.scored === this.scores.length) {
      const grown = new Float64Array(2 * this.scored);
      grown.set(this.scores);
      this.scores = grown;
    }
    this.scores[this.scored++] = score;
  }

  end(): EncodedValue {
    const { body, packedType } = this;
    if (this.isHeld && packedType !== undefined) {
      this.pack(packedType);
      body.type = packedType;
    } else {
      body.type = this.plainType;
      body.lengthInFront(this.count);
    }
    return body;
  }

  protected take(bytes: Uint8Array, start: number, end: number): void {
    if (this.isHeld && this.mayHold(end - start)) {
      this.items.add(bytes, start, end);
      return;
    }
    this.giveUp();
    this.context.strings.put(this.body, bytes, start, end);
    this.count++;
  }

  protected openLong(size: number): ValueBuffer {
    this.giveUp();
    this.body.length(size);
    this.count++;
    return this.body;
  }

  private mayHold(size: number): boolean {
    const { thresholds, limits } = this.context;
    if (this.isForced) return this.items.size + size <= limits.partBytes;
    return this.items.count < thresholds.zsetEntries && size <= thresholds.zsetValueBytes;
  }

  private giveUp(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    const { items } = this;
    for (let i = 0; i < this.scored; i++) {
      this.take(items.bytes, items.startOf(i), items.endOf(i));
      this.putScore(this.scores[i] as number);
    }
  }

  private putScore(score: number): void {
    const { body } = this;
    if (this.plainType.encoding === 'skiplist-2') {
      body.double(score);
    } else if (Number.isFinite(score)) {
      const length = putAscii(this.digits, 0, scoreText(score, this.context.target));
      body.byte(length);
      body.put(this.digits, 0, length);
    } else {
      body.byte(score > 0 ? PLUS_INFINITY : MINUS_INFINITY);
    }
  }

  private pack(type: ValueType): void {
    const { items, scores, digits, context } = this;
    if (items.repeated(1) >= 0) throw context.invalid('a member occurs twice');
    const packed = context.beginPacked(type);
    for (const i of this.ascending()) {
      const score = scores[i] as number;
      packed.add(items.bytes, items.startOf(i), items.endOf(i));
      if (score === (score | 0) && !Object.is(score, -0)) {
        packed.addInteger(score);
      } else {
        packed.add(digits, 0, putAscii(digits, 0, scoreText(score, context.target)));
      }
    }
    packed.finish();
    context.putBlob(this.body, packed);
  }

  /** The members' indexes by score, then by their bytes. */
  private ascending(): readonly number[] {
    const { items, scores, order } = this;
    order.length = 0;
    let isSorted = true;
    const compare = (a: number, b: number) =>
      (scores[a] as number) < (scores[b] as number)
        ? -1
        : (scores[a] as number) > (scores[b] as number)
          ? 1
          : items.compare(a, b);
    for (let i = 0; i < items.count; i++) {
      order.push(i);
      if (isSorted && i > 0 && compare(i - 1, i) > 0) isSorted = false;
    }
    return isSorted ? order : order.sort(compare);
  }
}
