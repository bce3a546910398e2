import { parseCanonicalInteger } from '../../bytes/ascii.js';
import type { Integer } from '../../bytes/integer.js';
import type { EncodeContext } from './encode-context.js';
import type { EncodedValue } from './encoded-value.js';
import { StringTaker } from './string-taker.js';
import type { ValueBuffer } from './value-buffer.js';

/** Forms of an item (type 28 of rdb.h in Redis 8.8). Floats are written as the text they are read as. */
const STRING = 0;
const INTEGER = 1;
const SHORT_STRING = 3;

const SHORT_BYTES = 7;

/** Integers are stored as such when they fit beside a tag of two bits (sparsearray.h). */
const INTEGER_EDGE = 2n ** 61n;

/** An array (Redis 8.8): strings at indexes that ascend. */
export class ArrayBuilder extends StringTaker {
  private readonly body: ValueBuffer;
  private count = 0;
  private insertAt: Integer | undefined;

  constructor(context: EncodeContext) {
    super(context);
    this.body = context.buffer();
  }

  /** @throws RdbkitError TARGET_INCOMPATIBLE when the target has no arrays */
  begin(): this {
    this.forget();
    const type = this.context.types.first('array', 'array');
    if (type === undefined) throw this.context.incompatible('an array', 'Redis 8.8 or newer');
    this.body.type = type;
    this.count = 0;
    this.insertAt = undefined;
    return this;
  }

  /** Says where the item was put that was inserted last. */
  insertIndex(index: Integer): void {
    this.insertAt = index;
  }

  /** Says the index of the string that comes next. */
  index(index: Integer): void {
    this.body.length(index);
    this.count++;
  }

  end(): EncodedValue {
    const { body, insertAt } = this;
    if (insertAt !== undefined) body.lengthInFront(insertAt);
    body.lengthInFront(insertAt === undefined ? 0 : 1);
    body.lengthInFront(this.count);
    return body;
  }

  protected take(bytes: Uint8Array, start: number, end: number): void {
    const { body } = this;
    const value = parseCanonicalInteger(bytes, start, end);
    if (value !== undefined && value >= -INTEGER_EDGE && value < INTEGER_EDGE) {
      body.length(INTEGER);
      body.int64(value);
      return;
    }
    body.length(end - start <= SHORT_BYTES ? SHORT_STRING : STRING);
    this.context.strings.put(body, bytes, start, end);
  }

  protected openLong(size: number): ValueBuffer {
    this.body.length(STRING);
    this.body.length(size);
    return this.body;
  }
}
