import { RdbkitError } from '../errors.js';
import type { LogPart } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';
import type { Chunk, CommandWriter } from '../resp/command-writer.js';
import { firstKey } from './held-command.js';

const FIRST_CAPACITY = 4096;

/** Bounds of what is remembered of commands without final reply. */
export interface SentBounds {
  /** Commands; a transaction larger than this ends the run. */
  readonly commands: number;
  /** Bytes of commands that are held, so that their keys can be named. */
  readonly bytes: number;
}

/**
 * The commands of a log that have no final reply yet, in the order in which they were sent, each
 * under a number that counts from 0. Flat arrays: a command makes no object. Commands of a
 * transaction stay until EXEC is answered, so that there can be many more than are in flight.
 */
export class SentCommands {
  /** The oldest command, the oldest without any reply, and the next to be added. */
  first = 0;
  answered = 0;
  next = 0;
  private capacity = FIRST_CAPACITY;
  private specs = new Array<CommandSpec | undefined>(FIRST_CAPACITY).fill(undefined);
  private parts = new Array<LogPart | undefined>(FIRST_CAPACITY).fill(undefined);
  private chunks = new Array<Chunk | undefined>(FIRST_CAPACITY).fill(undefined);
  private starts = new Int32Array(FIRST_CAPACITY);
  private ends = new Int32Array(FIRST_CAPACITY);
  private dbs = new Int32Array(FIRST_CAPACITY);
  private tallies = new Int32Array(FIRST_CAPACITY);
  private offsets = new Float64Array(FIRST_CAPACITY);
  private endOffsets = new Float64Array(FIRST_CAPACITY);
  private heldBytes = 0;

  constructor(
    private readonly writer: CommandWriter,
    private readonly bounds: SentBounds,
  ) {}

  /**
   * Adds a command.
   * @param spec undefined for one of our own, which belongs to no record
   * @throws RdbkitError LIMIT_EXCEEDED when a transaction is too large to be followed
   */
  add(
    spec: CommandSpec | undefined,
    part: LogPart,
    offset: number,
    endOffset: number,
    db: number,
    tally: number,
  ): number {
    if (this.next - this.first === this.capacity) this.grow(part, offset);
    const i = this.next & (this.capacity - 1);
    this.specs[i] = spec;
    this.parts[i] = part;
    this.offsets[i] = offset;
    this.endOffsets[i] = endOffset;
    this.dbs[i] = db;
    this.tallies[i] = tally;
    this.starts[i] = 0;
    this.ends[i] = 0;
    return this.next++;
  }

  /** Holds the bytes of the command added last, so that its key can be named. */
  hold(chunk: Chunk, start: number, end: number): void {
    if (this.heldBytes + end - start > this.bounds.bytes) return;
    const i = (this.next - 1) & (this.capacity - 1);
    this.heldBytes += end - start;
    this.chunks[i] = chunk;
    chunk.holds++;
    this.starts[i] = start;
    this.ends[i] = end;
  }

  /** Forgets the oldest command. */
  pop(): void {
    const i = this.first++ & (this.capacity - 1);
    if (this.answered < this.first) this.answered = this.first;
    const chunk = this.chunks[i];
    if (chunk === undefined) return;
    this.chunks[i] = undefined;
    this.heldBytes -= (this.ends[i] as number) - (this.starts[i] as number);
    this.writer.release(chunk);
  }

  /** Undefined for a command of our own. */
  specOf(number: number): CommandSpec | undefined {
    return this.specs[number & (this.capacity - 1)];
  }

  tallyOf(number: number): number {
    return this.tallies[number & (this.capacity - 1)] as number;
  }

  dbOf(number: number): number {
    return this.dbs[number & (this.capacity - 1)] as number;
  }

  partOf(number: number): LogPart {
    return this.parts[number & (this.capacity - 1)] as LogPart;
  }

  offsetOf(number: number): number {
    return this.offsets[number & (this.capacity - 1)] as number;
  }

  endOffsetOf(number: number): number {
    return this.endOffsets[number & (this.capacity - 1)] as number;
  }

  /** Its first key, a copy; empty where it has none that can be known. */
  keyOf(number: number): Uint8Array {
    const i = number & (this.capacity - 1);
    const spec = this.specs[i];
    const chunk = this.chunks[i];
    if (spec === undefined || chunk === undefined) return new Uint8Array(0);
    return firstKey(spec, chunk.bytes, this.starts[i] as number, this.ends[i] as number);
  }

  private grow(part: LogPart, offset: number): void {
    if (this.capacity >= this.bounds.commands) {
      throw new RdbkitError('LIMIT_EXCEEDED', `a transaction of more than ${this.capacity} commands`, {
        where: `${part.name}:${offset}`,
        hint: 'nothing of it was carried out; drop it, or replay it by redis-cli',
      });
    }
    const size = 2 * this.capacity;
    const order = (i: number) => (this.first + i) & (this.capacity - 1);
    const at = (i: number) => (this.first + i) & (size - 1);
    const moved = <T>(from: T[]): T[] => {
      const to = new Array<T>(size);
      for (let i = 0; i < this.capacity; i++) to[at(i)] = from[order(i)] as T;
      return to;
    };
    const spread = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
      for (let i = 0; i < this.capacity; i++) to[at(i)] = from[order(i)] as number;
      return to;
    };
    this.specs = moved(this.specs);
    this.parts = moved(this.parts);
    this.chunks = moved(this.chunks);
    this.starts = spread(this.starts, new Int32Array(size));
    this.ends = spread(this.ends, new Int32Array(size));
    this.dbs = spread(this.dbs, new Int32Array(size));
    this.tallies = spread(this.tallies, new Int32Array(size));
    this.offsets = spread(this.offsets, new Float64Array(size));
    this.endOffsets = spread(this.endOffsets, new Float64Array(size));
    this.capacity = size;
  }
}
