import type { Integer } from '../bytes/integer.js';
import { Role } from '../rdb/grammar.js';
import { parseModuleId } from '../rdb/module-id.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import type { JsonEscapes } from './json-escapes.js';
import { putId } from './json-id.js';
import { ScoreWriter } from './json-number.js';
import type { OutputBuffer } from './output-buffer.js';

const COLON = 0x3a;
const COMMA = 0x2c;

/** What stands around the entries of a stream, around each, and between its id and its fields. */
export interface EntryLayout {
  readonly open: string;
  readonly before: string;
  readonly between: string;
  readonly fields: '{}' | '[]';
  readonly after: string;
  readonly close: string;
}

/** Writes values as JSON: what all layouts share, and what each has its own way for. */
export abstract class JsonValues {
  protected readonly numbers = new ScoreWriter();

  constructor(readonly strings: JsonEscapes) {}

  write(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    value.open();
    switch (head.type.family) {
      case 'string':
        this.strings.putToken(out, value.next(), value);
        break;
      case 'list':
      case 'set':
        this.elements(value, out);
        break;
      case 'zset':
        this.members(value, out);
        break;
      case 'hash':
        this.fields(value, out);
        break;
      case 'stream':
        this.stream(value, out);
        break;
      case 'array':
        this.array(value, out);
        break;
      default:
        this.opaque(head, value, out);
    }
  }

  /** A stream that was opened. */
  protected abstract stream(value: ValueReader, out: OutputBuffer): void;

  /** What is not looked into. */
  protected abstract opaque(head: KeyHead, value: ValueReader, out: OutputBuffer): void;

  /** `["a","b"]` */
  private elements(value: ValueReader, out: OutputBuffer): void {
    out.ascii('[');
    let isFirst = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (!isFirst) out.byte(COMMA);
      isFirst = false;
      this.strings.putToken(out, token, value);
    }
    out.ascii(']');
  }

  /** `{"m":1,"n":2.5}` */
  protected members(value: ValueReader, out: OutputBuffer): void {
    out.ascii('{');
    let isFirst = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (!isFirst) out.byte(COMMA);
      isFirst = false;
      this.strings.putToken(out, token, value);
      out.byte(COLON);
      this.score(value.next(), value.cursor, out);
    }
    out.ascii('}');
  }

  /** A score as a number; `"inf"`, `"-inf"` and `"nan"`, which JSON has none for, as strings. */
  protected score(token: Token, cursor: ValueCursor, out: OutputBuffer): void {
    if (token === Token.double) {
      this.numbers.put(out, cursor.double);
      return;
    }
    if (cursor.isInteger) cursor.formatInteger();
    this.numbers.putText(out, cursor.text, cursor.textStart, cursor.textEnd);
  }

  /** `{"f":"v"}`, without the expiries of fields */
  private fields(value: ValueReader, out: OutputBuffer): void {
    const { cursor } = value;
    out.ascii('{');
    let isFirst = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.fieldExpiry) continue;
      if (cursor.role === Role.field) {
        if (!isFirst) out.byte(COMMA);
        isFirst = false;
      } else {
        out.byte(COLON);
      }
      this.strings.putToken(out, token, value);
    }
    out.ascii('}');
  }

  /** The entries of a stream, those apart that were deleted. */
  protected entries(value: ValueReader, out: OutputBuffer, layout: EntryLayout): void {
    const { cursor } = value;
    let isFirst = true;
    out.ascii(layout.open);
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (token !== Token.entry) continue;
      if (cursor.deleted) {
        skipFields(value);
        continue;
      }
      if (!isFirst) out.byte(COMMA);
      isFirst = false;
      out.ascii(layout.before);
      putId(out, cursor);
      out.ascii(layout.between);
      this.entryFields(value, out, layout.fields);
      out.ascii(layout.after);
    }
    out.ascii(layout.close);
  }

  /** The fields of the current entry of a stream: `{"f":"v"}` or, as names may repeat, `["f","v"]`. */
  protected entryFields(value: ValueReader, out: OutputBuffer, brackets: '{}' | '[]'): void {
    const { pairs } = value.cursor;
    out.ascii(brackets[0] as string);
    for (let i = 0; i < 2 * pairs; i++) {
      if (i > 0) out.byte(brackets === '{}' && i % 2 === 1 ? COLON : COMMA);
      this.strings.putToken(out, value.next(), value);
    }
    out.ascii(brackets[1] as string);
  }

  /** An array of Redis 8.8: `{"0":"first","7":"second"}` */
  protected array(value: ValueReader, out: OutputBuffer): void {
    const { cursor } = value;
    let separator = '{';
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role !== Role.arrayIndex) continue;
      out.ascii(`${separator}"${cursor.integer}":`);
      separator = ',';
      this.item(value.next(), value, out);
    }
    out.ascii(separator === '{' ? '{}' : '}');
  }

  /** The item of an array that the current token is, as a string whatever its form. */
  protected item(token: Token, value: ValueReader, out: OutputBuffer): void {
    const { cursor } = value;
    if (token === Token.number) {
      out.ascii(`"${cursor.integer}"`);
    } else if (token === Token.double) {
      cursor.formatDouble();
      this.strings.put(out, cursor.text, cursor.textStart, cursor.textEnd);
    } else {
      this.strings.putToken(out, token, value);
    }
  }
}

/** Passes over the fields of the current entry of a stream. */
function skipFields(value: ValueReader): void {
  for (let left = 2 * value.cursor.pairs; left > 0; left--) value.next();
}

/** The name of the module that a value of one, just opened, belongs to: no character needs an escape. */
export function moduleName(value: ValueReader): string {
  value.next();
  return parseModuleId(value.cursor.integer as Integer).name;
}
