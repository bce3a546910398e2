import type { Magic } from '../rdb/magic.js';
import { type ChecksumState, RdbDecoder, type RdbDecoderOptions } from '../rdb/reader.js';
import type { LogPart, RecordBatch } from '../record.js';
import type { MakeSpill } from '../spill.js';
import type { CommandLookup } from './command-lookup.js';
import { LogDecoder, type TornTail } from './decoder.js';
import type { LogState } from './log-state.js';

export interface PartDecoderOptions extends RdbDecoderOptions {
  /** As `LogDecoderOptions.looseTransactions`. */
  readonly looseTransactions?: boolean;
  /** Position in the part of the first byte that is given; above 0 no dump can stand before it. */
  readonly base?: number;
}

/** What a dump can begin with; servers look at the first five bytes. */
const MAGICS: readonly (readonly number[])[] = [
  [0x52, 0x45, 0x44, 0x49, 0x53],
  [0x56, 0x41, 0x4c, 0x4b, 0x45, 0x59],
];

/**
 * Turns the bytes of a part into batches, without I/O: a dump first where it begins with one, then
 * commands. Input is given as to `RdbDecoder`; batches are borrowed likewise.
 */
export class PartDecoder {
  /** The header of the dump before the commands, once it was read. */
  magic: Magic | undefined;
  /** What became of the dump's checksum; undefined without a dump. */
  checksum: ChecksumState | undefined;
  /** Size of the dump; 0 where there is none; undefined before it is known. */
  dumpEnd: number | undefined;
  private rdb: RdbDecoder | undefined;
  private log: LogDecoder | undefined;
  /** Input that has not told yet what it is. */
  private head = new Uint8Array(0);
  private input = new Uint8Array(0);
  private ended = false;

  /** @param state what was read before; kept up to date */
  constructor(
    private readonly part: LogPart,
    private readonly state: LogState,
    private readonly lookup: CommandLookup,
    private readonly makeSpill: MakeSpill,
    private readonly options: PartDecoderOptions = {},
  ) {
    // Servers load each file for itself, with database 0 selected at first.
    if ((options.base ?? 0) > 0) this.beginLog(options.base as number);
    else state.db = 0;
  }

  /** True while the records are those of the dump. */
  get isInDump(): boolean {
    return this.rdb !== undefined;
  }

  /** Position in the part behind the last whole record. */
  get offset(): number {
    return this.log?.offset ?? this.rdb?.offset ?? 0;
  }

  get done(): boolean {
    return this.log?.done ?? false;
  }

  /** Set once all was read, where the input ends within a command. */
  get torn(): TornTail | undefined {
    return this.log?.torn;
  }

  /** Bytes of the torn tail, as far as they were held; a file is read again instead. */
  readAt(offset: number, target: Uint8Array): number {
    return this.log?.readAt(offset, target) ?? 0;
  }

  push(chunk: Uint8Array): void {
    const decoder = this.log ?? this.rdb;
    if (decoder !== undefined) {
      decoder.push(chunk);
      return;
    }
    const head = new Uint8Array(this.head.length + chunk.length);
    head.set(this.head);
    head.set(chunk, this.head.length);
    this.head = head;
    const isDump = beginsWithMagic(head);
    if (isDump !== undefined) this.begin(isDump);
  }

  space(size: number): Uint8Array {
    const decoder = this.log ?? this.rdb;
    if (decoder !== undefined) return decoder.space(size);
    if (this.input.length < size) this.input = new Uint8Array(size);
    return this.input;
  }

  commit(size: number): void {
    const decoder = this.log ?? this.rdb;
    if (decoder !== undefined) decoder.commit(size);
    else this.push(this.input.subarray(0, size));
  }

  end(): void {
    this.ended = true;
    const decoder = this.log ?? this.rdb ?? this.begin(this.head.length > 0);
    decoder.end();
  }

  /** @throws RdbkitError as `RdbDecoder` and `LogDecoder` do */
  next(): RecordBatch | undefined {
    const { rdb } = this;
    if (rdb === undefined) return this.log?.next();
    const batch = rdb.next();
    this.magic = rdb.magic;
    this.checksum = rdb.checksum;
    if (batch !== undefined || !rdb.done) return batch;
    const log = this.beginLog(rdb.offset);
    for (const rest of rdb.rest) log.push(rest);
    if (this.ended) log.end();
    return log.next();
  }

  close(): void {
    this.log?.close();
  }

  private begin(isDump: boolean): RdbDecoder | LogDecoder {
    const decoder = isDump ? this.beginDump() : this.beginLog(0);
    decoder.push(this.head);
    this.head = new Uint8Array(0);
    this.input = this.head;
    return decoder;
  }

  private beginDump(): RdbDecoder {
    this.rdb = new RdbDecoder(this.options);
    return this.rdb;
  }

  /** The dump's memory is given free then. */
  private beginLog(base: number): LogDecoder {
    this.rdb = undefined;
    this.dumpEnd = base;
    this.log = new LogDecoder(this.part, this.state, this.lookup, this.makeSpill, { ...this.options, base });
    return this.log;
  }
}

/** Whether bytes begin a dump; undefined while that cannot be told. */
function beginsWithMagic(bytes: Uint8Array): boolean | undefined {
  const begun = MAGICS.filter((magic) => magic.every((byte, i) => i >= bytes.length || bytes[i] === byte));
  if (begun.length === 0) return false;
  return begun.some((magic) => bytes.length >= magic.length) ? true : undefined;
}
