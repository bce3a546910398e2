import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { PartDecoder } from '../aof/part-decoder.js';
import { RdbkitError } from '../errors.js';
import type { RecordBatch } from '../record.js';
import type { AofPartFile } from './aof-parts.js';

const CHUNK = 1 << 20;

/** Input between two turns of the event loop. */
const BYTES_A_TURN = 8 * CHUNK;

/** A part whose descriptor is held: it can be read to its end even when its name is gone. */
export class PartFile {
  /** Bytes given to a decoder, as a position in the file. */
  position = 0;
  /** Position at which reading ends, if that is not the end of the file: a server may append. */
  end = Number.POSITIVE_INFINITY;
  private readonly file: number;
  private isClosed = false;

  constructor(readonly part: AofPartFile) {
    this.file = openSync(part.path, 'r');
  }

  /** Leaves out what is appended from now on; returns the size. */
  freeze(): number {
    this.end = this.size;
    return this.end;
  }

  /** Bytes in the file now. */
  get size(): number {
    return fstatSync(this.file).size;
  }

  /** What tells this file from another that gets its name. */
  get identity(): string {
    const { dev, ino } = fstatSync(this.file, { bigint: true });
    return `${dev}:${ino}`;
  }

  /** Fills `target` with the bytes from `offset` on; returns how many there were. */
  readAt(offset: number, target: Uint8Array): number {
    let at = 0;
    while (at < target.length) {
      const count = readSync(this.file, target, at, target.length - at, offset + at);
      if (count === 0) break;
      at += count;
    }
    return at;
  }

  /**
   * Reads from `position` to the end of the file, straight into the decoder's window, or until the
   * decoder is done. The decoder is not told that it is the end. The event loop gets its turn
   * often.
   * @throws RdbkitError IO where a frozen file has become shorter
   */
  async *batches(decoder: PartDecoder, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    let turnAt = this.position + BYTES_A_TURN;
    for (;;) {
      const space = decoder.space(CHUNK);
      const wanted = Math.min(space.length, CHUNK, this.end - this.position);
      const count = wanted > 0 ? readSync(this.file, space, 0, wanted, this.position) : 0;
      if (count === 0) {
        if (wanted > 0 && this.end !== Number.POSITIVE_INFINITY) throw this.shorter();
        return;
      }
      decoder.commit(count);
      this.position += count;
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) {
        yield batch;
        if (batch.records.length > 0) continue;
        await setImmediate();
        signal.throwIfAborted();
      }
      if (decoder.done) return;
      if (this.position >= turnAt) {
        turnAt = this.position + BYTES_A_TURN;
        await setImmediate();
        signal.throwIfAborted();
      }
    }
  }

  private shorter(): RdbkitError {
    const { path } = this.part;
    return new RdbkitError('IO', 'it has become shorter while it was read', { subject: path });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closeSync(this.file);
  }
}

/** What the decoder makes of the input it has. */
export async function* pending(decoder: PartDecoder, signal: AbortSignal): AsyncGenerator<RecordBatch> {
  for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) {
    yield batch;
    if (batch.records.length > 0) continue;
    await setImmediate();
    signal.throwIfAborted();
  }
}
