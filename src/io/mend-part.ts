import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { CommandLookup } from '../aof/command-lookup.js';
import { LogDecoder } from '../aof/decoder.js';
import type { LogState } from '../aof/log-state.js';
import type { LogMend } from '../aof/mend.js';
import type { PositionReader } from '../aof/position-window.js';
import { afterTimes, findBehind, findInTail, startsWithArgument } from '../aof/resync.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { LogPart } from '../record.js';
import type { Spill } from '../spill.js';
import type { PartCopy } from './part-copy.js';
import { readError } from './read-error.js';

/** Input at once; behind damage little at first, for the next may be near. */
const SMALLEST_CHUNK = 1 << 12;
const CHUNK = 1 << 20;

/** Places of damage in a part behind which reading goes on; what is damaged more often is no log. */
const MOST_GAPS = 1_000_000;

/** Bytes copied between two turns of the event loop. */
const BYTES_A_TURN = 8 * CHUNK;

/** An open part of a log. */
export interface OpenPart {
  readonly part: LogPart;
  readonly path: string;
  readonly file: number;
  readonly size: number;
  /** Position behind what stands before the commands. */
  readonly start: number;
  /** Database that was selected at the end of the part before it; 0 for the first. */
  readonly dbBefore: number;
  /** Whether the log ends with it, so that it may be cut off. */
  readonly isLast: boolean;
}

export interface MendContext {
  readonly lookup: CommandLookup;
  readonly state: LogState;
  readonly mend: LogMend;
  readonly limits: Partial<Limits>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the commands of a part through damage, and copies what `mend` keeps of them. Ends at once
 * when it has come to the end that was asked for.
 * @throws RdbkitError IO; ABORTED
 */
export async function mendPart(open: OpenPart, copy: PartCopy, context: MendContext): Promise<void> {
  const { size, part, start } = open;
  const { mend, state, lookup, limits } = context;
  const reader = new FileReader(open.file, open.path);
  const options = { limits, base: start, inputBytes: size, looseTransactions: true };
  const decoder = new LogDecoder(part, state, lookup, () => new NoSpill(), options);
  let gaps = 0;
  for (let at = start; ; ) {
    decoder.restart(at);
    const stopped = await readCommands(open, at, reader, copy, decoder, context);
    if (mend.isEnded) break;
    if (stopped.kind !== 'damage') {
      const torn = stopped.kind === 'torn' ? { offset: stopped.offset, reason: tornReason(open) } : undefined;
      mend.finish(size, state.timeSeconds, torn);
      break;
    }
    const { offset } = stopped;
    // What a server writes first into a part is the SELECT that goes on with its database.
    if (mend.lastEnd === start) state.db = open.dbBefore;
    const isTooMuch = ++gaps > MOST_GAPS;
    const reason = isTooMuch ? `damage in more than ${MOST_GAPS} places: not read on` : stopped.reason;
    // What begins with # passes for a note, and may be a command that was damaged.
    let from = Math.min(offset, afterTimes(reader, mend.lastEnd, size));
    at = isTooMuch ? size : (stopped.goesOn ?? findBehind(reader, offset, from + 1, size)?.offset ?? size);
    const isArgument = from === offset && startsWithArgument(reader, offset, size);
    // A command that claims fewer arguments than it has leaves the others behind.
    if (isArgument) from = mend.suspectLast(offset);
    mend.damage(from, at, reason, from < offset && isArgument ? 1 : 0, true);
    if (mend.isEnded) break;
    if (at === size) {
      mend.finish(size, state.timeSeconds, undefined);
      break;
    }
  }
  if (mend.end?.part === part.name) copy.cut(mend.end.offset, size);
  while (!copy.hasCopied(size)) {
    copy.copyTo(size, BYTES_A_TURN);
    await turn(context.signal);
  }
}

type Stop =
  | { readonly kind: 'end' }
  | { readonly kind: 'torn'; readonly offset: number }
  | { readonly kind: 'damage'; readonly offset: number; readonly reason: string; readonly goesOn?: number };

/** Reads whole commands from `start` on until something else stands there. */
async function readCommands(
  { size }: OpenPart,
  start: number,
  reader: FileReader,
  copy: PartCopy,
  decoder: LogDecoder,
  { mend, signal }: MendContext,
): Promise<Stop> {
  try {
    let chunk = SMALLEST_CHUNK;
    let turnAt = start + BYTES_A_TURN;
    for (let at = start; !decoder.done; ) {
      const space = decoder.space(chunk);
      const count = reader.readAt(at, space.subarray(0, Math.min(chunk, size - at)));
      if (count === 0) decoder.end();
      else decoder.commit(count);
      at += count;
      chunk = Math.min(CHUNK, 2 * chunk);
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) {
        for (const record of batch.records) {
          if (record.kind !== 'log-command' && record.kind !== 'log-begin') continue;
          mend.take(record);
          if (mend.isEnded) return { kind: 'end' };
        }
      }
      if (at < turnAt) continue;
      turnAt = at + BYTES_A_TURN;
      // The last command may be taken back, and has to stand in the source only until then.
      if (mend.lastOffset > 0) copy.copyTo(mend.lastOffset);
      await turn(signal);
    }
  } catch (thrown) {
    const error = RdbkitError.from(thrown);
    if (error.code !== 'INPUT_CORRUPT' && error.code !== 'LIMIT_EXCEEDED') throw error;
    return { kind: 'damage', offset: decoder.offset, reason: error.message };
  } finally {
    decoder.close();
  }
  const { torn } = decoder;
  if (torn === undefined) return { kind: 'end' };
  const goesOn = findInTail(reader, torn);
  if (goesOn === undefined) return { kind: 'torn', offset: torn.offset };
  const reason = 'the length of an argument reaches over other commands';
  return { kind: 'damage', offset: torn.offset, reason, goesOn };
}

function tornReason({ isLast }: OpenPart): string {
  return isLast
    ? 'the log is cut off within a command'
    : 'the part is cut off within a command, and is not the last';
}

/** Lets others have their turn. @throws RdbkitError ABORTED */
export async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted === true) throw new RdbkitError('ABORTED', 'interrupted');
}

/** A file is read in such pieces where less is asked for. */
const PIECE = 1 << 16;

/** An open file of which nothing changes, read by position. What lies side by side is read at once. */
export class FileReader implements PositionReader {
  private readonly held = new Uint8Array(PIECE);
  private base = 0;
  private size = 0;

  constructor(
    private readonly file: number,
    private readonly path: string,
  ) {}

  readAt(offset: number, target: Uint8Array): number {
    const { length } = target;
    if (length === 0) return 0;
    if (length >= PIECE) return this.read(offset, target);
    if (offset < this.base || offset + length > this.base + this.size) {
      this.base = offset - (offset % SMALLEST_CHUNK);
      this.size = this.read(this.base, this.held);
    }
    const from = offset - this.base;
    const bytes = this.held.subarray(from, Math.max(from, Math.min(this.size, from + length)));
    target.set(bytes);
    return bytes.length;
  }

  private read(offset: number, target: Uint8Array): number {
    try {
      return readSync(this.file, target, 0, target.length, offset);
    } catch (thrown) {
      throw readError(thrown, this.path);
    }
  }
}

/** Takes the bytes of large commands and keeps none: they are copied from the source. */
class NoSpill implements Spill {
  size = 0;

  write(bytes: Uint8Array): number {
    const start = this.size;
    this.size += bytes.length;
    return start;
  }

  readAt(): void {
    throw new RdbkitError('INTERNAL', 'a large command was asked for that is not kept');
  }

  *read(): Generator<Uint8Array> {}

  close(): void {}
}
