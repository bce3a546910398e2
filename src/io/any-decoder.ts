import { RdbDecoder, type RdbDecoderOptions } from '../rdb/reader.js';
import type { RecordBatch } from '../record.js';
import type { ByteDecoder } from './decoder-source.js';
import { JsonlDecoder, type JsonlDecoderOptions } from './jsonl-decoder.js';
import { Spool } from './spool.js';

/** What an input is, by its content. */
export type InputFormat = 'rdb' | 'jsonl';

/** White space before the first line that is looked at. */
const MAX_BLANK = 4096;

const OPENING_BRACE = 0x7b;
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Finds out from the first bytes what the input is, and reads it as that: JSON Lines when the first
 * character that is no white space is `{`, else RDB, whose reader says best what something else is.
 */
export class AnyDecoder implements ByteDecoder {
  /** Undefined until the first bytes were seen. */
  format: InputFormat | undefined;
  rdb: RdbDecoder | undefined;
  jsonl: JsonlDecoder | undefined;
  private decoder: ByteDecoder | undefined;
  /** Input that has not told yet. */
  private head = new Uint8Array(0);
  private input = new Uint8Array(0);

  constructor(private readonly options: RdbDecoderOptions & JsonlDecoderOptions = {}) {}

  get offset(): number {
    return this.decoder?.offset ?? 0;
  }

  get done(): boolean {
    return this.decoder?.done ?? false;
  }

  push(chunk: Uint8Array): void {
    if (this.decoder !== undefined) {
      this.decoder.push(chunk);
      return;
    }
    const head = new Uint8Array(this.head.length + chunk.length);
    head.set(this.head);
    head.set(chunk, this.head.length);
    this.head = head;
    const format = formatOf(head);
    if (format !== undefined) this.begin(format);
  }

  space(size: number): Uint8Array {
    if (this.decoder !== undefined) return this.decoder.space(size);
    if (this.input.length < size) this.input = new Uint8Array(size);
    return this.input;
  }

  commit(size: number): void {
    if (this.decoder !== undefined) this.decoder.commit(size);
    else this.push(this.input.subarray(0, size));
  }

  end(): void {
    (this.decoder ?? this.begin('rdb')).end();
  }

  next(): RecordBatch | undefined {
    return this.decoder?.next();
  }

  close(): void {
    this.decoder?.close?.();
  }

  private begin(format: InputFormat): ByteDecoder {
    this.format = format;
    let decoder: ByteDecoder;
    if (format === 'rdb') decoder = this.rdb = new RdbDecoder(this.options);
    else decoder = this.jsonl = new JsonlDecoder(() => new Spool(), this.options);
    this.decoder = decoder;
    decoder.push(this.head);
    this.head = new Uint8Array(0);
    this.input = this.head;
    return decoder;
  }
}

/** What the first bytes of an input say; undefined for white space only. */
function formatOf(head: Uint8Array): InputFormat | undefined {
  let at = BOM.every((byte, i) => head[i] === byte) ? BOM.length : 0;
  while (at < head.length && isBlank(head[at] as number)) at++;
  if (at < head.length) return head[at] === OPENING_BRACE ? 'jsonl' : 'rdb';
  return at > MAX_BLANK ? 'rdb' : undefined;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
