import { Role } from '../rdb/grammar.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { CsvText } from './csv-text.js';
import type { OutputBuffer } from './output-buffer.js';
import type { RecordFormat } from './record-format.js';

const COMMA = 0x2c;

export interface CsvOptions {
  /** Another column with the values of strings; it is empty for other types. */
  readonly values?: boolean;
  /**
   * For spreadsheets, which take a field that begins with `=`, `+`, `-` or `@` for a formula: an
   * apostrophe goes before these and before an apostrophe, so that it can be taken away again.
   */
  readonly guardFormulas?: boolean;
}

const HEADER = 'db,key,type,encoding,elements,bytes,expireAt';

/**
 * A line a key as RFC 4180 has it, CRLF included, behind a header line.
 *
 * - `elements`: entries of a list, set, sorted set, hash, stream or array, 1 for a string, empty
 *   for what cannot be looked into.
 * - `bytes`: size of the value as it is serialized in the dump.
 * - `expireAt`: Unix ms, empty without expiry.
 * - `key` and `value`: the text, if it is UTF-8 without control characters and does not begin with
 *   a quote. Any other stands in quotes of its own, escaped as redis-cli prints strings: a field
 *   whose content begins with a quote is always such a one.
 */
export class CsvFormat implements RecordFormat {
  readonly name = 'csv';
  private readonly text = new CsvText();
  private readonly values: boolean;
  private readonly guard: boolean;

  constructor({ values = false, guardFormulas = false }: CsvOptions = {}) {
    this.values = values;
    this.guard = guardFormulas;
  }

  begin(out: OutputBuffer): void {
    out.ascii(`${HEADER}${this.values ? ',value' : ''}\r\n`);
  }

  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { type, keyBytes, keyStart, keyEnd } = head;
    out.integer(head.db);
    out.byte(COMMA);
    this.text.begin();
    this.text.look(keyBytes, keyStart, keyEnd);
    this.text.open(out, this.guard);
    this.text.put(out, keyBytes, keyStart, keyEnd);
    this.text.close(out);
    out.ascii(`,${type.family},${type.encoding},`);
    this.putElements(head, value, out);
    out.byte(COMMA);
    out.integer(value.size);
    out.byte(COMMA);
    if (head.expireAtMs !== undefined) out.integer(head.expireAtMs);
    if (this.values) {
      out.byte(COMMA);
      if (type.family === 'string') this.putValue(value, out);
    }
    out.ascii('\r\n');
  }

  private putElements({ type }: KeyHead, value: ValueReader, out: OutputBuffer): void {
    if (type.family === 'module' || type.family === 'opaque') return;
    out.integer(type.family === 'string' ? 1 : countElements(value));
  }

  private putValue(value: ValueReader, out: OutputBuffer): void {
    const { text } = this;
    const { cursor } = value;
    text.begin();
    eachPiece(value, () => text.look(cursor.text, cursor.textStart, cursor.textEnd));
    text.open(out, this.guard);
    eachPiece(value, () => text.put(out, cursor.text, cursor.textStart, cursor.textEnd));
    text.close(out);
  }
}

/** Goes through a string, piece by piece where it is long. */
function eachPiece(value: ValueReader, take: () => void): void {
  const { cursor } = value;
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (token === Token.string && cursor.isInteger) cursor.formatInteger();
    take();
  }
}

function countElements(value: ValueReader): number {
  const { cursor } = value;
  let count = 0;
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (token === Token.fragment && !cursor.isFirst) continue;
    switch (cursor.role) {
      case Role.element:
      case Role.member:
      case Role.arrayIndex:
      case Role.field:
        count++;
        break;
      case Role.streamEntry:
        if (!cursor.deleted) count++;
        // The strings of an entry are fields and values, too.
        for (let left = 2 * cursor.pairs; left > 0; left--) value.next();
        break;
      default:
    }
  }
  return count;
}
