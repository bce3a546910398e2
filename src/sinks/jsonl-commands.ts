import { utf8Bytes } from '../bytes/ascii.js';
import { RdbkitError } from '../errors.js';
import type { LogBegin, LogCommand, LogHead, LogPart } from '../record.js';
import { putJsonLatin1Piece } from './json-text.js';
import type { LineStrings } from './jsonl-strings.js';
import type { OutputBuffer } from './output-buffer.js';
import type { CommandFormat } from './record-format.js';

const QUOTE = 0x22;
const LF = 0x0a;

/**
 * Commands of a log as lines: `{"part": name, "offset": bytes, "time": Unix seconds of the last
 * #TS, "transaction": number, "db": n, "command": [argument, …]}`, with `"bytes":"latin1"` as in
 * other records. What only says where and how others act is in `db` and `transaction`, and has no
 * line of its own.
 */
export class JsonLinesCommands implements CommandFormat {
  private part: LogPart | undefined;
  private opening = utf8Bytes('');
  private large: LargeArguments | undefined;

  constructor(private readonly strings: LineStrings) {}

  command(record: LogCommand, out: OutputBuffer): void {
    if (record.spec.role !== 'plain') return;
    const start = out.at;
    const { mayFlush } = out;
    out.mayFlush = false;
    this.strings.isLatin1 = false;
    if (!this.putLine(record, out)) {
      out.at = start;
      this.strings.isLatin1 = true;
      this.putLine(record, out);
    }
    out.mayFlush = mayFlush;
  }

  /** What is large is never looked through before: it is told as Latin-1, which fits all bytes. */
  begin(record: LogBegin, out: OutputBuffer): void {
    this.putHead(record, out);
    out.ascii(',"bytes":"latin1","command":[');
    this.large = new LargeArguments(out);
    this.large.take(record.bytes, record.start, record.end);
  }

  bytes(bytes: Uint8Array): void {
    this.large?.take(bytes, 0, bytes.length);
  }

  end(out: OutputBuffer): void {
    this.large = undefined;
    out.ascii(']}\n');
  }

  private putLine(record: LogCommand, out: OutputBuffer): boolean {
    this.putHead(record, out);
    out.ascii(this.strings.isLatin1 ? ',"bytes":"latin1","command":[' : ',"command":[');
    for (let i = 0; i < record.argumentCount; i++) {
      if (i > 0) out.ascii(',');
      if (!this.strings.put(out, record.bytes, record.argumentStart(i), record.argumentEnd(i))) return false;
    }
    out.ascii(']}\n');
    return true;
  }

  private putHead(record: LogHead, out: OutputBuffer): void {
    if (record.part !== this.part) {
      this.part = record.part;
      this.opening = utf8Bytes(`{"part":${JSON.stringify(record.part.name)},"offset":`);
    }
    out.put(this.opening);
    out.integer(record.offset);
    if (record.timeSeconds >= 0) {
      out.ascii(',"time":');
      out.integer(record.timeSeconds);
    }
    if (record.transaction > 0) {
      out.ascii(',"transaction":');
      out.integer(record.transaction);
    }
    out.ascii(',"db":');
    out.integer(record.db);
  }
}

/** The arguments of a RESP array, which comes in pieces, as JSON strings of Latin-1. */
class LargeArguments {
  /** Bytes of the argument that are still to come; -2 to 0 are its line end; below it is a header. */
  private left = HEADER;
  private header = '';
  private count = 0;

  constructor(private readonly out: OutputBuffer) {}

  take(bytes: Uint8Array, start: number, end: number): void {
    const { out } = this;
    let at = start;
    while (at < end) {
      if (this.left === HEADER) {
        at = this.takeHeader(bytes, at, end);
      } else if (this.left > 2) {
        const size = Math.min(this.left - 2, end - at, PIECE);
        putJsonLatin1Piece(out, bytes, at, at + size);
        out.spill();
        this.left -= size;
        at += size;
        if (this.left === 2) out.byte(QUOTE);
      } else {
        at++;
        if (--this.left === 0) this.left = HEADER;
      }
    }
  }

  private takeHeader(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== LF) this.header += String.fromCharCode(bytes[at++] as number);
    if (at === end) return at;
    const { header } = this;
    this.header = '';
    if (header.startsWith('*')) return at + 1;
    const size = Number(header.slice(1).trimEnd());
    if (!header.startsWith('$') || !Number.isSafeInteger(size)) {
      throw new RdbkitError('INTERNAL', 'a large command that is not as it was read');
    }
    if (this.count++ > 0) this.out.ascii(',');
    this.out.byte(QUOTE);
    this.left = size + 2;
    if (size === 0) this.out.byte(QUOTE);
    return at + 1;
  }
}

/** What `left` is between two arguments. */
const HEADER = -1;

const PIECE = 128 * 1024;
