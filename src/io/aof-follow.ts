import { setTimeout } from 'node:timers/promises';
import type { PartDecoder } from '../aof/part-decoder.js';
import type { FoundPlace } from '../aof/place-finder.js';
import type { RecordBatch } from '../record.js';
import type { AofLayout, AofPartFile } from './aof-parts.js';
import type { LogSpan } from './aof-span.js';
import { logError } from './log-error.js';
import { type PartFile, pending } from './part-file.js';
import { PartQueue } from './part-queue.js';

export interface FollowOptions {
  /** Milliseconds between two looks at the files; 100 by default. */
  readonly pollMs?: number;
  /** Called when all that is there was handed out; waited for. */
  onCaughtUp?(): Promise<void> | void;
  /** Told how many bytes are there that were not handed out, with every look at the files. */
  onLag?(bytes: number): void;
  /** Ends the source as a log ends, between two commands, where the run's signal breaks it off. */
  readonly stop?: AbortSignal;
}

/** What following a log needs of the source that does it. */
export interface FollowSteps {
  /** @param start what holds at `offset`, where that is not known from what was read before */
  decoder(part: AofPartFile, offset: number, start?: FoundPlace): PartDecoder;
  /** Hands batches on, up to where the log is cut. */
  pass(
    part: AofPartFile,
    batches: AsyncIterable<RecordBatch>,
    decoder: PartDecoder,
  ): AsyncGenerator<RecordBatch>;
  begin(file: PartFile): void;
  /** Judges how a part ends that is not the last. */
  finish(part: AofPartFile, file: PartFile, decoder: PartDecoder): void;
  /** Ends within the last part. */
  stop(): void;
  isCut(): boolean;
  note(text: string): void;
}

const POLL_MS = 100;

/** So many bytes before the position reached are kept, to see that the file is still the same. */
const WITNESS = 64;

/**
 * Reads a log and goes on as the server appends to it and rotates its parts, until it is cut or
 * the signal aborts. Descriptors of all parts that are still to be read are held, so that a rewrite
 * takes nothing away.
 * @throws RdbkitError as reading does; IO, with the last position and how to go on, when what comes
 *   next cannot be had any more
 */
export async function* followParts(
  layout: AofLayout,
  span: LogSpan,
  options: FollowOptions,
  steps: FollowSteps,
  signal: AbortSignal,
): AsyncGenerator<RecordBatch> {
  const queue = new PartQueue(layout, span.firstPart, steps.note);
  const holding = setInterval(() => queue.hold(), options.pollMs ?? POLL_MS);
  try {
    for (let file = queue.current; file !== undefined; file = queue.advance()) {
      const start = file.part.index === span.start?.part.index ? span.start : undefined;
      const reading = new FollowedPart(file, start, queue, options, steps);
      try {
        yield* reading.read(signal);
      } catch (thrown) {
        throw logError(thrown, file.part.path);
      } finally {
        reading.close();
      }
      if (steps.isCut() || reading.isStopped) return;
    }
  } finally {
    clearInterval(holding);
    queue.close();
  }
}

/** One part, read until the next takes its place. */
class FollowedPart {
  private decoder: PartDecoder;
  /** The bytes before the position reached, as they were when it was. */
  private witness = new Uint8Array(0);
  private isCaughtUp = false;
  isStopped = false;

  constructor(
    private readonly file: PartFile,
    start: FoundPlace | undefined,
    private readonly queue: PartQueue,
    private readonly options: FollowOptions,
    private readonly steps: FollowSteps,
  ) {
    this.decoder = steps.decoder(file.part, start?.offset ?? 0, start);
    file.position = start?.offset ?? 0;
    steps.begin(file);
  }

  async *read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const { file, queue, steps, options } = this;
    const { part } = file;
    // Made once: the signals it follows remember every one that is made of them.
    const either = options.stop === undefined ? signal : AbortSignal.any([signal, options.stop]);
    for (;;) {
      // Seen before the end of this part is: what was written to it is all there then.
      const isLast = !queue.look();
      const before = file.position;
      for await (const batch of steps.pass(part, this.toEnd(signal), this.decoder)) {
        yield batch;
        if (options.stop?.aborted === true && isWhole(batch)) return this.stop();
      }
      if (steps.isCut()) return;
      if (file.position > before) this.isCaughtUp = false;
      if (!isLast) {
        this.decoder.end();
        yield* steps.pass(part, pending(this.decoder, signal), this.decoder);
        if (!steps.isCut()) steps.finish(part, file, this.decoder);
        return;
      }
      await this.rest(signal, either);
      if (options.stop?.aborted === true) return this.stop();
    }
  }

  private stop(): void {
    this.isStopped = true;
    this.steps.stop();
  }

  close(): void {
    this.decoder.close();
  }

  /** All that is there now. */
  private async *toEnd(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const { file } = this;
    this.verify();
    yield* file.batches(this.decoder, signal);
    // The dump of a log is whole before anything is written behind it.
    if (this.decoder.isInDump) {
      this.decoder.end();
      yield* pending(this.decoder, signal);
    }
    this.remember();
  }

  private async rest(signal: AbortSignal, either: AbortSignal): Promise<void> {
    const { options, queue } = this;
    if (!this.isCaughtUp) {
      this.isCaughtUp = true;
      await options.onCaughtUp?.();
    }
    options.onLag?.(queue.bytesBehind(this.decoder.offset));
    try {
      await setTimeout(options.pollMs ?? POLL_MS, undefined, { signal: either });
    } catch (thrown) {
      if (signal.aborted) throw thrown;
    }
  }

  private remember(): void {
    const { offset } = this.decoder;
    this.witness = new Uint8Array(Math.min(WITNESS, offset));
    this.file.readAt(offset - this.witness.length, this.witness);
  }

  /**
   * Makes sure that what was handed out is still there. Half of a command is read again: a server
   * that starts anew cuts it off and writes another.
   */
  private verify(): void {
    const { file, witness } = this;
    const { offset } = this.decoder;
    const { size } = file;
    const now = new Uint8Array(witness.length);
    const count = file.readAt(offset - now.length, now);
    if (size < offset || count < now.length || Buffer.compare(now, witness) !== 0) {
      throw this.queue.lost('the file was cut or written anew before what was read already', offset);
    }
    if (size === file.position || file.position === offset) return;
    this.decoder.close();
    this.decoder = this.steps.decoder(file.part, offset);
    file.position = offset;
  }
}

/** Whether nothing in parts goes on behind the batch. */
function isWhole({ records }: RecordBatch): boolean {
  switch (records.at(-1)?.kind) {
    case 'key-begin':
    case 'key-part':
    case 'log-begin':
    case 'log-part':
      return false;
    default:
      return true;
  }
}
