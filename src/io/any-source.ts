import type { Readable } from 'node:stream';
import type { TargetFormat } from '../rdb/compat.js';
import type { Magic } from '../rdb/magic.js';
import type { ChecksumState } from '../rdb/reader.js';
import { AnyDecoder, type InputFormat } from './any-decoder.js';
import { DecoderSource } from './decoder-source.js';
import type { RdbSource, RdbSourceOptions } from './rdb-source.js';

export interface AnySourceOptions extends RdbSourceOptions {
  /** The server whose encodings values of JSON Lines get, see `JsonlSourceOptions`. */
  readonly target?: TargetFormat;
}

/** A source whose format is told by its content. JSON Lines have no magic and no checksum. */
export interface AnySource extends RdbSource {
  /** Undefined until the first bytes were read. */
  readonly format: InputFormat | undefined;
  /** The server whose encodings values of JSON Lines get, as far as the lines have told. */
  readonly target: TargetFormat | undefined;
}

/** Reads an RDB dump or JSON Lines from a file, which may be compressed by gzip or zstd. */
export function anyFile(path: string, options: AnySourceOptions = {}): AnySource {
  return new AnyDecoderSource(path, path, options);
}

/** Reads an RDB dump or JSON Lines from a stream, which may be compressed by gzip or zstd. */
export function anyStream(stream: Readable, name: string, options: AnySourceOptions = {}): AnySource {
  return new AnyDecoderSource(name, stream, options);
}

class AnyDecoderSource extends DecoderSource<AnyDecoder> implements AnySource {
  constructor(
    name: string,
    origin: string | Readable,
    private readonly options: AnySourceOptions,
  ) {
    super(name, origin);
  }

  get format(): InputFormat | undefined {
    return this.decoder?.format;
  }

  get target(): TargetFormat | undefined {
    return this.decoder?.jsonl?.target;
  }

  get magic(): Magic | undefined {
    return this.decoder?.rdb?.magic;
  }

  get verifiesChecksum(): boolean {
    return this.options.checksum !== 'ignore';
  }

  get checksum(): ChecksumState {
    if (this.format === 'jsonl') return 'absent';
    return this.decoder?.rdb?.checksum ?? 'pending';
  }

  protected override makeDecoder(inputBytes?: number): AnyDecoder {
    return new AnyDecoder({ ...this.options, ...(inputBytes === undefined ? {} : { inputBytes }) });
  }
}
