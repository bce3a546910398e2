import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { RdbkitError } from '../errors.js';
import type { Source } from '../pipeline.js';
import type { RecordBatch } from '../record.js';
import {
  COMPRESSION_HEAD,
  type Compression,
  decompressionError,
  decompressor,
  detectCompression,
  VCS_HEADER,
} from './compression.js';
import { readError } from './read-error.js';

/** Turns bytes into batches, without I/O: what a source does with its input. */
export interface ByteDecoder {
  /** Position in the input up to which records were read. */
  readonly offset: number;
  /** True when all was read; bytes behind it are not touched. */
  readonly done: boolean;
  /** Adds input. The bytes are borrowed until `next` returns undefined. */
  push(chunk: Uint8Array): void;
  /** Room for at least `size` bytes of input, to be filled from its beginning and committed. */
  space(size: number): Uint8Array;
  /** Says that `size` bytes were put into `space()`. */
  commit(size: number): void;
  /** Says that no more input comes. */
  end(): void;
  /**
   * The next batch, borrowed until the next call; an empty one while much is being done for the
   * next record; undefined when more input is needed or all is read.
   */
  next(): RecordBatch | undefined;
  /** Gives temporary files back, when no more is read. */
  close?(): void;
}

const CHUNK = 1 << 20;

/** Input between two turns of the event loop. */
const BYTES_A_TURN = 8 * CHUNK;

/** Reads a file or a stream, which may be compressed by gzip or zstd, through a decoder. */
export abstract class DecoderSource<D extends ByteDecoder> implements Source {
  compression: Compression = 'none';
  size: number | undefined = undefined;
  position = 0;
  protected decoder: D | undefined;

  /** @param origin the path of a file, or a stream */
  constructor(
    readonly name: string,
    private readonly origin: string | Readable,
  ) {}

  /** Whether another source of the same name would read the same again; a stream would not. */
  get isRepeatable(): boolean {
    return typeof this.origin === 'string' && isRegular(this.origin);
  }

  /** Bytes of the input, decompressed, that were read as records; all of a dump once it was read. */
  get dumpBytes(): number {
    return this.decoder?.offset ?? 0;
  }

  /** Bytes of a plain file that stand behind what was read, once that is all. */
  get trailingBytes(): number {
    const isPlain = this.compression === 'none' && this.decoder?.done === true;
    return isPlain && this.size !== undefined ? this.size - this.dumpBytes : 0;
  }

  async *read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const { origin } = this;
    try {
      if (typeof origin === 'string') yield* this.file(origin, signal);
      else yield* this.stream(origin, signal);
    } catch (thrown) {
      throw readError(thrown, this.name);
    } finally {
      this.decoder?.close?.();
    }
  }

  /** @param inputBytes bytes of the whole input, where known */
  protected abstract makeDecoder(inputBytes?: number): D;

  private async *file(path: string, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const stat = statSync(path);
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (stat.isFile()) {
      this.size = stat.size;
      const file = openSync(path, 'r');
      try {
        const head = new Uint8Array(COMPRESSION_HEAD);
        const read = readSync(file, head, 0, head.length, 0);
        if (detectCompression(head.subarray(0, read)) === 'none') {
          yield* this.plain(file, stat.size, signal);
          return;
        }
      } finally {
        closeSync(file);
      }
    }
    yield* this.stream(createReadStream(path, { highWaterMark: CHUNK }), signal);
  }

  /**
   * A plain file is read synchronously straight into the decoder's window: this saves the trip to
   * the thread pool for every MiB. The event loop gets its turn often.
   */
  private async *plain(file: number, size: number, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const decoder = this.makeDecoder(size);
    this.decoder = decoder;
    let turnAt = BYTES_A_TURN;
    for (;;) {
      const space = decoder.space(CHUNK);
      const count = readSync(file, space, 0, Math.min(space.length, CHUNK), null);
      if (count === 0) decoder.end();
      else decoder.commit(count);
      this.position += count;
      yield* this.batches(decoder, signal);
      if (decoder.done || count === 0) return;
      if (this.position >= turnAt) {
        turnAt = this.position + BYTES_A_TURN;
        await setImmediate();
        signal.throwIfAborted();
      }
    }
  }

  /** Decodes a stream of bytes, whatever they are wrapped in. */
  private async *stream(input: Readable, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const decoder = this.makeDecoder();
    this.decoder = decoder;
    // A stream that gives nothing for long must not keep the run from ending.
    const interrupt = () => input.destroy(new RdbkitError('ABORTED', 'interrupted'));
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      for await (const chunk of this.unwrap(this.count(input))) {
        signal.throwIfAborted();
        decoder.push(chunk);
        yield* this.batches(decoder, signal);
        if (decoder.done) return;
      }
      decoder.end();
      yield* this.batches(decoder, signal);
    } finally {
      signal.removeEventListener('abort', interrupt);
      input.destroy();
    }
  }

  /** What the decoder makes of the input it has. */
  private async *batches(decoder: D, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) {
      yield batch;
      if (batch.records.length > 0) continue;
      await setImmediate();
      signal.throwIfAborted();
    }
  }

  private async *count(input: Readable): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      this.position += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
  }

  /** The input without its compression, which its first bytes tell. */
  private async *unwrap(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    let head = Buffer.alloc(0);
    while (head.length < COMPRESSION_HEAD) {
      const { value, done } = await chunks.next();
      if (done === true) break;
      head = Buffer.concat([head, value]);
    }
    this.compression = detectCompression(head);
    if (this.compression === 'vcs-zstd') head = head.subarray(VCS_HEADER);
    async function* whole(): AsyncGenerator<Uint8Array> {
      if (head.length > 0) yield head;
      yield* chunks;
    }
    if (this.compression === 'none') {
      yield* whole();
      return;
    }
    // What pipeline would say of a fault comes out of the iteration as well.
    const plain = pipeline(Readable.from(whole()), await decompressor(this.compression), () => {});
    try {
      for await (const chunk of plain) yield chunk as Uint8Array;
    } catch (thrown) {
      throw decompressionError(thrown, this.compression);
    }
  }
}

/** Pipes and the like give what they hold only once. What is not there at all fails when read. */
function isRegular(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return true;
  }
}
