import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { EncodedValue } from '../rdb/encode/encoded-value.js';
import { ValueBuffer } from '../rdb/encode/value-buffer.js';
import type { ValueType } from '../rdb/types.js';
import { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { MakeSpill } from '../spill.js';
import type { LineFields } from './jsonl-fields.js';
import { Json } from './jsonl-tokens.js';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*$/;
const LAST_BASE64 = /^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Reads serialized values that stand in base64, and looks through them: what is passed on must be whole. */
export class PayloadReader {
  private readonly buffer: ValueBuffer;
  private readonly cursor: ValueCursor;

  constructor(limits: Limits, makeSpill: MakeSpill) {
    this.buffer = new ValueBuffer(limits.partBytes, makeSpill);
    this.cursor = new ValueCursor(limits, false);
  }

  /** The first number of the value that was read last: of a module, its id. */
  id: Integer = 0;

  /** The string that is the current token, as a value of that type. */
  *read(fields: LineFields, type: ValueType): Generator<void, EncodedValue> {
    const { buffer } = this;
    buffer.begin();
    buffer.type = type;
    yield* this.decode(fields);
    this.check(type);
    return buffer;
  }

  /**
   * The bytes of the string that is the current token, a copy; of that type, if one is given.
   * @throws RdbkitError LIMIT_EXCEEDED for more than may be held
   */
  *readHeld(fields: LineFields, what: string, type?: ValueType): Generator<void, Uint8Array> {
    const { buffer } = this;
    buffer.begin();
    yield* this.decode(fields);
    if (type !== undefined) this.check(type);
    if (buffer.size > fields.limits.maxHeldString) {
      throw new RdbkitError('LIMIT_EXCEEDED', `${what} is longer than ${fields.limits.maxHeldString} bytes`);
    }
    const bytes = new Uint8Array(buffer.size);
    let at = 0;
    for (const piece of buffer.pieces()) {
      bytes.set(piece, at);
      at += piece.length;
    }
    buffer.close();
    return bytes;
  }

  close(): void {
    this.buffer.close();
  }

  private *decode(fields: LineFields): Generator<void> {
    const { tokens } = fields;
    if (fields.token !== Json.string) throw fields.wrong('a string of base64 must stand here');
    let rest = '';
    for (;;) {
      const text = rest + tokens.text;
      // The last four characters may be padded.
      const whole = tokens.isWhole ? lastGroup(text) : text.length - (text.length % 4);
      const groups = text.slice(0, whole);
      rest = text.slice(whole);
      if (!BASE64.test(groups)) throw fields.wrong('the string is no base64');
      this.buffer.put(Buffer.from(groups, 'base64'));
      if (tokens.isWhole) break;
      if (tokens.isDue) yield* tokens.turn();
      tokens.more();
    }
    if (!LAST_BASE64.test(rest)) throw fields.wrong('the string is no base64');
    this.buffer.put(Buffer.from(rest, 'base64'));
  }

  /** @throws RdbkitError INPUT_CORRUPT when the payload is no value of the type */
  private check(type: ValueType): void {
    const { cursor } = this;
    const pieces = this.buffer.pieces()[Symbol.iterator]();
    let isFirst = true;
    cursor.openParts(type, 0);
    for (let token = cursor.next(); token !== Token.end; token = cursor.next()) {
      if (isFirst && token === Token.number) {
        isFirst = false;
        this.id = cursor.integer ?? 0;
      }
      if (token !== Token.needInput) continue;
      const { value, done } = pieces.next();
      if (done === true) cursor.finish();
      else cursor.feed(value);
    }
  }
}

/** Where the last four characters begin, if they are padded; else the end. */
function lastGroup(text: string): number {
  return text.endsWith('=') ? Math.max(0, text.length - 4) : text.length;
}
