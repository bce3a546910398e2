import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import type { TargetFormat } from '../rdb/compat.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import { type DumpRecord, KeyBegin, type KeyHead, KeyRecord, type RecordBatch } from '../record.js';
import type { MakeSpill } from '../spill.js';
import type { ByteDecoder } from './decoder-source.js';
import { LineSplitter } from './jsonl-lines.js';
import type { LineRecord, ReadKey } from './jsonl-members.js';
import { isOfInput, RecordReader } from './jsonl-record.js';

export interface JsonlDecoderOptions {
  readonly limits?: Partial<Limits>;
  /** The server whose RDB types the values are encoded in; by default the one that wrote the dump. */
  readonly target?: TargetFormat;
}

const CHUNK = 1 << 20;

/** Handed out while a long line is being read. */
const NOTHING_YET: RecordBatch = { records: [] };

/**
 * Turns JSON Lines into batches of the same records as a dump gives. A line that is no record
 * becomes a `fault`; the next one is read all the same. Memory has a bound whatever the length of
 * a line: a line above
 * `limits.partBytes` is put aside, and so is a value.
 */
export class JsonlDecoder implements ByteDecoder {
  /** Keys read so far. */
  keys = 0;

  private readonly limits: Limits;
  private readonly lines: LineSplitter;
  private readonly reader: RecordReader;
  private readonly input = new Uint8Array(CHUNK);
  private ended = false;
  /** The line that is being read. */
  private reading: Generator<void, LineRecord> | undefined;
  /** The value that is handed out in parts. */
  private parts: Iterator<Uint8Array> | undefined;
  private part: Uint8Array = this.input.subarray(0, 0);
  private partsSize = 0;

  private readonly records: DumpRecord[] = [];
  private count = 0;
  private readonly batch: RecordBatch = { records: this.records };
  private readonly pool: KeyRecord[] = [];
  /** Where keys and values of the batch are: those of the next batch come to the same places. */
  private readonly firstBytes: Uint8Array;
  private moreBytes = new Uint8Array(0);
  private bytes: Uint8Array;
  private at = 0;
  private batchSize = 0;

  /** @param makeSpill opens a place for a line or value that is too large for memory */
  constructor(makeSpill: MakeSpill, options: JsonlDecoderOptions = {}) {
    this.limits = withLimits(options.limits);
    this.lines = new LineSplitter(this.limits.partBytes, makeSpill);
    this.reader = new RecordReader(this.limits, makeSpill, options.target);
    this.firstBytes = new Uint8Array(this.limits.batchBytes);
    this.bytes = this.firstBytes;
  }

  get offset(): number {
    return this.lines.offset;
  }

  /** The server whose encodings values get unless they need more. */
  get target(): TargetFormat {
    return this.reader.target;
  }

  get done(): boolean {
    return this.lines.isDone && this.reading === undefined && this.parts === undefined;
  }

  push(chunk: Uint8Array): void {
    this.lines.push(chunk);
  }

  space(): Uint8Array {
    return this.input;
  }

  commit(size: number): void {
    this.lines.push(this.input.subarray(0, size));
  }

  end(): void {
    this.ended = true;
    this.lines.end();
  }

  /** @throws RdbkitError IO when a temporary file cannot be written */
  next(): RecordBatch | undefined {
    this.count = 0;
    this.bytes = this.firstBytes;
    this.at = 0;
    this.batchSize = 0;
    const { batchRecords, batchBytes } = this.limits;
    while (this.count < batchRecords && this.batchSize < batchBytes) {
      if (this.parts !== undefined) {
        if (this.count > 0) break;
        this.readPart(this.parts);
        break;
      }
      if (this.reading === undefined) {
        if (!this.lines.next()) break;
        this.reading = this.reader.read(this.lines.line);
      }
      if (this.readOn(this.reading)) continue;
      if (this.count === 0) return NOTHING_YET;
      break;
    }
    if (this.count === 0) return undefined;
    this.records.length = this.count;
    return this.batch;
  }

  close(): void {
    this.reading = undefined;
    this.parts = undefined;
    this.lines.close();
    this.reader.close();
    this.pool.length = 0;
    this.moreBytes = new Uint8Array(0);
    this.bytes = this.firstBytes;
  }

  /** Goes on with a line; false when that will take longer. */
  private readOn(reading: Generator<void, LineRecord>): boolean {
    try {
      const { value, done } = reading.next();
      if (done !== true) return false;
      this.reading = undefined;
      if (value.kind !== 'read-key') this.add(value, this.lines.line.size);
      else if (value.value.size > this.limits.maxInlineValue) this.beginParts(value);
      else this.addKey(value, value.value);
    } catch (thrown) {
      this.reading = undefined;
      this.add(this.faultOf(thrown), 0);
    }
    return true;
  }

  private add(record: DumpRecord, size: number): void {
    this.records[this.count++] = record;
    this.batchSize += size;
  }

  private addKey(read: ReadKey, value: EncodedValue): void {
    const { key } = read;
    const record = (this.pool[this.count] ??= new KeyRecord());
    const size = key.length + value.size;
    const bytes = this.reserve(size);
    let { at } = this;
    bytes.set(key, at);
    this.setHead(record, read, bytes, at, at + key.length);
    at += key.length;
    record.valueBytes = bytes;
    record.valueStart = at;
    for (const piece of value.pieces()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    record.valueEnd = at;
    // No string of the value is longer than the line that it stands in.
    record.largestString = this.lines.line.size;
    this.at = at;
    this.add(record, size);
    value.close();
  }

  private reserve(size: number): Uint8Array {
    if (this.at + size > this.bytes.length) {
      // Once in a batch: what has no room behind the others is the last of them.
      if (this.moreBytes.length < size) {
        this.moreBytes = new Uint8Array(Math.max(size, this.limits.batchBytes));
      }
      this.bytes = this.moreBytes;
      this.at = 0;
    }
    return this.bytes;
  }

  private setHead(
    head: KeyHead,
    read: ReadKey,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
  ): void {
    head.db = read.db;
    head.type = read.value.type;
    head.keyBytes = keyBytes;
    head.keyStart = keyStart;
    head.keyEnd = keyEnd;
    head.expireAtMs = read.expireAtMs;
    head.idleSeconds = read.idleSeconds;
    head.frequency = read.frequency;
    head.metadata = read.metadata;
    head.index = ++this.keys;
    head.offset = this.lines.line.offset;
    head.valueOffset = head.offset;
    head.templates = undefined;
  }

  private beginParts(read: ReadKey): void {
    const begin = new KeyBegin();
    const key = read.key.slice();
    this.setHead(begin, read, key, 0, key.length);
    begin.size = read.value.size;
    this.add(begin, 0);
    this.parts = read.value.pieces()[Symbol.iterator]();
    this.part = this.part.subarray(0, 0);
    this.partsSize = 0;
  }

  /** Hands out the next part, or the end of the value. A part is the only record of its batch. */
  private readPart(parts: Iterator<Uint8Array>): void {
    while (this.part.length === 0) {
      const { value, done } = parts.next();
      if (done === true) {
        this.parts = undefined;
        this.add({ kind: 'key-end', size: this.partsSize }, 0);
        return;
      }
      this.part = value;
    }
    const bytes = this.part.subarray(0, this.limits.partBytes);
    this.part = this.part.subarray(bytes.length);
    this.partsSize += bytes.length;
    this.add({ kind: 'key-part', bytes }, 0);
  }

  /** What is wrong with the line, if it is that; else it is thrown. */
  private faultOf(thrown: unknown): DumpRecord {
    const error = RdbkitError.from(thrown);
    if (!isOfInput(error)) throw error;
    const { number, offset } = this.lines.line;
    const isCut = this.ended && !this.lines.isTerminated && this.reader.isCut;
    return {
      kind: 'fault',
      code: isCut ? 'INPUT_TRUNCATED' : error.code,
      line: number,
      column: this.reader.column,
      reason: isCut ? 'the input ends in the middle of the line' : error.message,
      offset,
    };
  }
}
