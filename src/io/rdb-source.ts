import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { Source } from '../pipeline.js';
import type { Magic } from '../rdb/magic.js';
import { type ChecksumState, RdbDecoder } from '../rdb/reader.js';
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

const CHUNK = 1 << 20;

/** Input between two turns of the event loop. */
const BYTES_A_TURN = 8 * CHUNK;

/** Reads a dump from a file, which may be compressed by gzip or zstd. */
export function rdbFile(path: string, options: RdbSourceOptions = {}): RdbSource {
  return new FileSource(path, options);
}

/** Reads a dump from a stream, which may be compressed by gzip or zstd. */
export function rdbStream(stream: Readable, name: string, options: RdbSourceOptions = {}): RdbSource {
  return new StreamSource(stream, name, options);
}

abstract class DecoderSource implements RdbSource {
  compression: Compression = 'none';
  size: number | undefined = undefined;
  position = 0;
  protected decoder: RdbDecoder | undefined;

  constructor(
    readonly name: string,
    protected readonly options: RdbSourceOptions,
  ) {}

  get magic(): Magic | undefined {
    return this.decoder?.magic;
  }

  get isRepeatable(): boolean {
    return false;
  }

  get verifiesChecksum(): boolean {
    return this.options.checksum !== 'ignore';
  }

  get checksum(): ChecksumState {
    return this.decoder?.checksum ?? 'pending';
  }

  get dumpBytes(): number {
    return this.decoder?.offset ?? 0;
  }

  get trailingBytes(): number {
    const plain = this.compression === 'none' && this.decoder?.done === true;
    return plain && this.size !== undefined ? this.size - this.dumpBytes : 0;
  }

  async *read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    try {
      yield* this.batches(signal);
    } catch (thrown) {
      throw readError(thrown, this.name);
    }
  }

  protected abstract batches(signal: AbortSignal): AsyncGenerator<RecordBatch>;

  /** Decodes a stream of bytes, whatever they are wrapped in. */
  protected async *stream(input: Readable, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const decoder = new RdbDecoder(this.options);
    this.decoder = decoder;
    // A stream that gives nothing for long must not keep the run from ending.
    const interrupt = () => input.destroy(new RdbkitError('ABORTED', 'interrupted'));
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      for await (const chunk of this.unwrap(this.count(input))) {
        signal.throwIfAborted();
        decoder.push(chunk);
        for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
        if (decoder.done) return;
      }
      decoder.end();
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
    } finally {
      signal.removeEventListener('abort', interrupt);
      input.destroy();
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

class StreamSource extends DecoderSource {
  constructor(
    private readonly input: Readable,
    name: string,
    options: RdbSourceOptions,
  ) {
    super(name, options);
  }

  protected override batches(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    return this.stream(this.input, signal);
  }
}

class FileSource extends DecoderSource {
  constructor(
    private readonly path: string,
    options: RdbSourceOptions,
  ) {
    super(path, options);
  }

  override get isRepeatable(): boolean {
    return isRegular(this.path);
  }

  protected override async *batches(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const stat = statSync(this.path);
    if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (stat.isFile()) {
      this.size = stat.size;
      const file = openSync(this.path, 'r');
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
    yield* this.stream(createReadStream(this.path, { highWaterMark: CHUNK }), signal);
  }

  /**
   * A plain file is read synchronously straight into the decoder's window: this saves the trip to
   * the thread pool for every MiB. The event loop gets its turn often.
   */
  private async *plain(file: number, size: number, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const decoder = new RdbDecoder({ ...this.options, inputBytes: size });
    this.decoder = decoder;
    let turnAt = BYTES_A_TURN;
    for (;;) {
      const space = decoder.space(CHUNK);
      const count = readSync(file, space, 0, Math.min(space.length, CHUNK), null);
      if (count === 0) decoder.end();
      else decoder.commit(count);
      this.position += count;
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) yield batch;
      if (decoder.done || count === 0) return;
      if (this.position >= turnAt) {
        turnAt = this.position + BYTES_A_TURN;
        await setImmediate();
        signal.throwIfAborted();
      }
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
