import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { RdbkitError } from '../errors.js';
import type { ByteOutput } from '../sinks/output-buffer.js';
import { writeError } from './write-error.js';

export interface FileOutputOptions {
  /** Takes the place of a file that is there already; without it that is refused. */
  readonly overwrite?: boolean;
}

/**
 * An output that appears under its name once it is whole: it is written beside it, readable by its
 * owner only, and renamed by `close`. What is no plain file (a device, a pipe) is written to as it
 * is.
 * @throws RdbkitError IO, at once where it cannot be written at all
 */
export function fileOutput(path: string, options: FileOutputOptions = {}): ByteOutput {
  const there = statIfThere(path);
  if (there?.isDirectory()) throw writeError({ code: 'EISDIR' }, path);
  if (there !== undefined && !there.isFile()) return new DeviceOutput(path);
  if (there !== undefined && options.overwrite !== true) {
    throw new RdbkitError('IO', 'there is a file of this name already', {
      subject: path,
      hint: 'give another name, or --overwrite',
    });
  }
  return new FileOutput(path);
}

/**
 * Makes sure that an output is none of the sources, whatever the paths look like.
 * @param sources paths; `-` is standard input, which may be a file, too
 * @throws RdbkitError USAGE
 */
export function refuseSameFile(output: string, sources: readonly string[]): void {
  const file = statIfThere(output);
  if (file === undefined || !file.isFile()) return;
  for (const source of sources) {
    const read = source === '-' ? fstatSync(0) : statIfThere(source);
    if (read === undefined || read.dev !== file.dev || read.ino !== file.ino) continue;
    throw new RdbkitError('USAGE', 'the output is the source itself', {
      subject: output,
      hint: 'name another file, and rename it when all is well',
    });
  }
}

class FileOutput implements ByteOutput {
  /** Where the file stands in the end: behind a link, if the path is one. */
  private readonly target: string;
  private readonly beside: string;
  private file: number | undefined;
  private size = 0;

  constructor(private readonly path: string) {
    this.target = realPath(path);
    this.beside = `${this.target}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    this.file = this.guard(() => openSync(this.beside, 'wx', 0o600));
  }

  write(bytes: Uint8Array): void {
    this.put(bytes, this.size);
    this.size += bytes.length;
  }

  patch(position: number, bytes: Uint8Array): void {
    this.put(bytes, position);
  }

  finish(): void {
    const { file } = this;
    if (file === undefined) return;
    this.guard(() => fsyncSync(file));
    this.file = undefined;
    this.guard(() => closeSync(file));
  }

  close(): void {
    this.finish();
    this.guard(() => {
      chmodSync(this.beside, 0o666 & ~process.umask());
      renameSync(this.beside, this.target);
    });
    syncFolder(dirname(this.target));
  }

  abort(): void {
    try {
      if (this.file !== undefined) closeSync(this.file);
      this.file = undefined;
      unlinkSync(this.beside);
    } catch {
      // It is gone, or was renamed: nothing is left that has to go.
    }
  }

  private put(bytes: Uint8Array, position: number): void {
    const { file } = this;
    if (file === undefined) throw new RdbkitError('INTERNAL', 'an output was written to behind its end');
    this.guard(() => {
      for (let at = 0; at < bytes.length; )
        at += writeSync(file, bytes, at, bytes.length - at, position + at);
    });
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      throw writeError(thrown, this.path);
    }
  }
}

/** What is written to where it is: `/dev/null`, a named pipe. */
class DeviceOutput implements ByteOutput {
  private readonly file: number;

  constructor(private readonly path: string) {
    this.file = this.guard(() => openSync(path, 'w'));
  }

  write(bytes: Uint8Array): void {
    this.guard(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.file, bytes, at);
    });
  }

  close(): void {
    this.guard(() => closeSync(this.file));
  }

  abort(): void {
    this.close();
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      throw writeError(thrown, this.path);
    }
  }
}

/** What is there; nothing, too, when it cannot be asked: whoever opens it will hear why. */
function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The path behind links; the path itself when nothing is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Makes the new name last, where folders can be synced. */
export function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // Not every system has that; the file itself is safe.
  }
}
