import { Readable } from 'node:stream';
import { type JsonlSourceOptions, jsonlStream } from '../../src/io/jsonl-source.js';
import { Spool } from '../../src/io/spool.js';
import type { Limits } from '../../src/limits.js';
import { run, type Source } from '../../src/pipeline.js';
import { ValueDecoder } from '../../src/rdb/values/decode.js';
import type { DecodedValue } from '../../src/rdb/values/value.js';
import { type FaultRecord, type KeyHead, KeyRecord, type RecordBatch } from '../../src/record.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import { jsonLinesFormat } from '../../src/sinks/jsonl.js';
import { MemoryOutput } from './memory-output.js';

/** The records of a source as JSON Lines. */
export async function toJsonl(source: Source, limits: Partial<Limits> = {}): Promise<Uint8Array> {
  const output = new MemoryOutput('pipe');
  const sink = new ExportSink(jsonLinesFormat({ limits }), output, () => new Spool(), { limits });
  await run(source, [], sink);
  return output.bytes;
}

/** A source of JSON Lines that come in chunks of a size. */
export function jsonlOf(
  text: Uint8Array | string,
  chunk = 1 << 16,
  options: JsonlSourceOptions = {},
): Source {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  function* chunks(): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  return jsonlStream(Readable.from(chunks(), { objectMode: true }), 'lines', options);
}

export type JsonlText = Uint8Array | string;

export interface ReadLine {
  readonly db: number;
  readonly key: string;
  readonly type: string;
  readonly expireAtMs: unknown;
  readonly value: DecodedValue;
}

/** What a source gives: its keys with their values, its faults as text, and the kinds of all else. */
export async function readAll(
  source: Source,
): Promise<{ keys: ReadLine[]; faults: string[]; others: string[] }> {
  const decoder = new ValueDecoder();
  const keys: ReadLine[] = [];
  const faults: string[] = [];
  const others: string[] = [];
  let begun: KeyHead | undefined;
  let parts: Uint8Array[] = [];
  const add = (record: KeyRecord): void => {
    keys.push({
      db: record.db,
      key: Buffer.from(record.key).toString('latin1'),
      type: record.type.name,
      expireAtMs: record.expireAtMs,
      value: decoder.decode(record),
    });
  };
  const take = (batch: RecordBatch): void => {
    for (const record of batch.records) {
      switch (record.kind) {
        case 'key':
          add(record);
          break;
        case 'key-begin':
          begun = record;
          parts = [];
          break;
        case 'key-part':
          parts.push(record.bytes.slice());
          break;
        case 'key-end': {
          const whole = new KeyRecord();
          const { db, type, keyBytes, keyStart, keyEnd, expireAtMs } = begun as KeyHead;
          Object.assign(whole, { db, type, keyBytes, keyStart, keyEnd, expireAtMs });
          whole.valueBytes = new Uint8Array(Buffer.concat(parts));
          whole.valueEnd = whole.valueBytes.length;
          add(whole);
          break;
        }
        case 'fault':
          faults.push(faultText(record));
          break;
        default:
          others.push(record.kind);
      }
    }
  };
  for await (const batch of source.read(new AbortController().signal)) take(batch);
  return { keys, faults, others };
}

export function faultText({ code, line, column, reason }: FaultRecord): string {
  return `${line}:${column} ${code} ${reason}`;
}
