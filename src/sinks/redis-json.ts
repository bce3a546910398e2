import { MAX_INTEGER_DIGITS } from '../bytes/ascii.js';
import { type Integer, signedInteger } from '../bytes/integer.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { JsonDocument } from './json-document.js';
import { MAX_NUMBER_BYTES, ScoreWriter } from './json-number.js';
import { LineStrings } from './jsonl-strings.js';
import type { OutputBuffer } from './output-buffer.js';

/** Module of JSON documents: of Redis, and by the same name of Valkey. */
export const REDIS_JSON = 'ReJSON-RL';

/** Tags of module items. */
const Item = { end: 0, signed: 1, unsigned: 2, double: 4, string: 5 } as const;

/** Kinds of nodes in encoding version 0 (RedisJSON's object.c of version 1). */
const Node = { null: 1, string: 2, double: 4, integer: 8, boolean: 0x10, object: 0x20, array: 0x40 } as const;
/** Stands before each name and value of an object. */
const ENTRY = 0x80;

const MAX_DEPTH = 512;

/**
 * Writes the document of a RedisJSON value as JSON: encoding version 0, a tree, and 2 and 3, its
 * text. Version 4 (Redis 8.8) is CBOR.
 */
export class RedisJson {
  private readonly document = new JsonDocument();
  private readonly strings = new LineStrings();
  private readonly numbers = new ScoreWriter();
  /** Of every open level of a tree: entries that are still to come, and whether it is an object. */
  private readonly left: number[] = [];
  private readonly isObject: boolean[] = [];
  /** Whether the level opened last has no entry yet. */
  private isFirst = false;

  /**
   * Reads the value from its beginning. False when it is no document of a version above; then an
   * unknown part was written.
   * @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED of the value
   */
  put(out: OutputBuffer, value: ValueReader, version: number): boolean {
    value.open();
    value.next();
    switch (version) {
      case 0:
        return this.putTree(out, value) && nextTag(value) === Item.end;
      case 2:
        return this.putText(out, value);
      case 3:
        return this.putText(out, value) && nextTag(value) === Item.end;
      default:
        return false;
    }
  }

  private putText(out: OutputBuffer, value: ValueReader): boolean {
    const { cursor } = value;
    if (nextTag(value) !== Item.string) return false;
    this.document.begin();
    for (;;) {
      const token = value.next();
      if (token === Token.string && cursor.isInteger) cursor.formatInteger();
      if (!this.document.put(out, cursor.text, cursor.textStart, cursor.textEnd)) return false;
      if (token === Token.string || cursor.isLast) return this.document.end();
    }
  }

  private putTree(out: OutputBuffer, value: ValueReader): boolean {
    this.left.length = 0;
    this.isObject.length = 0;
    for (;;) {
      if (!this.putNode(out, value)) return false;
      // Ends every level that is complete; goes on in the first that is not.
      while (this.left.at(-1) === 0) {
        this.left.pop();
        this.isFirst = false;
        out.ascii(this.isObject.pop() === true ? '}' : ']');
      }
      if (this.left.length === 0) return true;
    }
  }

  /** Writes the next node, up to its first entry if it has entries. */
  private putNode(out: OutputBuffer, value: ValueReader): boolean {
    if (!this.beginEntry(out, value)) return false;
    switch (nextUnsigned(value)) {
      case Node.null:
        out.ascii('null');
        return true;
      case Node.string:
        return nextTag(value) === Item.string && this.strings.putToken(out, value, value.next());
      case Node.double:
        return this.putDouble(out, value);
      case Node.integer:
        return putInteger(out, value);
      case Node.boolean:
        return putBoolean(out, value);
      case Node.object:
        return this.openLevel(out, value, true);
      case Node.array:
        return this.openLevel(out, value, false);
      default:
        return false;
    }
  }

  /** Writes what stands before a node inside of an object or array. */
  private beginEntry(out: OutputBuffer, value: ValueReader): boolean {
    const level = this.left.length - 1;
    if (level < 0) return true;
    if (!this.isFirst) out.ascii(',');
    this.isFirst = false;
    this.left[level] = (this.left[level] as number) - 1;
    if (this.isObject[level] !== true) return true;
    if (nextUnsigned(value) !== ENTRY || nextTag(value) !== Item.string) return false;
    if (!this.strings.putToken(out, value, value.next())) return false;
    out.ascii(':');
    return true;
  }

  private openLevel(out: OutputBuffer, value: ValueReader, isObject: boolean): boolean {
    const count = nextUnsigned(value);
    if (typeof count !== 'number' || this.left.length === MAX_DEPTH) return false;
    out.ascii(isObject ? '{' : '[');
    this.isFirst = true;
    this.left.push(count);
    this.isObject.push(isObject);
    return true;
  }

  private putDouble(out: OutputBuffer, value: ValueReader): boolean {
    if (nextTag(value) !== Item.double) return false;
    value.next();
    const { double } = value.cursor;
    if (!Number.isFinite(double)) return false;
    out.ensure(MAX_NUMBER_BYTES);
    out.at = this.numbers.putNumber(out.bytes, out.at, double);
    return true;
  }
}

/** Moves to the next item and returns its tag; its content comes with the next token. */
function nextTag(value: ValueReader): Integer | undefined {
  return value.next() === Token.tag ? value.cursor.integer : undefined;
}

/** The next item if it is an unsigned integer. */
function nextUnsigned(value: ValueReader): Integer | undefined {
  if (nextTag(value) !== Item.unsigned) return undefined;
  value.next();
  return value.cursor.integer;
}

function putInteger(out: OutputBuffer, value: ValueReader): boolean {
  if (nextTag(value) !== Item.signed) return false;
  value.next();
  out.ensure(MAX_INTEGER_DIGITS);
  out.integer(signedInteger(value.cursor.valueHigh, value.cursor.valueLow));
  return true;
}

/** A boolean is the string `1` or `0`. */
function putBoolean(out: OutputBuffer, value: ValueReader): boolean {
  const { cursor } = value;
  if (nextTag(value) !== Item.string || value.next() !== Token.string) return false;
  if (cursor.isInteger) cursor.formatInteger();
  if (cursor.textEnd - cursor.textStart !== 1) return false;
  out.ascii(cursor.text[cursor.textStart] === 0x31 ? 'true' : 'false');
  return true;
}
