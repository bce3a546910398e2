import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { RdbkitError } from '../errors.js';
import type { RandomAccess } from '../rdb/salvage/file-view.js';
import { COMPRESSION_HEAD, type Compression, detectCompression } from './compression.js';
import { type ByteDecoder, DecoderSource } from './decoder-source.js';
import { readError } from './read-error.js';
import { Spool } from './spool.js';

/** An input that was opened to be read at any place. */
export interface RandomInput extends RandomAccess {
  readonly compression: Compression;
  /** Why it could not be decompressed to its end; what came before is there. */
  readonly fault: RdbkitError | undefined;
  close(): void;
}

/**
 * Opens a file to be read at any place. What is compressed, or a stream, is put into a temporary
 * file first.
 * @throws RdbkitError IO, INPUT_UNSUPPORTED for a compression that cannot be undone, ABORTED
 */
export async function openRandom(
  origin: string | Readable,
  name: string,
  signal: AbortSignal,
): Promise<RandomInput> {
  try {
    const plain = typeof origin === 'string' ? openPlain(origin, name) : undefined;
    return plain ?? (await spooled(origin, name, signal));
  } catch (thrown) {
    if (signal.aborted) throw new RdbkitError('ABORTED', 'interrupted');
    throw readError(thrown, name);
  }
}

/** Undefined for what is compressed, or no plain file. */
function openPlain(path: string, name: string): RandomInput | undefined {
  const stat = statSync(path);
  if (stat.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  if (!stat.isFile()) return undefined;
  const file = openSync(path, 'r');
  const readAt = (offset: number, target: Uint8Array) => readFully(file, name, offset, target);
  const head = new Uint8Array(COMPRESSION_HEAD);
  try {
    if (detectCompression(head.subarray(0, readAt(0, head))) === 'none') {
      return {
        size: stat.size,
        compression: 'none',
        fault: undefined,
        readAt,
        close: () => closeSync(file),
      };
    }
  } catch (thrown) {
    closeSync(file);
    throw thrown;
  }
  closeSync(file);
  return undefined;
}

function readFully(file: number, name: string, offset: number, target: Uint8Array): number {
  try {
    let count = 0;
    while (count < target.length) {
      const read = readSync(file, target, count, target.length - count, offset + count);
      if (read === 0) break;
      count += read;
    }
    return count;
  } catch (thrown) {
    throw readError(thrown, name);
  }
}

async function spooled(origin: string | Readable, name: string, signal: AbortSignal): Promise<RandomInput> {
  const spool = new Spool();
  const source = new SpoolSource(name, origin, spool);
  let fault: RdbkitError | undefined;
  try {
    for await (const _ of source.read(signal)) signal.throwIfAborted();
  } catch (thrown) {
    fault = RdbkitError.from(thrown);
    const isDamage = fault.code === 'INPUT_TRUNCATED' || fault.code === 'INPUT_CORRUPT';
    if (!isDamage || spool.size === 0) {
      spool.close();
      throw thrown;
    }
  }
  return {
    size: spool.size,
    compression: source.compression,
    fault,
    readAt: (offset, target) => {
      const count = Math.max(0, Math.min(target.length, spool.size - offset));
      spool.readAt(offset, target.subarray(0, count));
      return count;
    },
    close: () => spool.close(),
  };
}

class SpoolSource extends DecoderSource<SpoolDecoder> {
  constructor(
    name: string,
    origin: string | Readable,
    private readonly spool: Spool,
  ) {
    super(name, origin);
  }

  protected override makeDecoder(): SpoolDecoder {
    return new SpoolDecoder(this.spool);
  }
}

/** Puts all input aside. */
class SpoolDecoder implements ByteDecoder {
  readonly done = false;
  private room = new Uint8Array(0);

  constructor(private readonly spool: Spool) {}

  get offset(): number {
    return this.spool.size;
  }

  push(chunk: Uint8Array): void {
    this.spool.write(chunk);
  }

  space(size: number): Uint8Array {
    if (this.room.length < size) this.room = new Uint8Array(size);
    return this.room;
  }

  commit(size: number): void {
    this.spool.write(this.room.subarray(0, size));
  }

  end(): void {}

  next(): undefined {
    return undefined;
  }
}
