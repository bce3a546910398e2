import { printable } from '../bytes/escape.js';
import type { OutputBuffer } from './output-buffer.js';

/** Longest escape of one byte, `\x00`. */
const MAX_ESCAPE = 4;

/** Bytes are taken so many at a time, so that room is made for what they become. */
const STEP = 16 * 1024;

/** What each byte becomes inside of the quotes, from `printable`, at a stride. */
export class EscapeTable {
  private readonly bytes = new Uint8Array(256 * MAX_ESCAPE);
  private readonly sizes = new Uint8Array(256);

  /** @param change made to what redis-cli would print for a byte */
  constructor(change: (escaped: string) => string = (escaped) => escaped) {
    for (let byte = 0; byte < 256; byte++) {
      const escaped = change(printable(Uint8Array.of(byte)).slice(1, -1));
      for (let i = 0; i < escaped.length; i++) this.bytes[byte * MAX_ESCAPE + i] = escaped.charCodeAt(i);
      this.sizes[byte] = escaped.length;
    }
  }

  /** Writes bytes, each as what it becomes. */
  put(out: OutputBuffer, source: Uint8Array, start: number, end: number): void {
    const { bytes, sizes } = this;
    for (let from = start; from < end; from += STEP) {
      const to = Math.min(from + STEP, end);
      out.ensure(MAX_ESCAPE * (to - from));
      const target = out.bytes;
      let { at } = out;
      for (let i = from; i < to; i++) {
        const byte = source[i] as number;
        const size = sizes[byte] as number;
        for (let j = 0; j < size; j++) target[at++] = bytes[byte * MAX_ESCAPE + j] as number;
      }
      out.at = at;
    }
  }
}
