import type { Limits } from '../../src/limits.js';
import { withLimits } from '../../src/limits.js';
import type { TargetFormat } from '../../src/rdb/compat.js';
import type { EncodedValue } from '../../src/rdb/encode/encoded-value.js';
import type { ValueType } from '../../src/rdb/types.js';
import { ValueChecker } from '../../src/rdb/values/check.js';
import { decodeValue } from '../../src/rdb/values/decode.js';
import type { DecodedValue } from '../../src/rdb/values/value.js';
import { InlineReader } from '../../src/rdb/values/value-reader.js';
import { KeyRecord } from '../../src/record.js';
import { bytes } from './bytes.js';
import { plain } from './plain.js';

// Values on their way through the encoder.

/** A target of that dialect and version, with the back lengths of its server. */
export function targetOf(dialect: 'redis' | 'valkey', rdbVersion: number): TargetFormat {
  const isNew = dialect === 'redis' ? rdbVersion >= 14 : rdbVersion >= 81;
  return { dialect, rdbVersion, backlen: isNew ? 'new' : 'old' };
}

/** Every version that a target can have. */
export const targets: readonly TargetFormat[] = [
  ...[4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((version) => targetOf('redis', version)),
  ...[11, 80, 81].map((version) => targetOf('valkey', version)),
];

export function targetName({ dialect, rdbVersion }: TargetFormat): string {
  return `${dialect} ${rdbVersion}`;
}

/** All bytes of an encoded value. */
export function bytesOf(value: EncodedValue): Uint8Array {
  return bytes(...Array.from(value.pieces(), (piece) => piece.slice()));
}

/** A record of a serialized value. */
export function recordOf(type: ValueType, value: Uint8Array): KeyRecord {
  const record = new KeyRecord();
  record.type = type;
  record.valueBytes = value;
  record.valueEnd = value.length;
  return record;
}

export function readerOf(record: KeyRecord, limits?: Partial<Limits>): InlineReader {
  return new InlineReader(withLimits(limits)).use(record);
}

export function decoded(type: ValueType, value: Uint8Array, limits?: Partial<Limits>): DecodedValue {
  return decodeValue(recordOf(type, value), limits);
}

/** Revision of a stream's layout; 0 for what is no stream. */
function revisionOf({ family, encoding }: ValueType): number {
  return family === 'stream' ? Number(encoding.replace('listpacks', '').replace('-', '') || 1) : 0;
}

/**
 * What a value means whose elements have no order, less what one of two layouts of streams cannot
 * say: the value read from one type and that read from the other are the same then.
 */
export function meaningOf(value: DecodedValue, type: ValueType, other: ValueType): unknown {
  const meaning = plain(value);
  switch (value.type) {
    case 'set':
      return (meaning as string[]).sort();
    case 'zset':
    case 'hash':
      return (meaning as string[][]).sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
    case 'stream':
      return streamMeaning(meaning as StreamMeaning, Math.min(revisionOf(type), revisionOf(other)));
    default:
      return meaning;
  }
}

interface StreamMeaning {
  readonly groups: { readonly consumers: readonly string[][] }[];
}

function streamMeaning(stream: StreamMeaning, revision: number): unknown {
  const counters = revision < 2 ? { firstId: 0, maxDeletedId: 0, entriesAdded: 0 } : {};
  const producers = revision < 4 ? { idempotence: 0 } : {};
  const groups = stream.groups.map((group) => ({
    ...group,
    ...(revision < 2 ? { entriesRead: 0 } : {}),
    consumers: group.consumers.map((consumer) => (revision < 3 ? consumer.slice(0, 2) : consumer)),
  }));
  return { ...stream, ...counters, ...producers, groups };
}

/** The fault that a server would find in a serialized value. */
export function faultIn(type: ValueType, value: Uint8Array): string | undefined {
  return new ValueChecker().check(recordOf(type, value))?.describe();
}
