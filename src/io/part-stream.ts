import type { Readable } from 'node:stream';
import type { PartDecoder } from '../aof/part-decoder.js';
import { DecoderSource } from './decoder-source.js';

/** Reads a log from a stream, or from a file that is compressed, through a decoder. */
export class PartStream extends DecoderSource<PartDecoder> {
  constructor(
    name: string,
    origin: string | Readable,
    private readonly part: PartDecoder,
  ) {
    super(name, origin);
  }

  protected override makeDecoder(): PartDecoder {
    return this.part;
  }
}
