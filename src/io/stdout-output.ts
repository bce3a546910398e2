import { writeSync } from 'node:fs';
import { RdbkitError } from '../errors.js';
import type { ByteOutput } from '../sinks/output-buffer.js';
import { writeError } from './write-error.js';

/** How long a full pipe is left alone, in ms. */
const PAUSE_MS = 2;

/**
 * Standard output, written to synchronously, so that a slow reader holds the run back. When the
 * reader goes away, `write` throws an error that `isClosedPipe` knows: no fault of the run.
 */
export function stdoutOutput(): ByteOutput {
  return pipeOutput(1, 'stdout');
}

/** An output on an open file descriptor, which stays open; `name` is for errors. */
export function pipeOutput(file: number, name: string): ByteOutput {
  return {
    write(bytes) {
      for (let at = 0; at < bytes.length; ) at += writeSome(file, name, bytes, at);
    },
    close() {},
    abort() {},
  };
}

/** Whether what was thrown only says that the reader of an output wants no more. */
export function isClosedPipe(thrown: unknown): boolean {
  return thrown instanceof RdbkitError && thrown.code === 'IO' && codeOf(thrown.cause) === 'EPIPE';
}

function writeSome(file: number, name: string, bytes: Uint8Array, at: number): number {
  try {
    return writeSync(file, bytes, at);
  } catch (thrown) {
    switch (codeOf(thrown)) {
      case 'EAGAIN':
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
        return 0;
      case 'EPIPE':
        throw new RdbkitError('IO', 'the reader of the output has gone', { subject: name, cause: thrown });
      default:
        throw writeError(thrown, name);
    }
  }
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as NodeJS.ErrnoException | undefined)?.code;
}
