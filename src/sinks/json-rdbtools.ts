import type { ValueCursor } from '../rdb/values/cursor.js';
import type { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { type EntryLayout, JsonValues } from './json-values.js';
import type { OutputBuffer } from './output-buffer.js';

const POINT = 0x2e;
const EXPONENT = 0x65;
const QUOTE = 0x22;

const ENTRIES: EntryLayout = {
  open: '{',
  before: '',
  between: ':',
  fields: '{}',
  after: '',
  close: '}',
};

/**
 * The values of redis-rdb-tools' `--command json`. Scores have a decimal point, as Python prints
 * floats. It prints streams and modules as `{}`; streams have their entries here:
 * `{"1-0":{"field":"value"}}`.
 */
export class RdbtoolsValues extends JsonValues {
  protected override score(token: Token, cursor: ValueCursor, out: OutputBuffer): void {
    out.ensure(64);
    const { position } = out;
    super.score(token, cursor, out);
    const start = out.at - (out.position - position);
    for (let i = start; i < out.at; i++) {
      const byte = out.bytes[i];
      if (byte === POINT || byte === EXPONENT || byte === QUOTE) return;
    }
    out.ascii('.0');
  }

  protected override stream(value: ValueReader, out: OutputBuffer): void {
    this.entries(value, out, ENTRIES);
  }

  protected override opaque(_: KeyHead, __: ValueReader, out: OutputBuffer): void {
    out.ascii('{}');
  }
}
