import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { RdbkitError } from '../errors.js';
import type { Spill } from '../spill.js';

const CHUNK = 256 * 1024;

/** Behind the name of a file that is to take the place of another. */
const NEXT = '.next';

/**
 * A file with a name that outlives the process: what `write` has returned from is there when the
 * process is killed, and what came before `sync` when the machine is.
 */
export class NoteFile implements Spill {
  /** Bytes written. */
  size = 0;
  private readonly file: number;
  private isClosed = false;

  private constructor(
    private readonly path: string,
    flags: string,
  ) {
    this.file = this.guard(() => openSync(path, flags, 0o600));
  }

  /**
   * Opens the file with what it holds, or makes it.
   * @throws RdbkitError IO
   */
  static open(path: string): NoteFile {
    const file = new NoteFile(path, 'a+');
    file.size = file.guard(() => fstatSync(file.file).size);
    return file;
  }

  /** An empty file that can take the place of this one. */
  next(): NoteFile {
    return new NoteFile(`${this.path}${NEXT}`, 'w+');
  }

  /** Gives the file of `next` the name of this one, which is closed. */
  replaceBy(next: NoteFile): NoteFile {
    next.sync();
    next.close();
    this.close();
    this.guard(() => renameSync(next.path, this.path));
    return NoteFile.open(this.path);
  }

  /** Puts bytes behind all others and returns where they begin. */
  write(bytes: Uint8Array): number {
    const start = this.size;
    this.guard(() => {
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(this.file, bytes, at, bytes.length - at);
        this.size += written;
        at += written;
      }
    });
    return start;
  }

  /** Fills `target` with the bytes from `offset` on. */
  readAt(offset: number, target: Uint8Array): void {
    this.guard(() => {
      for (let at = 0; at < target.length; ) {
        const count = readSync(this.file, target, at, target.length - at, offset + at);
        if (count === 0) throw new Error('it is shorter than it was');
        at += count;
      }
    });
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

  /** Takes away what stands behind the first `size` bytes. */
  cut(size: number): void {
    this.guard(() => ftruncateSync(this.file, size));
    this.size = size;
  }

  /** Returns when what was written would outlive a power cut. */
  sync(): void {
    this.guard(() => fsyncSync(this.file));
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closeSync(this.file);
  }

  /** Closes the file and removes it. */
  remove(): void {
    this.close();
    this.guard(() => unlinkSync(this.path));
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      throw new RdbkitError('IO', `it cannot be written: ${(thrown as Error).message}`, {
        subject: this.path,
        hint: 'check the folder, its permissions and the room on the disk',
        cause: thrown,
      });
    }
  }
}
