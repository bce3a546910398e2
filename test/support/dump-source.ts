import type { Limits } from '../../src/limits.js';
import type { Source } from '../../src/pipeline.js';
import { RdbDecoder } from '../../src/rdb/reader.js';
import type { RecordBatch } from '../../src/record.js';
import { chunksOf } from './read.js';

/** A dump in memory as a source. */
export class DumpSource implements Source {
  readonly name = 'memory';
  readonly size: number;
  readonly decoder: RdbDecoder;
  position = 0;

  constructor(
    private readonly input: Uint8Array,
    limits: Partial<Limits> = {},
    private readonly chunks: readonly number[] = [65_536],
  ) {
    this.size = input.length;
    this.decoder = new RdbDecoder({ limits });
  }

  async *read(): AsyncGenerator<RecordBatch> {
    const { decoder } = this;
    for (const chunk of chunksOf(this.input, this.chunks)) {
      this.position += chunk.length;
      decoder.push(chunk);
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
    }
    decoder.end();
    for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
  }
}
