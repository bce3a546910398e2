import type { Readable } from 'node:stream';
import type { Limits } from '../limits.js';
import type { Source } from '../pipeline.js';
import type { TargetFormat } from '../rdb/compat.js';
import type { Compression } from './compression.js';
import { DecoderSource } from './decoder-source.js';
import { JsonlDecoder } from './jsonl-decoder.js';
import { Spool } from './spool.js';

export interface JsonlSourceOptions {
  readonly limits?: Partial<Limits>;
  /**
   * The server whose encodings values get. By default the one that the dump's aux lines name, else
   * Redis 7.2; and for a value that needs more, the oldest that has it.
   */
  readonly target?: TargetFormat;
}

/** A source of the records of JSON Lines. */
export interface JsonlSource extends Source {
  readonly compression: Compression;
  /** Whether another source of the same name would read the same again; a stream would not. */
  readonly isRepeatable: boolean;
}

/** Reads JSON Lines from a file, which may be compressed by gzip or zstd. */
export function jsonlFile(path: string, options: JsonlSourceOptions = {}): JsonlSource {
  return new JsonlDecoderSource(path, path, options);
}

/** Reads JSON Lines from a stream, which may be compressed by gzip or zstd. */
export function jsonlStream(stream: Readable, name: string, options: JsonlSourceOptions = {}): JsonlSource {
  return new JsonlDecoderSource(name, stream, options);
}

class JsonlDecoderSource extends DecoderSource<JsonlDecoder> implements JsonlSource {
  constructor(
    name: string,
    origin: string | Readable,
    private readonly options: JsonlSourceOptions,
  ) {
    super(name, origin);
  }

  protected override makeDecoder(): JsonlDecoder {
    return new JsonlDecoder(() => new Spool(), this.options);
  }
}
