import { RdbkitError } from '../../errors.js';
import type { Limits } from '../../limits.js';
import type { KeyHead } from '../../record.js';
import { Role } from '../grammar.js';
import type { ValueType } from '../types.js';
import { ValueCursor } from '../values/cursor.js';
import { valueTypeOf } from '../values/decode.js';
import { Token } from '../values/token.js';

/**
 * Finds zeros that were put over a set, hash or sorted set whose strings stand one behind the
 * other: they read as strings without a byte, and no two names are the same.
 */
export class EmptyNames {
  private readonly cursor: ValueCursor;
  private empty = 0;
  private isSet = false;

  constructor(limits: Limits) {
    this.cursor = new ValueCursor(limits);
  }

  concerns({ family, program }: ValueType): boolean {
    return program.layouts.length === 0 && (family === 'set' || family === 'hash' || family === 'zset');
  }

  /** Starts on a value. */
  begin(head: KeyHead): void {
    this.empty = 0;
    this.isSet = head.type.family === 'set';
    this.cursor.openParts(valueTypeOf(head.type), head.valueOffset, head.templates);
  }

  /** Takes the next piece. @throws RdbkitError INPUT_CORRUPT at the second name that is empty */
  feed(bytes: Uint8Array): void {
    const { cursor } = this;
    cursor.feed(bytes);
    for (let token = cursor.next(); token !== Token.needInput && token !== Token.end; token = cursor.next()) {
      if (token !== Token.string || cursor.isInteger || cursor.textEnd > cursor.textStart) continue;
      const { role } = cursor;
      if (role !== Role.field && role !== Role.member && !(this.isSet && role === Role.element)) continue;
      if (++this.empty > 1) {
        throw new RdbkitError('INPUT_CORRUPT', 'more than one name without a byte: zeros were put over it');
      }
    }
  }
}
