import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { type Chunk, CommandWriter, HEADER_BYTES } from '../resp/command-writer.js';
import { type Reply, ReplyDecoder, type ReplyHandler } from '../resp/reply.js';

const CHUNK_BYTES = 256 * 1024;

/** Commands that may be added while the window is full: one key can take several. */
const SPARE = 4096;

/** Who waits for the reply of a command. `slot` tells its key, database and tally. */
export interface Expectation {
  onOk(slot: number): void;
  onReply(slot: number, reply: Reply): void;
  /** Element `index` of the array that its reply will be. */
  onElement?(slot: number, index: number, reply: Reply): void;
  /** The connection was lost before the reply: nobody knows whether the command was carried out. */
  onLost(slot: number): void;
}

/**
 * Commands on the way to a server and the replies they wait for, without I/O. Sending a command
 * makes no object: what is needed to name its key later stands in flat arrays, and the key itself
 * in the chunk that was sent, which is kept until the reply has come.
 */
export class CommandWindow implements ReplyHandler {
  readonly writer: CommandWriter;
  private readonly decoder = new ReplyDecoder();
  private readonly slots: number;
  private readonly maxCommands: number;
  private readonly maxBytes: number;
  /** Numbers of the next command to be sent and of the oldest without reply. */
  private sent = 0;
  private answered = 0;
  private answeredBytes = 0;

  private readonly expectations: Expectation[];
  private readonly chunks: (Chunk | undefined)[];
  private readonly keyStarts: Int32Array;
  private readonly keyEnds: Int32Array;
  private readonly dbs: Int32Array;
  private readonly tallies: Int32Array;
  private readonly totals: Float64Array;

  private keyChunk: Chunk | undefined;
  private keyStart = 0;
  private keyEnd = 0;

  /** @param send writes a chunk and releases it when it was written */
  constructor(limits: Limits, send: (chunk: Chunk, size: number) => void) {
    this.maxCommands = limits.inFlightCommands;
    this.slots = this.maxCommands + SPARE;
    this.maxBytes = limits.inFlightBytes;
    this.writer = new CommandWriter(CHUNK_BYTES, send);
    this.expectations = new Array<Expectation>(this.slots);
    this.chunks = new Array<Chunk | undefined>(this.slots).fill(undefined);
    this.keyStarts = new Int32Array(this.slots);
    this.keyEnds = new Int32Array(this.slots);
    this.dbs = new Int32Array(this.slots);
    this.tallies = new Int32Array(this.slots);
    this.totals = new Float64Array(this.slots);
  }

  /** The most commands that can be without reply. */
  get capacity(): number {
    return this.slots;
  }

  /** Commands without reply. */
  get pending(): number {
    return this.sent - this.answered;
  }

  /** True when no command should be added before replies have come. */
  get isFull(): boolean {
    return this.pending >= this.maxCommands || this.writer.total - this.answeredBytes >= this.maxBytes;
  }

  /** True when it is time to go on after `isFull`. */
  get hasRoom(): boolean {
    return (
      this.pending <= this.maxCommands / 2 && this.writer.total - this.answeredBytes <= this.maxBytes / 2
    );
  }

  /** Writes the argument that is the command's key, and remembers where it stands. */
  key(bytes: Uint8Array, start: number, end: number): void {
    const { writer } = this;
    writer.ensure(HEADER_BYTES + end - start + 2);
    writer.bytes(bytes, start, end);
    this.keyChunk = writer.current;
    this.keyChunk.holds++;
    this.keyEnd = writer.at - 2;
    this.keyStart = this.keyEnd - (end - start);
  }

  /** Ends the command that was written: its reply goes to `expectation`, under the slot returned. */
  expect(expectation: Expectation, db = -1, tally = -1): number {
    if (this.pending >= this.slots) throw new RdbkitError('INTERNAL', 'more commands in flight than slots');
    const slot = this.sent++ % this.slots;
    this.expectations[slot] = expectation;
    this.dbs[slot] = db;
    this.tallies[slot] = tally;
    this.totals[slot] = this.writer.total;
    this.chunks[slot] = this.keyChunk;
    if (this.keyChunk === undefined) return slot;
    this.keyStarts[slot] = this.keyStart;
    this.keyEnds[slot] = this.keyEnd;
    this.keyChunk = undefined;
    return slot;
  }

  /** Takes bytes that the server has sent. */
  receive(bytes: Uint8Array): void {
    this.decoder.push(bytes, this);
  }

  onOk(): void {
    const slot = this.oldest();
    (this.expectations[slot] as Expectation).onOk(slot);
    this.release(slot);
  }

  onReply(reply: Reply): void {
    const slot = this.oldest();
    (this.expectations[slot] as Expectation).onReply(slot, reply);
    this.release(slot);
  }

  onElement(index: number, reply: Reply): void {
    const slot = this.oldest();
    (this.expectations[slot] as Expectation).onElement?.(slot, index, reply);
  }

  /** Tells every command without reply that none will come. */
  lose(): void {
    while (this.pending > 0) {
      const slot = this.answered % this.slots;
      (this.expectations[slot] as Expectation).onLost(slot);
      this.release(slot);
    }
  }

  dbOf(slot: number): number {
    return this.dbs[slot] as number;
  }

  tallyOf(slot: number): number {
    return this.tallies[slot] as number;
  }

  /** The key of a command without reply, as a copy. */
  keyOf(slot: number): Uint8Array {
    return (this.chunks[slot] as Chunk).bytes.slice(this.keyStarts[slot], this.keyEnds[slot]);
  }

  private oldest(): number {
    if (this.pending === 0) {
      throw new RdbkitError('TARGET_REPLY', 'the server sent a reply to no command');
    }
    return this.answered % this.slots;
  }

  private release(slot: number): void {
    this.answered++;
    this.answeredBytes = this.totals[slot] as number;
    const chunk = this.chunks[slot];
    if (chunk === undefined) return;
    this.chunks[slot] = undefined;
    this.writer.release(chunk);
  }
}
