import { highHalf, type Integer, lowHalf, putInt32LE, readInt32LE, readUint16LE } from '../bytes/integer.js';
import { ByteWriter } from '../bytes/writer.js';
import { Crc64 } from '../codec/crc64.js';
import { type Limits, withLimits } from '../limits.js';
import { KeyRecord, type LogCommand, type RecordType } from '../record.js';
import { Role } from './grammar.js';
import { FOOTER_BYTES } from './payload.js';
import { putLength } from './string-header.js';
import { typeTable, type ValueType } from './types.js';
import { ValueCursor } from './values/cursor.js';
import { locate, openRecord, valueTypeOf } from './values/decode.js';
import { Token } from './values/token.js';
import { TokenReader } from './values/token-reader.js';

/** RDB version of Redis 7.4, whose hashes with expiries all later ones read. */
const REDIS_FIELDS = 12;
const VALKEY_FIELDS = 80;

const METADATA = typeTable('redis', REDIS_FIELDS)[24] as ValueType;
const HASHTABLE_2 = typeTable('valkey', VALKEY_FIELDS)[22] as ValueType;

/** By the encodings of hashes whose fields may expire, what they are written as when one changes. */
const WRITTEN_AS: ReadonlyMap<string, ValueType> = new Map([
  ['metadata', METADATA],
  ['listpack-ex', METADATA],
  ['metadata-pre-ga', METADATA],
  ['listpack-ex-pre-ga', METADATA],
  ['hashtable-2', HASHTABLE_2],
]);

/** Whether hashes of a type may have fields that expire. */
export function mayHaveFieldExpiries({ encoding }: RecordType): boolean {
  return WRITTEN_AS.has(encoding);
}

/**
 * The value that a RESTORE carries, where that is a hash whose fields may expire, and the version
 * its payload is of; undefined for others. A change to it does not reach the command.
 */
export function hashOfPayload(
  command: LogCommand,
): { readonly record: KeyRecord; readonly version: number } | undefined {
  const { bytes, db } = command;
  const start = command.argumentStart(3);
  const end = command.argumentEnd(3) - FOOTER_BYTES;
  if (end <= start) return undefined;
  const version = readUint16LE(bytes, end);
  const type = typeTable(version >= VALKEY_FIELDS ? 'valkey' : 'redis', version)[bytes[start] as number];
  if (type === undefined || !mayHaveFieldExpiries(type)) return undefined;
  // What is damaged must not get a checksum that says otherwise: the target refuses it as it is.
  if (!isWhole(bytes, start, end)) return undefined;
  const record = new KeyRecord();
  record.db = db;
  record.rename(command.argument(1));
  record.type = type;
  record.valueBytes = bytes;
  record.valueStart = start + 1;
  record.valueEnd = end;
  return { record, version };
}

/** Whether the checksum of a payload is right, or left out; its footer begins at `end`. */
function isWhole(bytes: Uint8Array, start: number, end: number): boolean {
  const low = readInt32LE(bytes, end + 2);
  const high = readInt32LE(bytes, end + 6);
  if (low === 0 && high === 0) return true;
  const crc = new Crc64();
  crc.update(bytes, start, end + 2);
  return crc.low === low && crc.high === high;
}

/** Changes when the fields of hashes in a dump expire. */
export class FieldExpiries {
  private readonly reader: TokenReader;

  constructor(limits?: Partial<Limits>) {
    this.reader = new TokenReader(new ValueCursor(withLimits(limits)));
  }

  /**
   * Gives the fields of a hash other expiries, Unix ms. Nothing is written anew where all stay.
   *
   * @param change called with each expiry, perhaps twice; the latest a Redis holds is 2^46 - 1
   * @throws RdbkitError INPUT_CORRUPT or LIMIT_EXCEEDED, naming key and place
   */
  change(record: KeyRecord, change: (atMs: Integer) => Integer): void {
    const type = WRITTEN_AS.get(valueTypeOf(record.type).encoding);
    if (type === undefined) return;
    try {
      if (this.isChanged(record, change)) this.rewrite(record, type, change);
    } catch (thrown) {
      throw locate(thrown, record);
    }
  }

  private isChanged(record: KeyRecord, change: (atMs: Integer) => Integer): boolean {
    const { cursor } = this.reader;
    openRecord(cursor, record);
    let isChanged = false;
    for (let token = cursor.next(); token !== Token.end; token = cursor.next()) {
      if (token !== Token.number || cursor.role !== Role.fieldExpiry) continue;
      const atMs = cursor.integer;
      if (atMs !== undefined && change(atMs) !== atMs) isChanged = true;
    }
    return isChanged;
  }

  private rewrite(record: KeyRecord, type: ValueType, change: (atMs: Integer) => Integer): void {
    const pairs = new ByteWriter(record.size + 64);
    const ends: number[] = [];
    const expiries: (Integer | undefined)[] = [];
    this.read(record, pairs, ends, expiries);
    let earliest: Integer | undefined;
    for (let i = 0; i < ends.length; i++) {
      const atMs = expiries[i];
      const changed = (expiries[i] = atMs === undefined ? undefined : change(atMs));
      if (changed !== undefined && (earliest === undefined || changed < earliest)) earliest = changed;
    }
    const value = new ByteWriter(pairs.size + 16 * ends.length + 32);
    if (type === METADATA) putInt64(value, earliest ?? 0);
    putLengthTo(value, ends.length);
    let start = 0;
    for (const [i, end] of ends.entries()) {
      const atMs = expiries[i];
      if (type === METADATA) putLengthTo(value, atMs === undefined ? 0 : Number(atMs) - Number(earliest) + 1);
      value.put(pairs.bytes, start, end);
      if (type === HASHTABLE_2) putInt64(value, atMs ?? -1);
      start = end;
    }
    record.type = type;
    record.valueBytes = value.bytes;
    record.valueStart = 0;
    record.valueEnd = value.size;
  }

  /** Reads the pairs, serialized, with where each ends, and their expiries, which may come before or behind. */
  private read(
    record: KeyRecord,
    pairs: ByteWriter,
    ends: number[],
    expiries: (Integer | undefined)[],
  ): void {
    const { reader } = this;
    openRecord(reader.cursor, record);
    let strings = 0;
    while (reader.next()) {
      if (reader.role === Role.fieldExpiry) expiries.push(reader.cursor.integer);
      if (reader.role !== Role.field && reader.role !== Role.value) continue;
      const bytes = reader.string();
      putLengthTo(pairs, bytes.length);
      pairs.put(bytes);
      if (++strings % 2 === 0) ends.push(pairs.size);
    }
  }
}

function putLengthTo(writer: ByteWriter, length: number): void {
  writer.size = putLength(writer.reserve(9), writer.size, length);
}

function putInt64(writer: ByteWriter, value: Integer): void {
  const bytes = writer.reserve(8);
  putInt32LE(bytes, writer.size, lowHalf(value));
  putInt32LE(bytes, writer.size + 4, highHalf(value));
  writer.size += 8;
}
