import type { Integer } from '../../src/bytes/integer.js';
import { RdbkitError } from '../../src/errors.js';
import { type ChecksumState, RdbDecoder, type RdbDecoderOptions } from '../../src/rdb/reader.js';
import { ValueDecoder } from '../../src/rdb/values/decode.js';
import type { DecodedValue } from '../../src/rdb/values/value.js';
import type { DumpRecord, KeyHead, KeyRecord } from '../../src/record.js';

/** A key as a reader gives it, copied out of its batch. */
export interface ReadKey {
  readonly kind: 'key';
  readonly db: number;
  readonly key: string;
  readonly type: string;
  readonly expireAtMs: Integer | undefined;
  readonly idleSeconds: Integer | undefined;
  readonly frequency: number | undefined;
  readonly metadata: string | undefined;
  readonly index: number;
  readonly offset: number;
  /** Serialized value, hexadecimal. */
  readonly value: string;
  readonly decoded?: DecodedValue;
}

/** Any other record, its bytes as hexadecimal. */
export type ReadRecord = ReadKey | { readonly kind: string; readonly [field: string]: unknown };

export interface Read {
  readonly records: ReadRecord[];
  readonly checksum: ChecksumState;
  readonly offset: number;
  /** What ended the read. */
  readonly error: RdbkitError | undefined;
}

export interface ReadOptions extends RdbDecoderOptions {
  /** Sizes of the chunks to give, again and again; all at once when left out. */
  readonly chunks?: readonly number[];
  /** Give the input by `space` and `commit` instead of `push`. */
  readonly inPlace?: boolean;
  readonly decode?: boolean;
}

/** Reads a whole input and copies every record out, values in parts joined. */
export function readAll(input: Uint8Array, options: ReadOptions = {}): Read {
  const decoder = new RdbDecoder(options);
  const collector = new Collector(options.decode === true);
  let error: RdbkitError | undefined;
  try {
    for (const chunk of chunksOf(input, options.chunks)) {
      if (options.inPlace === true) {
        decoder.space(chunk.length).set(chunk);
        decoder.commit(chunk.length);
      } else {
        decoder.push(chunk);
      }
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next())
        collector.take(batch.records);
    }
    decoder.end();
    for (let batch = decoder.next(); batch !== undefined; batch = decoder.next())
      collector.take(batch.records);
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    error = thrown;
  }
  return { records: collector.records, checksum: decoder.checksum, offset: decoder.offset, error };
}

/** Calls for every key of a dump; records are borrowed. */
export function forEachKey(dump: Uint8Array, take: (record: KeyRecord) => void): void {
  const decoder = new RdbDecoder();
  const drain = () => {
    for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) {
      for (const record of batch.records) if (record.kind === 'key') take(record);
    }
  };
  decoder.push(dump);
  drain();
  decoder.end();
  drain();
}

export function* chunksOf(input: Uint8Array, sizes: readonly number[] | undefined): Generator<Uint8Array> {
  if (sizes === undefined || sizes.length === 0) {
    yield input;
    return;
  }
  for (let at = 0, i = 0; at < input.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] as number);
    yield input.slice(at, at + size);
    at += size;
  }
}

/** A read as text, to be compared as a whole: quick where `toEqual` on long arrays is not. */
export function readText({ records, checksum, offset, error }: Read): string {
  const lines = records.map((record) =>
    JSON.stringify(record, (_, value) => {
      if (value instanceof Uint8Array) return toHex(value);
      if (typeof value === 'bigint') return `${value}n`;
      return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    }),
  );
  return [...lines, checksum, String(offset), error?.code ?? 'no error'].join('\n');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

class Collector {
  readonly records: ReadRecord[] = [];
  private readonly decoder = new ValueDecoder();
  private parts: Uint8Array[] = [];
  private head: Omit<ReadKey, 'value'> | undefined;

  constructor(private readonly decode: boolean) {}

  take(records: readonly DumpRecord[]): void {
    for (const record of records) this.one(record);
  }

  private one(record: DumpRecord): void {
    switch (record.kind) {
      case 'key':
        this.records.push({
          ...headOf(record),
          value: toHex(record.value),
          ...(this.decode ? { decoded: this.decoder.decode(record) } : {}),
        });
        break;
      case 'key-begin':
        this.head = headOf(record);
        this.parts = [];
        break;
      case 'key-part':
        this.parts.push(record.bytes.slice());
        break;
      case 'key-end':
        this.records.push({
          ...(this.head as Omit<ReadKey, 'value'>),
          value: toHex(Buffer.concat(this.parts)),
        });
        break;
      default:
        this.records.push(
          Object.fromEntries(
            Object.entries(record).map(([name, value]) => [
              name,
              value instanceof Uint8Array ? toHex(value) : value,
            ]),
          ) as ReadRecord,
        );
    }
  }
}

function headOf(head: KeyHead): Omit<ReadKey, 'value'> {
  return {
    kind: 'key',
    db: head.db,
    key: toHex(head.key),
    type: head.type.name,
    expireAtMs: head.expireAtMs,
    idleSeconds: head.idleSeconds,
    frequency: head.frequency,
    metadata: head.metadata === undefined ? undefined : toHex(head.metadata),
    index: head.index,
    offset: head.offset,
  };
}
