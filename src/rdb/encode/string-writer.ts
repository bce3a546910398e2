import { parseCanonicalInteger } from '../../bytes/ascii.js';
import { LzfCompressor } from '../../codec/lzf-compress.js';
import type { ValueBuffer } from './value-buffer.js';

/** Longest text that is tried as an integer, and longest that is not tried to be compressed (rdb.c). */
const MAX_INTEGER_TEXT = 11;
const MAX_UNCOMPRESSED = 20;

const LZF_MARK = 0xc3;

/** Writes RDB strings in the form that a server would choose: integer, LZF block or raw. */
export class StringWriter {
  private readonly lzf = new LzfCompressor();

  /** @param compress whether strings above 20 bytes are compressed, as servers do by default */
  constructor(private readonly compress: boolean) {}

  put(out: ValueBuffer, bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size <= MAX_INTEGER_TEXT) {
      const value = parseCanonicalInteger(bytes, start, end);
      if (typeof value === 'number' && value === (value | 0)) {
        putInteger(out, value);
        return;
      }
    } else if (size > MAX_UNCOMPRESSED && this.compress) {
      const stored = this.lzf.compress(bytes, start, end);
      if (stored > 0) {
        out.byte(LZF_MARK);
        out.length(stored);
        out.length(size);
        out.put(this.lzf.bytes, 0, stored);
        return;
      }
    }
    out.length(size);
    out.put(bytes, start, end);
  }
}

function putInteger(out: ValueBuffer, value: number): void {
  const form = value >= -0x80 && value < 0x80 ? 0 : value >= -0x8000 && value < 0x8000 ? 1 : 2;
  out.byte(0xc0 | form);
  for (let i = 0, rest = value; i < 1 << form; i++, rest >>= 8) out.byte(rest & 0xff);
}
