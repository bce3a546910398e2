import type { EncodeContext } from './encode-context.js';
import type { EncodedValue } from './encoded-value.js';
import { StringTaker } from './string-taker.js';
import type { ValueBuffer } from './value-buffer.js';

/** Writes RDB strings one behind the other. */
export class StringSequence extends StringTaker {
  constructor(
    context: EncodeContext,
    protected readonly body: ValueBuffer,
  ) {
    super(context);
  }

  begin(): void {
    this.forget();
  }

  protected take(bytes: Uint8Array, start: number, end: number): void {
    this.context.strings.put(this.body, bytes, start, end);
  }

  protected openLong(size: number): ValueBuffer {
    this.body.length(size);
    return this.body;
  }
}

/** The value of a string key. Takes one string. */
export class StringBuilder extends StringSequence {
  constructor(context: EncodeContext) {
    super(context, context.buffer());
    this.body.type = context.required('string', 'string');
  }

  end(): EncodedValue {
    return this.body;
  }
}
