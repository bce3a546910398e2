import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { EscapeTable } from './escaped-text.js';
import type { OutputBuffer } from './output-buffer.js';
import type { Handling, PartsFormat, RecordFormat } from './record-format.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;

export interface KeysOptions {
  /** Keys as they are, each with a NUL behind it, for `xargs -0` and the like. */
  readonly nul?: boolean;
}

/**
 * The names of keys, one a line. A name of printable ASCII without quotes and backslashes stands
 * as it is; any other, and the empty one, in quotes and escaped as redis-cli prints strings.
 * `--keys-from` reads both. Databases are not told apart.
 */
export class KeysFormat implements RecordFormat {
  readonly name = 'keys';
  readonly parts: PartsFormat;
  private readonly escapes = new EscapeTable();
  private readonly nul: boolean;

  constructor({ nul = false }: KeysOptions = {}) {
    this.nul = nul;
    this.parts = {
      begin: (head, out) => this.put(head, out),
      part: () => {},
      end: () => {},
    };
  }

  /** No value is looked into. */
  handling(): Handling {
    return 'copy';
  }

  key(head: KeyHead, _: ValueReader, out: OutputBuffer): void {
    // Nothing can fail from here on that would have to be taken back.
    out.mayFlush = true;
    this.put(head, out);
  }

  private put({ keyBytes, keyStart, keyEnd }: KeyHead, out: OutputBuffer): void {
    if (this.nul) {
      out.put(keyBytes, keyStart, keyEnd);
      out.byte(0);
      return;
    }
    if (isPlain(keyBytes, keyStart, keyEnd)) {
      out.put(keyBytes, keyStart, keyEnd);
    } else {
      out.byte(QUOTE);
      this.escapes.put(out, keyBytes, keyStart, keyEnd);
      out.byte(QUOTE);
    }
    out.byte(LF);
  }
}

function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte >= 0x7f || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return end > start;
}
