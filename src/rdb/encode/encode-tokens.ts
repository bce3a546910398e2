import { parseDouble } from '../../bytes/ascii.js';
import { type Integer, signedInteger } from '../../bytes/integer.js';
import { RdbkitError } from '../../errors.js';
import { Role } from '../grammar.js';
import type { ValueCursor } from '../values/cursor.js';
import { Token } from '../values/token.js';
import type { ValueReader } from '../values/value-reader.js';
import type { HashBuilder } from './hash-builder.js';
import type { StringTaker } from './string-taker.js';
import type { ZsetBuilder } from './zset-builder.js';

/** Gives every string of a value to a builder: of a string, list or set. */
export function encodeStrings(value: ValueReader, builder: StringTaker): void {
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    takeString(token, value.cursor, builder);
  }
}

/** Members with their scores, which stand as doubles, or in packed encodings as integers or text. */
export function encodeMembers(value: ValueReader, builder: ZsetBuilder): void {
  const { cursor } = value;
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (token === Token.double) builder.score(cursor.double);
    else if (cursor.role !== Role.score) takeString(token, cursor, builder);
    else if (cursor.isInteger) builder.score(Number(signedInteger(cursor.valueHigh, cursor.valueLow)));
    else builder.score(parseDouble(cursor.text, cursor.textStart, cursor.textEnd));
  }
}

/** Fields and values; the expiry of a field stands before both or behind. */
export function encodeFields(value: ValueReader, builder: HashBuilder): void {
  const { cursor } = value;
  let isLeading: boolean | undefined;
  let ahead: Integer | undefined;
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (cursor.role === Role.fieldExpiry) {
      isLeading ??= true;
      if (isLeading) ahead = cursor.integer;
      else if (cursor.integer !== undefined) builder.expireAt(cursor.integer);
      continue;
    }
    isLeading ??= false;
    takeString(token, cursor, builder);
    const isComplete = cursor.role === Role.value && (token === Token.string || cursor.isLast);
    if (isComplete && ahead !== undefined) {
      builder.expireAt(ahead);
      ahead = undefined;
    }
  }
}

/** Gives a string, or the piece of one, to a builder. */
export function takeString(token: Token, cursor: ValueCursor, builder: StringTaker): void {
  if (token === Token.string) {
    if (cursor.isInteger) cursor.formatInteger();
    builder.add(cursor.text, cursor.textStart, cursor.textEnd);
    return;
  }
  if (token !== Token.fragment) throw new RdbkitError('INTERNAL', `token ${token} where a string should be`);
  if (cursor.isFirst) builder.beginString(cursor.total);
  builder.append(cursor.text, cursor.textStart, cursor.textEnd);
  if (cursor.isLast) builder.endString();
}
