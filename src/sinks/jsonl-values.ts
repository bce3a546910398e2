import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { Role } from '../rdb/grammar.js';
import { parseModuleId } from '../rdb/module-id.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { putBase64 } from './json-base64.js';
import { MAX_NUMBER_BYTES, ScoreWriter } from './json-number.js';
import { JsonStreams } from './jsonl-stream.js';
import { isUtf8Value, LineStrings } from './jsonl-strings.js';
import { OutputBuffer } from './output-buffer.js';
import { REDIS_JSON, RedisJson } from './redis-json.js';

const COMMA = 0x2c;
const COLON = 0x3a;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** Takes what is only written to see whether it can be. */
const NOWHERE = { write: () => {}, close: () => {}, abort: () => {} };

/**
 * Writes values as the JSON of design section 7, a JSON value by family. All strings are written
 * by `strings`, which says in which reading.
 */
export class JsonValues {
  readonly strings = new LineStrings();
  private readonly scores = new ScoreWriter();
  private readonly streams: JsonStreams;
  private readonly documents = new RedisJson();
  private nowhere: OutputBuffer | undefined;

  constructor(limits: Limits) {
    this.streams = new JsonStreams(limits);
  }

  /**
   * Reads a value through: whether all strings that `put` would write are UTF-8.
   * @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED: whatever `put` would throw
   */
  isUtf8(family: string, value: ValueReader): boolean {
    switch (family) {
      case 'stream':
        return this.streams.isUtf8(value);
      case 'module':
      case 'opaque':
        return true;
      default:
        return isUtf8Value(value);
    }
  }

  /**
   * Writes a value from its beginning on; false when a string is no UTF-8 where that is asked for.
   * @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED
   */
  put(out: OutputBuffer, family: string, value: ValueReader): boolean {
    value.open();
    switch (family) {
      case 'string':
        return this.strings.putToken(out, value, value.next());
      case 'list':
      case 'set':
        return this.putElements(out, value);
      case 'zset':
        return this.putMembers(out, value);
      case 'hash':
        return this.putFields(out, value);
      case 'stream':
        return this.streams.write(out, value, this.strings);
      case 'array':
        return this.putArray(out, value);
      case 'module':
        this.putModule(out, value);
        return true;
      default:
        throw new RdbkitError('INTERNAL', `a value of the family ${family} has no form in JSON`);
    }
  }

  private putElements(out: OutputBuffer, value: ValueReader): boolean {
    const { strings } = this;
    out.byte(ARRAY);
    let isFirst = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (!isFirst) out.byte(COMMA);
      isFirst = false;
      if (!strings.putToken(out, value, token)) return false;
    }
    out.byte(ARRAY_END);
    return true;
  }

  private putMembers(out: OutputBuffer, value: ValueReader): boolean {
    const { strings } = this;
    value.cursor.showsListpacks = true;
    out.byte(ARRAY);
    let isFirst = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      // The only blob of its value.
      if (token === Token.listpack) {
        if (!this.putPackedMembers(out, value.cursor)) return false;
        continue;
      }
      out.ensure(2);
      if (!isFirst) out.bytes[out.at++] = COMMA;
      out.bytes[out.at++] = ARRAY;
      isFirst = false;
      if (!strings.putToken(out, value, token)) return false;
      const score = value.next();
      out.ensure(MAX_NUMBER_BYTES + 2);
      out.bytes[out.at++] = COMMA;
      this.putScore(out, value, score);
      out.bytes[out.at++] = ARRAY_END;
    }
    out.byte(ARRAY_END);
    return true;
  }

  /**
   * Members and scores straight from their listpack: half of the time of a token for each, and the
   * text of a score is read once.
   */
  private putPackedMembers(out: OutputBuffer, cursor: ValueCursor): boolean {
    const { strings, scores } = this;
    const { listpack } = cursor;
    for (let isFirst = true; listpack.next(); isFirst = false) {
      out.ensure(2);
      if (!isFirst) out.bytes[out.at++] = COMMA;
      out.bytes[out.at++] = ARRAY;
      if (!strings.putEntry(out, listpack)) return false;
      if (!listpack.next()) throw cursor.unfinished(listpack);
      out.ensure(MAX_NUMBER_BYTES + 2);
      out.bytes[out.at++] = COMMA;
      if (listpack.isInteger) scores.putInteger(out, listpack.high, listpack.low);
      else if (!scores.putText(out, listpack.bytes, listpack.start, listpack.end)) {
        throw cursor.noNumber(listpack);
      }
      out.bytes[out.at++] = ARRAY_END;
    }
    return true;
  }

  /** A score stands as a double, or in packed encodings as an integer or text. */
  private putScore(out: OutputBuffer, { cursor }: ValueReader, token: Token): void {
    const { scores } = this;
    if (token === Token.double) scores.put(out, cursor.double);
    else if (cursor.isInteger) scores.putInteger(out, cursor.valueHigh, cursor.valueLow);
    else scores.putText(out, cursor.text, cursor.textStart, cursor.textEnd);
  }

  /** Fields come as field and value, with an expiry before or behind, or without. */
  private putFields(out: OutputBuffer, value: ValueReader): boolean {
    const { strings } = this;
    const { cursor } = value;
    let isFirst = true;
    let expires = false;
    out.byte(OBJECT);
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.fieldExpiry) {
        expires ||= cursor.integer !== undefined;
        continue;
      }
      if (!isFirst) out.byte(COMMA);
      isFirst = false;
      if (!strings.putToken(out, value, token)) return false;
      out.byte(COLON);
      if (!strings.putToken(out, value, value.next())) return false;
    }
    out.byte(OBJECT_END);
    return expires ? this.putExpiries(out, value) : true;
  }

  /** Reads the hash again for the fields that expire. */
  private putExpiries(out: OutputBuffer, value: ValueReader): boolean {
    const { strings } = this;
    const { cursor } = value;
    const { mayFlush } = out;
    out.ascii(',"fieldExpireAt":{');
    let count = 0;
    let leads = false;
    let sawField = false;
    let expireAt: Integer | undefined;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.fieldExpiry) {
        leads ||= !sawField;
        expireAt = cursor.integer;
        continue;
      }
      sawField = true;
      out.spill();
      // Whether a field expires may be known behind its value only: it is taken back if not.
      out.mayFlush = false;
      const start = out.at;
      if (count > 0) out.byte(COMMA);
      if (!strings.putToken(out, value, token)) return false;
      out.byte(COLON);
      skipString(value);
      if (!leads) {
        value.next();
        expireAt = cursor.integer;
      }
      if (expireAt === undefined) out.at = start;
      else {
        out.integer(expireAt);
        count++;
      }
      out.mayFlush = mayFlush;
    }
    out.byte(OBJECT_END);
    return true;
  }

  /** Items are strings to those who read them, whatever form they are stored in. */
  private putArray(out: OutputBuffer, value: ValueReader): boolean {
    const { strings } = this;
    const { cursor } = value;
    let token = value.next();
    out.byte(OBJECT);
    if (cursor.role === Role.arrayInsertIndex) {
      out.ascii('"insertIndex":');
      out.integer(cursor.integer as Integer);
      out.byte(COMMA);
      token = value.next();
    }
    out.ascii('"items":[');
    for (let isFirst = true; token !== Token.end; token = value.next(), isFirst = false) {
      out.ascii(isFirst ? '[' : ',[');
      out.integer(cursor.integer as Integer);
      out.byte(COMMA);
      const item = value.next();
      if (item === Token.number) cursor.formatInteger();
      if (item === Token.double) cursor.formatDouble();
      if (item === Token.number || item === Token.double) {
        strings.put(out, cursor.text, cursor.textStart, cursor.textEnd);
      } else if (!strings.putToken(out, value, item)) return false;
      out.byte(ARRAY_END);
    }
    out.ascii(']}');
    return true;
  }

  private putModule(out: OutputBuffer, value: ValueReader): void {
    const { cursor } = value;
    value.next();
    const { name, version } = parseModuleId(cursor.integer as Integer);
    while (value.next() !== Token.end);
    out.ascii(`{"module":"${name}","version":${version},"payload":`);
    putBase64(out, value.pieces());
    if (name === REDIS_JSON) this.putDocument(out, value, version);
    out.byte(OBJECT_END);
  }

  /** Writes what a RedisJSON value says, if we can read it. */
  private putDocument(out: OutputBuffer, value: ValueReader, version: number): void {
    const { documents } = this;
    if (out.mayFlush) {
      this.nowhere ??= new OutputBuffer(NOWHERE);
      if (!documents.put(this.nowhere, value, version)) return;
    }
    const start = out.at;
    out.ascii(',"decoded":');
    if (!documents.put(out, value, version)) out.at = start;
  }
}

/** Reads over the next string, which may come in fragments. */
function skipString(value: ValueReader): void {
  const { cursor } = value;
  for (let token = value.next(); token === Token.fragment && !cursor.isLast; ) token = value.next();
}
