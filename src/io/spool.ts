import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RdbkitError } from '../errors.js';

const CHUNK = 256 * 1024;

/**
 * A temporary file for what must be read twice. Only this process can open it: it has no name
 * any more once it is open (on Windows it keeps one until `close`).
 */
export class Spool {
  /** Bytes written. */
  size = 0;
  private readonly file: number;
  private readonly path: string;
  private named = true;
  private isClosed = false;

  /** @throws RdbkitError IO when the folder for temporary files cannot be written */
  constructor(folder = tmpdir()) {
    this.path = join(folder, `rdbkit-${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      this.file = openSync(this.path, 'wx+', 0o600);
    } catch (thrown) {
      throw spoolError(thrown, folder);
    }
    this.unlink();
  }

  /** Puts bytes behind all others and returns where they begin. */
  write(bytes: Uint8Array): number {
    const start = this.size;
    try {
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(this.file, bytes, at, bytes.length - at, this.size);
        this.size += written;
        at += written;
      }
      return start;
    } catch (thrown) {
      throw spoolError(thrown, this.path);
    }
  }

  /** The content from its beginning, in pieces that are borrowed until the next. */
  *read(): Generator<Uint8Array> {
    const buffer = new Uint8Array(Math.min(CHUNK, Math.max(1, this.size)));
    for (let at = 0; at < this.size; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, this.size - at));
      this.readAt(at, piece);
      yield piece;
    }
  }

  /** Fills `target` with the bytes from `offset` on. */
  readAt(offset: number, target: Uint8Array): void {
    for (let at = 0; at < target.length; ) {
      const count = readSync(this.file, target, at, target.length - at, offset + at);
      if (count === 0) throw new RdbkitError('IO', 'a temporary file is shorter than it was written');
      at += count;
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closeSync(this.file);
    this.unlink();
  }

  private unlink(): void {
    if (!this.named) return;
    try {
      unlinkSync(this.path);
      this.named = false;
    } catch {
      // Windows does not unlink what is open; close comes back to it.
    }
  }
}

function spoolError(thrown: unknown, subject: string): RdbkitError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new RdbkitError('IO', `a temporary file cannot be written: ${message}`, {
    subject,
    hint: 'make room there, or set TMPDIR to another folder',
    cause: thrown,
  });
}
