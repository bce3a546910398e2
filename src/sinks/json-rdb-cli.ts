import { Role } from '../rdb/grammar.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { Latin1Escapes } from './json-escapes.js';
import { type EntryLayout, JsonValues, moduleName } from './json-values.js';
import type { OutputBuffer } from './output-buffer.js';

const ENTRIES: EntryLayout = {
  open: '{"entries":[',
  before: '{"id":',
  between: ',"values":',
  fields: '{}',
  after: '}',
  close: ']}',
};

/**
 * The values of librdb's `rdb-cli … json` in its default encoding `plain`: bytes above 7F are the
 * characters U+0080 to U+00FF. Scores are strings, streams have `entries`, arrays `elements`, and
 * a module's value is a sentence.
 */
export class RdbCliValues extends JsonValues {
  constructor() {
    super(new Latin1Escapes());
  }

  protected override score(token: Token, cursor: ValueCursor, out: OutputBuffer): void {
    if (token === Token.double) cursor.formatDouble();
    else if (cursor.isInteger) cursor.formatInteger();
    this.strings.put(out, cursor.text, cursor.textStart, cursor.textEnd);
  }

  protected override stream(value: ValueReader, out: OutputBuffer): void {
    this.entries(value, out, ENTRIES);
  }

  protected override array(value: ValueReader, out: OutputBuffer): void {
    const { cursor } = value;
    let separator = '';
    out.ascii('{"elements":[');
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role !== Role.arrayIndex) continue;
      out.ascii(`${separator}{"idx":"${cursor.integer}","val":`);
      separator = ',';
      this.item(value.next(), value, out);
      out.ascii('}');
    }
    out.ascii(']}');
  }

  protected override opaque({ type }: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const whose = type.family === 'module' ? `Module '${moduleName(value)}'` : type.encoding;
    out.ascii(`"<Content of ${whose}. Occupies a serialized size of ${value.size} bytes>"`);
  }
}
