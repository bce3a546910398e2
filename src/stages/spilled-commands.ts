import { RdbkitError } from '../errors.js';
import { type DumpRecord, LogBegin, LogCommand, type LogPart } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';
import type { Spill } from '../spill.js';

/** Numbers that stand before the bytes of a command. */
const FIELDS = 12;

/** Bytes behind the first of a large command are read back in pieces of at most so many. */
const PIECE = 1024 * 1024;

/** Commands of a log that were put aside, in order. What is known of each stands before its bytes. */
export class SpilledCommands {
  private readonly specs: CommandSpec[] = [];
  private readonly parts: LogPart[] = [];
  private readonly fields = new Float64Array(FIELDS);
  private readonly fieldBytes = new Uint8Array(this.fields.buffer);

  constructor(private readonly spill: Spill) {}

  add(record: LogCommand | LogBegin): void {
    const { spec, part } = record;
    this.specs[spec.index] = spec;
    this.parts[part.index] = part;
    const first = record.end - record.start;
    this.fields.set([
      record.db,
      spec.index,
      part.index,
      record.offset,
      record.endOffset,
      record.timeSeconds,
      record.transaction,
      record.index,
      record.tally,
      record.argumentCount,
      first,
      record.kind === 'log-begin' ? record.size : first,
    ]);
    this.spill.write(this.fieldBytes);
    this.spill.write(record.bytes.subarray(record.start, record.end));
  }

  /** The next bytes of the large command that was added last. */
  addBytes(bytes: Uint8Array): void {
    this.spill.write(bytes);
  }

  /** The commands again, as records that are borrowed until the next. */
  *records(): Generator<DumpRecord> {
    for (let at = 0; at < this.spill.size; ) {
      const [record, first, size] = this.head(at);
      at += this.fieldBytes.length;
      record.bytes = new Uint8Array(first);
      this.spill.readAt(at, record.bytes);
      record.end = first;
      record.marks = marksOf(record.bytes, record.argumentCount);
      if (record.kind === 'log-begin') {
        record.heldArguments = record.marks.length / 2;
        record.size = size;
      }
      yield record;
      if (record.kind === 'log-begin') {
        for (let from = first; from < size; from += PIECE) {
          const bytes = new Uint8Array(Math.min(PIECE, size - from));
          this.spill.readAt(at + from, bytes);
          yield { kind: 'log-part', bytes };
        }
        yield { kind: 'log-end' };
      }
      at += size;
    }
  }

  /** The commands without their bytes. */
  *heads(): Generator<LogCommand | LogBegin> {
    for (let at = 0; at < this.spill.size; ) {
      const [record, , size] = this.head(at);
      yield record;
      at += this.fieldBytes.length + size;
    }
  }

  close(): void {
    this.spill.close();
  }

  private head(at: number): [record: LogCommand | LogBegin, first: number, size: number] {
    this.spill.readAt(at, this.fieldBytes);
    const [db, spec, part, offset, endOffset, timeSeconds, transaction, index, tally, count, first, size] = [
      ...this.fields,
    ] as [number, number, number, number, number, number, number, number, number, number, number, number];
    const record = first === size ? new LogCommand() : new LogBegin();
    record.db = db;
    record.spec = this.specs[spec] as CommandSpec;
    record.part = this.parts[part] as LogPart;
    record.offset = offset;
    record.endOffset = endOffset;
    record.timeSeconds = timeSeconds;
    record.transaction = transaction;
    record.index = index;
    record.tally = tally;
    record.argumentCount = count;
    return [record, first, size];
  }
}

const LF = 0x0a;

/** Where the arguments of a RESP array stand that was read before, as far as they stand in it whole. */
function marksOf(bytes: Uint8Array, argumentCount: number): Int32Array {
  const marks: number[] = [];
  let at = bytes.indexOf(LF) + 1;
  while (marks.length < 2 * argumentCount) {
    const line = bytes.indexOf(LF, at);
    if (line < 0) break;
    let size = 0;
    for (let i = at + 1; i < line - 1; i++) size = size * 10 + (bytes[i] as number) - 0x30;
    const end = line + 1 + size;
    if (end + 2 > bytes.length) break;
    marks.push(line + 1, end);
    at = end + 2;
  }
  if (at === 0) throw new RdbkitError('INTERNAL', 'a command that was put aside has no header');
  return Int32Array.from(marks);
}
