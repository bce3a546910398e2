import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { Utf8Escapes } from './json-escapes.js';
import { Hdt3213Format } from './json-hdt3213.js';
import { RdbCliValues } from './json-rdb-cli.js';
import { RdbtoolsValues } from './json-rdbtools.js';
import { type EntryLayout, JsonValues, moduleName } from './json-values.js';
import type { OutputBuffer } from './output-buffer.js';
import type { RecordFormat } from './record-format.js';

/** Whose shapes the JSON has: our own, or those of another tool. */
export type JsonLayout = 'rdbkit' | 'rdbtools' | 'hdt3213' | 'rdb-cli';

export interface JsonOptions {
  readonly layout?: JsonLayout;
}

/** JSON for reading. What it leaves out (expiries, groups of streams, functions) JSON Lines keep. */
export function jsonFormat({ layout = 'rdbkit' }: JsonOptions = {}): RecordFormat {
  switch (layout) {
    case 'rdbkit':
      return new DatabasesFormat(new OwnValues(new Utf8Escapes()));
    case 'rdbtools':
      return new DatabasesFormat(new RdbtoolsValues(new Utf8Escapes()));
    case 'rdb-cli':
      return new DatabasesFormat(new RdbCliValues());
    case 'hdt3213':
      return new Hdt3213Format();
  }
}

/**
 * One array with an object a database, each from key to value. Keys and databases come in the
 * order of the source; a database that comes again begins another object.
 */
class DatabasesFormat implements RecordFormat {
  readonly name = 'json';
  private db: number | undefined;

  constructor(private readonly values: JsonValues) {}

  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    if (head.db === this.db) out.ascii(',\n');
    else out.ascii(this.db === undefined ? '[{\n' : '\n},{\n');
    this.values.strings.put(out, head.keyBytes, head.keyStart, head.keyEnd);
    out.ascii(':');
    this.values.write(head, value, out);
    // Until here all of it may be taken back.
    this.db = head.db;
  }

  end(out: OutputBuffer): void {
    out.ascii(this.db === undefined ? '[]\n' : '\n}]\n');
  }
}

const ENTRIES: EntryLayout = {
  open: '[',
  before: '[',
  between: ',',
  fields: '[]',
  after: ']',
  close: ']',
};

/**
 * Strings as strings, lists and sets as arrays, hashes and sorted sets as objects, streams as
 * `[["1-0",["field","value"]]]`, arrays of Redis 8.8 as objects by index, modules as
 * `{"module":"ReJSON-RL","bytes":12}` and what cannot be looked into as `{"type":"gcra","bytes":3}`.
 */
class OwnValues extends JsonValues {
  protected override stream(value: ValueReader, out: OutputBuffer): void {
    this.entries(value, out, ENTRIES);
  }

  protected override opaque({ type }: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const what = type.family === 'module' ? `"module":"${moduleName(value)}"` : `"type":"${type.encoding}"`;
    out.ascii(`{${what},"bytes":${value.size}}`);
  }
}
