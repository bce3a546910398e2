import type { Expected, ExpectedRecord } from './built-fixtures.js';
import { plain } from './plain.js';
import type { Read, ReadKey, ReadRecord } from './read.js';

/** What was read, in the form of a fixture's expectation. */
export function asExpected(read: Read, magic: string): Expected {
  return { magic, checksum: read.checksum as Expected['checksum'], records: read.records.map(asRecord) };
}

function asRecord(record: ReadRecord): ExpectedRecord {
  if (record.kind === 'key') return asKey(record as ReadKey);
  const { offset: _offset, ...fields } = record as Record<string, unknown>;
  switch (record.kind) {
    case 'aux':
    case 'function':
      return { kind: record.kind, ...texts(fields) };
    case 'module-aux':
      return { kind: record.kind, module: fields['module'] };
    case 'slot-info':
      return {
        kind: record.kind,
        slot: fields['slot'],
        keys: String(fields['keys']),
        expires: String(fields['expires']),
      };
    default:
      return { kind: record.kind, db: fields['db'], bytes: latin1(fields['bytes']) };
  }
}

function asKey({
  db,
  key,
  type,
  decoded,
  expireAtMs,
  idleSeconds,
  frequency,
  metadata,
}: ReadKey): ExpectedRecord {
  return {
    kind: 'key',
    db,
    key: latin1(key),
    type,
    value: decoded === undefined ? undefined : plain(decoded),
    ...(expireAtMs === undefined ? {} : { expireAtMs: String(expireAtMs) }),
    ...(idleSeconds === undefined ? {} : { idleSeconds: String(idleSeconds) }),
    ...(frequency === undefined ? {} : { frequency }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function texts(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => name !== 'kind')
      .map(([name, value]) => [
        name,
        value !== null && typeof value === 'object'
          ? Object.fromEntries(
              Object.entries(value).map(([part, bytes]) => [
                part,
                Buffer.from(bytes as Uint8Array).toString('latin1'),
              ]),
            )
          : latin1(value),
      ]),
  );
}

function latin1(hex: unknown): string {
  return Buffer.from(String(hex), 'hex').toString('latin1');
}
