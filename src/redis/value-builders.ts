import { utf8Bytes } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import { Role } from '../rdb/grammar.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { HeldText } from '../rdb/values/held-text.js';
import { Token } from '../rdb/values/token.js';
import type { KeyHead } from '../record.js';
import { BatchBuilder } from './batch-builder.js';
import { type BuildContext, type Builder, requireBulk, Unbuildable } from './build-context.js';
import { StreamBuilder } from './stream-builder.js';

/** The builder for values of a family. @throws Unbuildable when commands cannot build them */
export function builderFor(head: KeyHead, context: BuildContext): Builder {
  switch (head.type.family) {
    case 'string':
      return new StringBuilder(context);
    case 'list':
      return new ElementBuilder(context, 'RPUSH');
    case 'set':
      return new ElementBuilder(context, 'SADD');
    case 'zset':
      return new ScoreBuilder(context);
    case 'hash':
      return new FieldBuilder(context);
    case 'array':
      return new ArrayBuilder(context);
    case 'stream':
      return new StreamBuilder(context);
    default:
      throw new Unbuildable(`a ${head.type.name} can only be restored whole, and it is too large for that`);
  }
}

/** A string, by SET and then APPEND. */
class StringBuilder implements Builder {
  readonly isOpen = false;
  private begun = false;

  constructor(private readonly context: BuildContext) {}

  take(token: Token, cursor: ValueCursor): void {
    if (token === Token.string && cursor.isInteger) cursor.formatInteger();
    requireBulk(this.context, token === Token.fragment ? cursor.total : cursor.textEnd - cursor.textStart);
    const { limits } = this.context;
    for (let start = cursor.textStart; start < cursor.textEnd || !this.begun; start += limits.partBytes) {
      this.context.begin(this.begun ? 'APPEND' : 'SET', 1);
      this.context.link.window.writer.bytes(
        cursor.text,
        start,
        Math.min(cursor.textEnd, start + limits.partBytes),
      );
      this.context.end();
      this.begun = true;
    }
  }

  finish(): void {}

  abandon(): void {}
}

/** A list or set: one argument an element. */
class ElementBuilder extends BatchBuilder {
  override take(token: Token, cursor: ValueCursor): void {
    if (token === Token.fragment) {
      if (cursor.isFirst) this.open(1, cursor);
      if (this.stream(cursor)) this.close();
      return;
    }
    this.add(cursor);
    if (this.batch.isFull) this.flush();
  }
}

/** A sorted set: scores go before the members that they follow in the dump. */
class ScoreBuilder extends BatchBuilder {
  private readonly member = new HeldText();

  constructor(context: BuildContext) {
    super(context, 'ZADD');
  }

  override take(token: Token, cursor: ValueCursor): void {
    if (cursor.role === Role.member) {
      this.hold(this.member, token, cursor);
      return;
    }
    if (token === Token.double) cursor.formatDouble();
    this.add(cursor);
    requireBulk(this.context, this.member.size);
    this.batch.add(this.member.bytes, 0, this.member.size);
    if (this.batch.isFull) this.flush();
  }
}

/** A hash, with HPEXPIREAT behind the fields that expire. */
class FieldBuilder extends BatchBuilder {
  private readonly field = new HeldText();
  private readonly expiries: { field: Uint8Array; at: Integer }[] = [];
  private leadingExpiry: Integer | undefined;
  private sawField = false;
  private leads = false;

  constructor(context: BuildContext) {
    super(context, context.target.multiHset ? 'HSET' : 'HMSET');
  }

  override take(token: Token, cursor: ValueCursor): void {
    switch (cursor.role) {
      case Role.fieldExpiry:
        this.expiry(cursor.integer);
        break;
      case Role.field:
        this.hold(this.field, token, cursor);
        this.sawField = true;
        break;
      default:
        if (token === Token.fragment) this.streamValue(cursor);
        else this.value(cursor);
    }
  }

  override finish(): void {
    this.flush();
    this.flushExpiries();
  }

  private value(cursor: ValueCursor): void {
    requireBulk(this.context, this.field.size);
    this.batch.add(this.field.bytes, 0, this.field.size);
    this.add(cursor);
    this.expireLeading();
    if (this.batch.isFull) this.finish();
  }

  private streamValue(cursor: ValueCursor): void {
    if (cursor.isFirst) {
      this.finish();
      this.open(2, cursor);
      this.context.link.window.writer.bytes(this.field.bytes, 0, this.field.size);
    }
    if (this.stream(cursor)) {
      this.close();
      this.expireLeading();
    }
  }

  /** An expiry stands before its field where none was seen yet, else behind its value. */
  private expiry(at: Integer | undefined): void {
    if (!this.sawField || this.leads) {
      this.leads = true;
      this.leadingExpiry = at;
    } else if (at !== undefined) {
      this.addExpiry(at);
    }
  }

  private expireLeading(): void {
    if (this.leadingExpiry !== undefined) this.addExpiry(this.leadingExpiry);
    this.leadingExpiry = undefined;
  }

  private addExpiry(at: Integer): void {
    if (!this.context.target.fieldExpiry) throw new Unbuildable('the target has no expiry of hash fields');
    this.expiries.push({ field: this.field.bytes.slice(0, this.field.size), at });
  }

  private flushExpiries(): void {
    const { writer } = this.context.link.window;
    for (const { field, at } of this.expiries) {
      this.context.begin('HPEXPIREAT', 4);
      writer.integer(at);
      writer.text('FIELDS');
      writer.text('1');
      writer.bytes(field);
      this.context.end();
    }
    this.expiries.length = 0;
  }
}

/** An array of Redis 8.8. */
class ArrayBuilder extends BatchBuilder {
  private index: Integer = 0;
  private insertIndex: Integer | undefined;

  constructor(context: BuildContext) {
    super(context, 'ARMSET');
  }

  override take(token: Token, cursor: ValueCursor): void {
    switch (cursor.role) {
      case Role.arrayInsertIndex:
        this.insertIndex = cursor.integer;
        break;
      case Role.arrayIndex:
        this.index = cursor.integer as Integer;
        break;
      default:
        if (token === Token.fragment) this.streamItem(cursor);
        else this.item(token, cursor);
    }
  }

  override finish(): void {
    this.flush();
    if (this.insertIndex === undefined) return;
    this.context.begin('ARSEEK', 1);
    this.context.link.window.writer.integer(BigInt(this.insertIndex) + 1n);
    this.context.end();
  }

  private item(token: Token, cursor: ValueCursor): void {
    const index = utf8Bytes(String(this.index));
    this.batch.add(index, 0, index.length);
    if (token === Token.double) cursor.formatDouble();
    else if (token === Token.number) cursor.formatInteger();
    this.add(cursor);
    if (this.batch.isFull) this.flush();
  }

  private streamItem(cursor: ValueCursor): void {
    if (cursor.isFirst) {
      this.open(2, cursor);
      this.context.link.window.writer.integer(this.index);
    }
    if (this.stream(cursor)) this.close();
  }
}
