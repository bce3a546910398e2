import type { Readable } from 'node:stream';
import type { Limits } from '../limits.js';
import type { Source } from '../pipeline.js';
import type { Magic } from '../rdb/magic.js';
import { type ChecksumState, RdbDecoder } from '../rdb/reader.js';
import type { Compression } from './compression.js';
import { DecoderSource } from './decoder-source.js';

export interface RdbSourceOptions {
  readonly limits?: Partial<Limits>;
  readonly checksum?: 'verify' | 'ignore';
}

/** A source of RDB records, with what it found out about the file besides. */
export interface RdbSource extends Source {
  /** The header, once it was read. */
  readonly magic: Magic | undefined;
  readonly checksum: ChecksumState;
  readonly compression: Compression;
  readonly verifiesChecksum: boolean;
  /** Whether another source of the same name would read the same again; a stream would not. */
  readonly isRepeatable: boolean;
  /** Size of the dump itself, once it was read to its end. */
  readonly dumpBytes: number;
  /** Bytes of a plain file that stand behind the dump. */
  readonly trailingBytes: number;
}

/** Reads a dump from a file, which may be compressed by gzip or zstd. */
export function rdbFile(path: string, options: RdbSourceOptions = {}): RdbSource {
  return new RdbDecoderSource(path, path, options);
}

/** Reads a dump from a stream, which may be compressed by gzip or zstd. */
export function rdbStream(stream: Readable, name: string, options: RdbSourceOptions = {}): RdbSource {
  return new RdbDecoderSource(name, stream, options);
}

class RdbDecoderSource extends DecoderSource<RdbDecoder> implements RdbSource {
  constructor(
    name: string,
    origin: string | Readable,
    private readonly options: RdbSourceOptions,
  ) {
    super(name, origin);
  }

  get magic(): Magic | undefined {
    return this.decoder?.magic;
  }

  get verifiesChecksum(): boolean {
    return this.options.checksum !== 'ignore';
  }

  get checksum(): ChecksumState {
    return this.decoder?.checksum ?? 'pending';
  }

  protected override makeDecoder(inputBytes?: number): RdbDecoder {
    return new RdbDecoder({ ...this.options, ...(inputBytes === undefined ? {} : { inputBytes }) });
  }
}
