import { utf8Bytes } from '../bytes/ascii.js';
import { UTF8_WHOLE, utf8State } from '../bytes/utf8.js';
import { type Limits, withLimits } from '../limits.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead, RecordType } from '../record.js';
import { putBase64 } from './json-base64.js';
import { JsonLinesCommands } from './jsonl-commands.js';
import { putOther } from './jsonl-others.js';
import type { LineStrings } from './jsonl-strings.js';
import { JsonValues } from './jsonl-values.js';
import type { OutputBuffer } from './output-buffer.js';
import type { OtherRecord, RecordFormat } from './record-format.js';

export interface JsonLinesOptions {
  readonly limits?: Partial<Limits>;
}

/**
 * The lossless format: one JSON object a line, as design section 7 has it. All strings of a
 * record are its bytes as UTF-8; where one of them is none, the record says `"bytes":"latin1"`
 * and every string in it has one character U+0000 to U+00FF a byte (only `decoded` is text as it is).
 */
export function jsonLinesFormat(options: JsonLinesOptions = {}): RecordFormat {
  return new JsonLines(withLimits(options.limits));
}

const VALUE = utf8Bytes(',"value":');
const NEWLINE = utf8Bytes('}\n');

class JsonLines implements RecordFormat {
  readonly name = 'jsonl';
  private readonly values: JsonValues;
  private readonly strings: LineStrings;
  readonly commands: JsonLinesCommands;
  private readonly typeTexts = new Map<RecordType, TypeText>();
  private type: RecordType | undefined;
  private typeText: TypeText | undefined;
  private db = -1;
  private opening = VALUE;

  constructor(limits: Limits) {
    this.values = new JsonValues(limits);
    this.strings = this.values.strings;
    this.commands = new JsonLinesCommands(this.strings);
  }

  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { strings } = this;
    // What is handed on cannot be taken back, so that the value is looked through before.
    strings.isLatin1 =
      out.mayFlush &&
      (utf8State(head.keyBytes, head.keyStart, head.keyEnd, UTF8_WHOLE) !== UTF8_WHOLE ||
        !this.values.isUtf8(head.type.family, value));
    const start = out.at;
    if (this.putRecord(head, value, out)) return;
    out.at = start;
    strings.isLatin1 = true;
    this.putRecord(head, value, out);
  }

  other(record: OtherRecord, out: OutputBuffer): boolean {
    return putOther(record, out, this.strings);
  }

  private putRecord(head: KeyHead, value: ValueReader, out: OutputBuffer): boolean {
    if (!this.putHead(head, out)) return false;
    if (head.type.family === 'opaque') {
      out.ascii(',"payload":');
      putBase64(out, value.pieces());
    } else {
      out.put(VALUE);
      if (!this.values.put(out, head.type.family, value)) return false;
    }
    out.put(NEWLINE);
    return true;
  }

  /** Writes all that stands before the value. */
  private putHead(head: KeyHead, out: OutputBuffer): boolean {
    const { strings } = this;
    if (head.db !== this.db) {
      this.db = head.db;
      this.opening = utf8Bytes(`{"db":${head.db},"key":`);
    }
    out.put(this.opening);
    if (!strings.put(out, head.keyBytes, head.keyStart, head.keyEnd)) return false;
    const { type, encoding } = this.textOf(head.type);
    out.put(type);
    if (head.expireAtMs !== undefined) {
      out.ascii(',"expireAt":');
      out.integer(head.expireAtMs);
    }
    if (head.idleSeconds !== undefined) {
      out.ascii(',"idle":');
      out.integer(head.idleSeconds);
    }
    if (head.frequency !== undefined) {
      out.ascii(',"freq":');
      out.integer(head.frequency);
    }
    out.put(encoding);
    if (head.metadata !== undefined) {
      out.ascii(',"metadata":');
      putBase64(out, [head.metadata]);
    }
    if (strings.isLatin1) out.ascii(',"bytes":"latin1"');
    return true;
  }

  private textOf(type: RecordType): TypeText {
    if (type === this.type) return this.typeText as TypeText;
    let text = this.typeTexts.get(type);
    if (text === undefined) {
      text = typeText(type);
      this.typeTexts.set(type, text);
    }
    this.type = type;
    this.typeText = text;
    return text;
  }
}

interface TypeText {
  readonly type: Uint8Array;
  readonly encoding: Uint8Array;
}

function typeText({ family, code, encoding }: RecordType): TypeText {
  const type = family === 'opaque' ? `unknown:${code}` : family;
  return { type: utf8Bytes(`,"type":"${type}"`), encoding: utf8Bytes(`,"encoding":"${encoding}"`) };
}
