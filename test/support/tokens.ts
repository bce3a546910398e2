import { defaultLimits, type Limits } from '../../src/limits.js';
import { Role } from '../../src/rdb/grammar.js';
import { ValueCursor } from '../../src/rdb/values/cursor.js';
import { openRecord, valueTypeOf } from '../../src/rdb/values/decode.js';
import { Token } from '../../src/rdb/values/token.js';
import type { KeyRecord } from '../../src/record.js';
import { toHex } from './read.js';

/** The tokens of a value as text, fragments joined, so that readings in other cuts compare. */
export function tokensWhole(record: KeyRecord, limits: Partial<Limits> = {}): string[] {
  const cursor = new ValueCursor({ ...defaultLimits, ...limits });
  openRecord(cursor, record);
  const tokens = new Tokens(cursor);
  while (!tokens.drain());
  return tokens.list;
}

export function tokensInParts(
  record: KeyRecord,
  sizes: readonly number[],
  limits: Partial<Limits> = {},
): string[] {
  const cursor = new ValueCursor({ ...defaultLimits, ...limits });
  cursor.openParts(valueTypeOf(record.type), record.valueOffset, record.templates);
  const tokens = new Tokens(cursor);
  const { value } = record;
  for (let at = 0, i = 0; at < value.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] as number);
    cursor.feed(value.slice(at, at + size));
    tokens.drain();
    at += size;
  }
  cursor.finish();
  tokens.drain();
  return tokens.list;
}

class Tokens {
  readonly list: string[] = [];
  private long: string | undefined;

  constructor(private readonly cursor: ValueCursor) {}

  /** Takes tokens until input is short (false) or the value ends (true). */
  drain(): boolean {
    const { cursor } = this;
    for (;;) {
      const token = cursor.next();
      if (token === Token.needInput) return false;
      if (token === Token.end) return true;
      this.take(token);
    }
  }

  private take(token: Token): void {
    const { cursor, list } = this;
    const role = Object.entries(Role).find(([, value]) => value === cursor.role)?.[0] ?? '?';
    switch (token) {
      case Token.string:
        if (cursor.isInteger) cursor.formatInteger();
        list.push(`${role} ${this.text()}`);
        break;
      case Token.fragment:
        if (cursor.isFirst) this.long = `${role} `;
        this.long += this.text();
        if (cursor.isLast) list.push(this.long as string);
        break;
      case Token.double:
        list.push(`${role} ${Object.is(cursor.double, -0) ? '-0' : cursor.double}`);
        break;
      case Token.entry:
      case Token.id:
        list.push(
          `${role} ${[cursor.msHigh, cursor.msLow, cursor.seqHigh, cursor.seqLow].join(' ')} ${token === Token.entry ? `${cursor.deleted} ${cursor.pairs}` : ''}`,
        );
        break;
      default:
        list.push(`${role} ${cursor.integer}`);
    }
  }

  private text(): string {
    return toHex(this.cursor.text.subarray(this.cursor.textStart, this.cursor.textEnd));
  }
}
