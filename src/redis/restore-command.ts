import { putInt32LE } from '../bytes/integer.js';
import { Crc64 } from '../codec/crc64.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import { FOOTER_BYTES, PayloadFooter } from '../rdb/payload.js';
import type { KeyHead } from '../record.js';
import { framed, HEADER_BYTES } from '../resp/command-writer.js';
import type { Target } from './probe.js';
import type { CommandWindow } from './window.js';

/** Payloads up to this size are built in one piece, so that their checksum takes one call. */
const CONTIGUOUS = 64 * 1024;

/** Bytes of a payload around its value. */
export const PAYLOAD_OVERHEAD = 1 + FOOTER_BYTES;

/** RESTORE with key, ttl and payload, by the number of options behind them. */
const BEGINNINGS = [0, 1, 2, 3, 4].map((options) => framed(4 + options, 'RESTORE'));

/** Frames RESTORE commands for one target. */
export class RestoreCommand {
  private readonly crc = new Crc64();
  private readonly footer: PayloadFooter;
  private readonly version: number;
  private readonly scratch = new Uint8Array(FOOTER_BYTES);

  constructor(
    private readonly window: CommandWindow,
    private readonly target: Target,
    private readonly replace: boolean,
  ) {
    this.version = target.format.rdbVersion;
    this.footer = new PayloadFooter(this.version);
  }

  /** Writes a whole command for a value in memory, of the type `code`. */
  write(head: KeyHead, code: number, value: Uint8Array, start: number, end: number): void {
    const metadata = head.metadata?.length ?? 0;
    const size = metadata + PAYLOAD_OVERHEAD + end - start;
    this.begin(head);
    if (size <= CONTIGUOUS && metadata === 0) this.contiguous(code, value, start, end, size);
    else {
      this.beginPayload(head, code, size - metadata - PAYLOAD_OVERHEAD);
      this.piece(value, start, end);
      this.endPayload();
    }
    this.options(head);
  }

  /** Writes a whole command for a value that was encoded anew. */
  writeEncoded(head: KeyHead, value: EncodedValue): void {
    this.begin(head);
    this.beginPayload(head, value.type.code, value.size);
    for (const piece of value.pieces()) this.piece(piece, 0, piece.length);
    this.endPayload();
    this.options(head);
  }

  /** Begins the payload of a command begun by `begin`; `valueBytes` of the value follow. */
  beginPayload(head: KeyHead, code: number, valueBytes: number): void {
    const { writer } = this.window;
    const { metadata } = head;
    writer.beginBytes((metadata?.length ?? 0) + PAYLOAD_OVERHEAD + valueBytes);
    this.footer.reset();
    if (metadata !== undefined) this.piece(metadata, 0, metadata.length);
    this.scratch[0] = code;
    this.piece(this.scratch, 0, 1);
  }

  /** The next bytes of the value. */
  piece(bytes: Uint8Array, start: number, end: number): void {
    this.footer.update(bytes, start, end);
    this.window.writer.piece(bytes, start, end);
  }

  endPayload(): void {
    this.footer.put(this.scratch, 0);
    this.window.writer.piece(this.scratch, 0, FOOTER_BYTES);
    this.window.writer.endBytes();
  }

  /** The command up to its payload. */
  begin(head: KeyHead): void {
    const { writer } = this.window;
    writer.raw(BEGINNINGS[this.optionCount(head)] as Uint8Array);
    this.window.key(head.keyBytes, head.keyStart, head.keyEnd);
    writer.integer(this.ttl(head));
  }

  /** The options behind the payload. */
  options(head: KeyHead): void {
    const { writer } = this.window;
    if (this.replace && this.target.replace) writer.text('REPLACE');
    if (!this.target.absoluteTtl) return;
    if (head.expireAtMs !== undefined) writer.text('ABSTTL');
    if (head.idleSeconds !== undefined) {
      writer.text('IDLETIME');
      writer.integer(head.idleSeconds);
    } else if (head.frequency !== undefined) {
      writer.text('FREQ');
      writer.integer(head.frequency);
    }
  }

  private optionCount(head: KeyHead): number {
    const replace = this.replace && this.target.replace ? 1 : 0;
    if (!this.target.absoluteTtl) return replace;
    const expiry = head.expireAtMs === undefined ? 0 : 1;
    return replace + expiry + (head.idleSeconds !== undefined || head.frequency !== undefined ? 2 : 0);
  }

  /** Absolute where the target knows ABSTTL, else what is left; 0 for no expiry. */
  private ttl(head: KeyHead): number | bigint {
    const { expireAtMs } = head;
    if (expireAtMs === undefined) return 0;
    if (this.target.absoluteTtl) return expireAtMs > 0 ? expireAtMs : 1;
    return Math.max(1, Number(expireAtMs) - Date.now());
  }

  private contiguous(code: number, value: Uint8Array, start: number, end: number, size: number): void {
    const { writer } = this.window;
    writer.ensure(HEADER_BYTES + size + 2);
    writer.beginBytes(size);
    const from = writer.at;
    this.scratch[0] = code;
    writer.piece(this.scratch, 0, 1);
    writer.piece(value, start, end);
    this.scratch[0] = this.version;
    this.scratch[1] = this.version >>> 8;
    writer.piece(this.scratch, 0, 2);
    this.crc.low = 0;
    this.crc.high = 0;
    this.crc.update(writer.chunk, from, writer.at);
    putInt32LE(this.scratch, 0, this.crc.low);
    putInt32LE(this.scratch, 4, this.crc.high);
    writer.piece(this.scratch, 0, 8);
    writer.endBytes();
  }
}
