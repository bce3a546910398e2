import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { PartEdit } from '../aof/part-edit.js';
import { readError } from './read-error.js';
import { writeError } from './write-error.js';

const CHUNK = 1 << 20;

/**
 * A copy of a file with pieces left out and put in. It is copied by position, so that commands of
 * any size cost no memory.
 */
export class PartCopy implements PartEdit {
  private readonly target: number;
  private readonly buffer = new Uint8Array(CHUNK);
  /** Position in the source up to which all is in the copy, or left out. */
  private position: number;
  private size: number;
  private isClosed = false;

  /**
   * @param source an open file, not closed here
   * @param path of the copy
   * @param position what stands before it in the source is in the copy, or not wanted
   * @param size bytes that the copy has already
   */
  constructor(
    private readonly source: number,
    private readonly sourcePath: string,
    private readonly path: string,
    position: number,
    size: number,
  ) {
    this.position = position;
    this.size = size;
    this.target = this.guard(() => openSync(path, size === 0 ? 'wx' : 'r+', 0o600));
  }

  /** Bytes of the copy so far. */
  get bytes(): number {
    return this.size;
  }

  /** Copies up to a position, if it is not done; at most so much at once that others get a turn. */
  copyTo(end: number, most = Number.POSITIVE_INFINITY): void {
    const stop = Math.min(end, this.position + most);
    while (this.position < stop) {
      const count = this.read(Math.min(CHUNK, stop - this.position));
      this.put(this.buffer, count);
      this.position += count;
    }
  }

  /** True when all up to a position is in the copy. */
  hasCopied(end: number): boolean {
    return this.position >= end;
  }

  cut(from: number, to: number): void {
    this.copyTo(from);
    this.position = Math.max(this.position, to);
  }

  insert(at: number, bytes: Uint8Array): void {
    this.copyTo(at);
    this.put(bytes, bytes.length);
  }

  sizeAt(offset: number): number {
    return this.size + offset - this.position;
  }

  takeBack(offset: number, size: number): void {
    if (offset > this.position || size === this.size) return;
    this.guard(() => ftruncateSync(this.target, size));
    this.size = size;
    this.position = offset;
  }

  /** Makes it last. */
  close(): void {
    this.guard(() => fsyncSync(this.target));
    this.abort();
  }

  abort(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    closeSync(this.target);
  }

  private read(size: number): number {
    let count: number;
    try {
      count = readSync(this.source, this.buffer, 0, size, this.position);
      if (count === 0) throw new Error('it has become shorter while it was read');
    } catch (thrown) {
      throw readError(thrown, this.sourcePath);
    }
    return count;
  }

  private put(bytes: Uint8Array, size: number): void {
    this.guard(() => {
      for (let at = 0; at < size; ) {
        at += writeSync(this.target, bytes, at, size - at, this.size + at);
      }
    });
    this.size += size;
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      throw writeError(thrown, this.path);
    }
  }
}
