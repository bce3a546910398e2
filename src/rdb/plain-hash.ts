import { ByteWriter } from '../bytes/writer.js';
import { type Limits, withLimits } from '../limits.js';
import type { KeyRecord } from '../record.js';
import { Role } from './grammar.js';
import { putLength } from './string-header.js';
import { ValueCursor } from './values/cursor.js';
import { openRecord } from './values/decode.js';
import { TokenReader } from './values/token-reader.js';

/** Type byte of a hash as fields and values, which every server reads. */
export const PLAIN_HASH = 4;

/** Serializes a hash of any encoding as the value of `PLAIN_HASH`. Field expiries are not carried. */
export function plainHash(record: KeyRecord, limits?: Partial<Limits>): Uint8Array {
  const reader = new TokenReader(new ValueCursor(withLimits(limits)));
  openRecord(reader.cursor, record);
  const body = new ByteWriter(2 * record.size + 64);
  let fields = 0;
  while (reader.next()) {
    if (reader.role === Role.field) fields++;
    putString(body, reader.string());
  }
  const value = new ByteWriter(body.size + 9);
  putLengthTo(value, fields);
  value.put(body.bytes);
  return value.bytes;
}

function putString(writer: ByteWriter, bytes: Uint8Array): void {
  putLengthTo(writer, bytes.length);
  writer.put(bytes);
}

function putLengthTo(writer: ByteWriter, length: number): void {
  writer.size = putLength(writer.reserve(9), writer.size, length);
}
