import { writeSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { RdbkitError } from '../errors.js';
import type { ByteOutput } from '../sinks/output-buffer.js';
import { Spool } from './spool.js';
import { writeError } from './write-error.js';

/** How long a full pipe is left alone, in ms; at most so long while nothing else is to be done. */
const PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 20;

/** How long a pipe may take nothing before what is for it is put aside, in ms. */
const PATIENCE_MS = 250;

const PIECE = 64 * 1024;

/** What may go on before the signal is looked for. */
const TURN_BYTES = 4 * 1024 * 1024;

/**
 * Standard output, written to synchronously, so that a slow reader holds the run back. When the
 * reader goes away, `write` throws an error that `isClosedPipe` knows: no fault of the run.
 */
export function stdoutOutput(): ByteOutput {
  return pipeOutput(1, 'stdout');
}

/** An output on an open file descriptor, which stays open; `name` is for errors. */
export function pipeOutput(file: number, name: string): ByteOutput {
  return new PipeOutput(file, name);
}

/**
 * A signal is only seen when the run awaits something. What is for a reader that has stalled is
 * therefore put into a temporary file, and the rest of the batch with it, for `settle` to send on.
 */
class PipeOutput implements ByteOutput {
  private held: Spool | undefined;
  /** Bytes of `held` that have gone on. */
  private sent = 0;

  constructor(
    private readonly file: number,
    private readonly name: string,
  ) {}

  write(bytes: Uint8Array): void {
    let at = 0;
    for (let waited = 0; this.held === undefined && at < bytes.length; ) {
      const taken = writeSome(this.file, this.name, bytes, at);
      at += taken;
      waited = taken > 0 ? 0 : waited + pause();
      if (waited >= PATIENCE_MS) this.held = new Spool();
    }
    if (at < bytes.length) this.held?.write(bytes.subarray(at));
  }

  settle(signal?: AbortSignal): Promise<void> | undefined {
    return this.held === undefined ? undefined : this.sendOn(this.held, signal);
  }

  close(): void {
    const { held } = this;
    while (held !== undefined && this.sent < held.size) if (this.send(held) === 0) pause();
    this.abort();
  }

  abort(): void {
    this.held?.close();
    this.held = undefined;
    this.sent = 0;
  }

  private async sendOn(held: Spool, signal: AbortSignal | undefined): Promise<void> {
    let pauseMs = 1;
    for (let turnAt = TURN_BYTES; this.sent < held.size; ) {
      if (signal?.aborted === true) throw new RdbkitError('ABORTED', 'interrupted');
      if (this.send(held) === 0) {
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        await setTimeout(pauseMs);
        continue;
      }
      pauseMs = 1;
      if (this.sent < turnAt) continue;
      turnAt = this.sent + TURN_BYTES;
      await setImmediate();
    }
    this.abort();
  }

  /** Sends some of what was put aside; returns how much. */
  private send(held: Spool): number {
    const piece = new Uint8Array(Math.min(PIECE, held.size - this.sent));
    held.readAt(this.sent, piece);
    const taken = writeSome(this.file, this.name, piece, 0);
    this.sent += taken;
    return taken;
  }
}

/** Whether what was thrown only says that the reader of an output wants no more. */
export function isClosedPipe(thrown: unknown): boolean {
  return thrown instanceof RdbkitError && thrown.code === 'IO' && codeOf(thrown.cause) === 'EPIPE';
}

/** Writes what the file takes at the moment, which may be nothing. */
function writeSome(file: number, name: string, bytes: Uint8Array, at: number): number {
  try {
    return writeSync(file, bytes, at);
  } catch (thrown) {
    switch (codeOf(thrown)) {
      case 'EAGAIN':
        return 0;
      case 'EPIPE':
        throw new RdbkitError('IO', 'the reader of the output has gone', { subject: name, cause: thrown });
      default:
        throw writeError(thrown, name);
    }
  }
}

/** Sleeps; returns for how long. */
function pause(): number {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  return PAUSE_MS;
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as NodeJS.ErrnoException | undefined)?.code;
}
