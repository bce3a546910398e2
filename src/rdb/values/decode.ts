import { doubleText, latin1Bytes, parseDouble, utf8Bytes } from '../../bytes/ascii.js';
import { printable } from '../../bytes/escape.js';
import { type Integer, signedInteger } from '../../bytes/integer.js';
import { RdbkitError } from '../../errors.js';
import { type Limits, withLimits } from '../../limits.js';
import type { KeyHead, KeyRecord, RecordType } from '../../record.js';
import { Role } from '../grammar.js';
import { parseModuleId } from '../module-id.js';
import type { Family, ValueType } from '../types.js';
import { ValueCursor } from './cursor.js';
import { decodeStream } from './decode-stream.js';
import { Token } from './token.js';
import { TokenReader } from './token-reader.js';
import type { ArrayValue, DecodedValue, HashField, ModuleItem, ModuleValue, ZsetValue } from './value.js';

type Decoder = (reader: TokenReader, record: KeyRecord) => DecodedValue;

const decoders: Readonly<Record<Family, Decoder>> = {
  string: (reader) => ({ type: 'string', value: reader.nextString() }),
  list: (reader) => ({ type: 'list', elements: readStrings(reader) }),
  set: (reader) => ({ type: 'set', members: readStrings(reader) }),
  zset: (reader) => ({ type: 'zset', members: readMembers(reader) }),
  hash: (reader) => ({ type: 'hash', fields: readFields(reader) }),
  stream: decodeStream,
  module: readModule,
  array: readArray,
  opaque: (reader, record) => {
    while (reader.next());
    return { type: 'opaque', code: record.type.code, payload: record.value.slice() };
  },
};

/** Decodes values of records. Keep one for many records: it reuses what it needs for reading. */
export class ValueDecoder {
  private readonly reader: TokenReader;

  constructor(limits?: Partial<Limits>) {
    this.reader = new TokenReader(new ValueCursor(withLimits(limits)));
  }

  /**
   * The record's value, copied out of the dump.
   * @throws RdbkitError INPUT_CORRUPT or LIMIT_EXCEEDED, naming key and place
   */
  decode(record: KeyRecord): DecodedValue {
    const type = valueTypeOf(record.type);
    const { cursor } = this.reader;
    try {
      openRecord(cursor, record);
      const value = decoders[type.family](this.reader, record);
      if (this.reader.token !== Token.end && this.reader.next()) {
        throw new RdbkitError('INTERNAL', 'the value goes on behind its end');
      }
      return value;
    } catch (thrown) {
      throw locate(thrown, record);
    }
  }
}

/** Decodes one value; for many, keep a `ValueDecoder`. */
export function decodeValue(record: KeyRecord, limits?: Partial<Limits>): DecodedValue {
  return new ValueDecoder(limits).decode(record);
}

/** Starts a cursor on the record's value. */
export function openRecord(cursor: ValueCursor, record: KeyRecord): void {
  const { valueBytes, valueStart, valueEnd, valueOffset, templates } = record;
  cursor.open(valueTypeOf(record.type), valueBytes, valueStart, valueEnd, valueOffset, templates);
}

/** The registry row behind a record's type. */
export function valueTypeOf(type: RecordType): ValueType {
  if (!('program' in type)) throw new RdbkitError('INTERNAL', `${type.name} is no type of the registry`);
  return type as ValueType;
}

/** Says in an error which key and value it is about. */
export function locate(thrown: unknown, head: KeyHead): RdbkitError {
  const error = RdbkitError.from(thrown);
  error.key ??= head.key.slice();
  error.offset ??= head.valueOffset;
  error.where = [`key ${head.index} ${printable(head.key)}`, head.type.name, error.where]
    .filter((part) => part !== undefined)
    .join(' > ');
  return error;
}

function readStrings(reader: TokenReader): Uint8Array[] {
  const strings: Uint8Array[] = [];
  while (reader.next()) strings.push(reader.string());
  return strings;
}

function readMembers(reader: TokenReader): ZsetValue['members'] {
  const members: ZsetValue['members'] = [];
  while (reader.next()) members.push({ member: reader.string(), score: nextScore(reader) });
  return members;
}

/** A score stands as a double, or in packed encodings as an integer or text. */
function nextScore(reader: TokenReader): number {
  reader.next();
  const { cursor } = reader;
  if (reader.token === Token.double) return cursor.double;
  if (cursor.isInteger) return Number(signedInteger(cursor.valueHigh, cursor.valueLow));
  return parseDouble(cursor.text, cursor.textStart, cursor.textEnd);
}

/** Fields come as field and value, with an expiry before or behind, or without. */
function readFields(reader: TokenReader): HashField[] {
  const fields: HashField[] = [];
  let expiryLeads = false;
  let expireAtMs: Integer | undefined;
  while (reader.next()) {
    if (reader.role === Role.fieldExpiry) {
      expiryLeads ||= fields.length === 0;
      expireAtMs = reader.cursor.integer;
      if (!expiryLeads) fields.push({ ...(fields.pop() as HashField), expireAtMs });
      continue;
    }
    const field = reader.string();
    fields.push({ field, value: reader.nextString(), expireAtMs: expiryLeads ? expireAtMs : undefined });
  }
  return fields;
}

function readModule(reader: TokenReader): ModuleValue {
  const { name, version } = parseModuleId(reader.nextInteger());
  const items: ModuleItem[] = [];
  while (reader.next()) {
    const kind = MODULE_ITEMS[Number(reader.cursor.integer)];
    if (kind === undefined) break;
    reader.next();
    items.push(moduleItem(kind, reader));
  }
  return { type: 'module', module: name, version, items };
}

const MODULE_ITEMS: Readonly<Record<number, ModuleItem['kind']>> = {
  1: 'signed',
  2: 'unsigned',
  3: 'float',
  4: 'double',
  5: 'string',
};

function moduleItem(kind: ModuleItem['kind'], reader: TokenReader): ModuleItem {
  const { cursor } = reader;
  switch (kind) {
    case 'signed':
      return { kind, value: signedInteger(cursor.valueHigh, cursor.valueLow) };
    case 'unsigned':
      return { kind, value: reader.integer() };
    case 'float':
    case 'double':
      return { kind, value: cursor.double };
    case 'string':
      return { kind, value: reader.string() };
  }
}

function readArray(reader: TokenReader): ArrayValue {
  const items: ArrayValue['items'] = [];
  let insertIndex: Integer | undefined;
  while (reader.next()) {
    if (reader.role === Role.arrayInsertIndex) {
      insertIndex = reader.integer();
      continue;
    }
    const index = reader.integer();
    reader.next();
    items.push({ index, value: arrayItem(reader) });
  }
  return { type: 'array', insertIndex, items };
}

/** Array items are strings to those who read them, whatever form they are stored in. */
function arrayItem(reader: TokenReader): Uint8Array {
  const { cursor } = reader;
  if (reader.token === Token.number) return latin1Bytes(String(reader.integer()));
  if (reader.token === Token.double) return utf8Bytes(doubleText(cursor.double));
  return reader.string();
}
