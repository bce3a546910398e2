import { CommandLookup } from '../../src/aof/command-lookup.js';
import { LogDecoder, type TornTail } from '../../src/aof/decoder.js';
import { type LogState, newLogState } from '../../src/aof/log-state.js';
import { RdbkitError } from '../../src/errors.js';
import type { Limits } from '../../src/limits.js';
import type { DumpRecord, LogHead } from '../../src/record.js';
import { makeSpill } from './memory-output.js';

// What a log decodes to, copied out of the borrowed records.

export interface ReadCommand {
  readonly args: string[];
  readonly name: string;
  readonly db: number;
  readonly offset: number;
  readonly endOffset: number;
  readonly time: number;
  readonly transaction: number;
  readonly index: number;
  readonly isLarge: boolean;
  /** The bytes of the command as they stand in the log. */
  readonly bytes: Uint8Array;
}

export interface ReadLog {
  readonly commands: ReadCommand[];
  readonly torn: TornTail | undefined;
  readonly error: RdbkitError | undefined;
  readonly state: LogState;
  readonly offset: number;
  /** What the decoder still holds of the tail. */
  readonly tail: Uint8Array;
}

export interface ReadOptions {
  readonly limits?: Partial<Limits>;
  /** Sizes of the chunks, over and over. */
  readonly chunks?: readonly number[];
  /** Puts input into `space()` instead of pushing it. */
  readonly viaSpace?: boolean;
  readonly inputBytes?: number;
  readonly base?: number;
}

/** Decodes a whole log. Errors of other classes are thrown on. */
export function readLog(input: Uint8Array, options: ReadOptions = {}): ReadLog {
  const state = newLogState();
  const { limits, chunks = [input.length + 1], viaSpace = false, base, inputBytes } = options;
  const decoder = new LogDecoder({ index: 0, name: 'log' }, state, new CommandLookup(), makeSpill, {
    ...(limits === undefined ? {} : { limits }),
    ...(base === undefined ? {} : { base }),
    ...(inputBytes === undefined ? {} : { inputBytes }),
  });
  const collector = new CommandCollector();
  let error: RdbkitError | undefined;
  try {
    let at = 0;
    for (let turn = 0; !decoder.done; turn++) {
      const size = Math.min(input.length - at, Math.max(1, chunks[turn % chunks.length] as number));
      // A chunk of its own, spoilt once it was used: nothing may go on looking at it.
      const chunk = Uint8Array.from(input.subarray(at, at + size));
      if (size === 0) decoder.end();
      else if (viaSpace) {
        decoder.space(size).set(chunk);
        decoder.commit(size);
      } else decoder.push(chunk);
      for (let batch = decoder.next(); batch !== undefined; batch = decoder.next())
        collector.take(batch.records);
      chunk.fill(0xaa);
      at += size;
    }
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    error = thrown;
  }
  const { torn, offset } = decoder;
  const tail = new Uint8Array(torn?.size ?? 0);
  const held = torn === undefined ? 0 : decoder.readAt(torn.offset, tail);
  decoder.close();
  return { commands: collector.commands, torn, error, state, offset, tail: tail.subarray(0, held) };
}

/** Copies commands out of batches. */
export class CommandCollector {
  readonly commands: ReadCommand[] = [];
  private begun: { head: ReadCommand; pieces: Uint8Array[]; size: number; held: string[] } | undefined;

  take(records: readonly DumpRecord[]): void {
    for (const record of records) this.enter(record);
  }

  private enter(record: DumpRecord): void {
    if (this.begun !== undefined) {
      if (record.kind === 'log-part') this.begun.pieces.push(record.bytes.slice());
      else if (record.kind === 'log-end') this.finish();
      else throw new Error(`${record.kind} within a command in parts`);
      return;
    }
    if (record.kind === 'log-command') {
      const args = Array.from({ length: record.argumentCount }, (_, i) => latin1(record.argument(i)));
      this.commands.push({ ...headOf(record), args, isLarge: false });
    } else if (record.kind === 'log-begin') {
      const held = Array.from({ length: record.heldArguments }, (_, i) => latin1(record.argument(i)));
      const head = { ...headOf(record), args: [], isLarge: true };
      this.begun = { head, pieces: [head.bytes], size: record.size, held };
    }
  }

  private finish(): void {
    const { head, pieces, size, held } = this.begun as NonNullable<typeof this.begun>;
    this.begun = undefined;
    const bytes = new Uint8Array(Buffer.concat(pieces));
    if (bytes.length !== size) throw new Error(`${bytes.length} bytes of ${size}`);
    const args = parse(bytes);
    if (held.some((text, i) => text !== args[i])) throw new Error('held arguments are others');
    this.commands.push({ ...head, args, bytes });
  }
}

function headOf(record: LogHead): Omit<ReadCommand, 'args' | 'isLarge'> {
  return {
    name: record.spec.name,
    db: record.db,
    offset: record.offset,
    endOffset: record.endOffset,
    time: record.timeSeconds,
    transaction: record.transaction,
    index: record.index,
    bytes: record.bytes.slice(record.start, record.end),
  };
}

/** A slow reading of one command, to compare with. */
function parse(bytes: Uint8Array): string[] {
  const text = latin1(bytes);
  const args: string[] = [];
  let at = text.indexOf('\r\n') + 2;
  for (let left = Number(text.slice(1, at - 2)); left > 0; left--) {
    const body = text.indexOf('\r\n', at) + 2;
    const size = Number(text.slice(at + 1, body - 2));
    args.push(text.slice(body, body + size));
    at = body + size + 2;
  }
  if (at !== text.length) throw new Error('bytes behind a command');
  return args;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
