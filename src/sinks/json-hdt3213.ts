import { latin1Bytes } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import { Role } from '../rdb/grammar.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead } from '../record.js';
import { Utf8Escapes } from './json-escapes.js';
import { putId } from './json-id.js';
import { JsonValues, moduleName } from './json-values.js';
import type { OutputBuffer } from './output-buffer.js';
import type { OtherRecord, RecordFormat } from './record-format.js';

/** The member that holds the value, by family. */
const MEMBERS: Readonly<Record<string, string>> = {
  string: 'value',
  list: 'values',
  set: 'members',
  zset: 'entries',
  hash: 'hash',
  array: 'values',
};

/**
 * HDT3213/rdb's `-c json`: an array with an object a key. `size` is that of the serialized value
 * (there it is an estimate of memory), `expiration` is in UTC, and all entries of a stream stand
 * in one node. `expire` gives the expiries of fields, Unix ms, 0 for none.
 */
export class Hdt3213Format implements RecordFormat {
  readonly name = 'json';
  private readonly values = new Hdt3213Values(new Utf8Escapes());
  private isFirst = true;

  key(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { type, expireAtMs } = head;
    this.open(head.db, out);
    this.values.strings.put(out, head.keyBytes, head.keyStart, head.keyEnd);
    if (expireAtMs !== undefined) out.ascii(`,"expiration":"${timeOf(expireAtMs)}"`);
    out.ascii(`,"size":${value.size},"type":"${type.family}","encoding":"${type.encoding}"`);
    const member = MEMBERS[type.family];
    if (member === undefined) {
      // A stream's own members stand beside the others.
      this.values.write(head, value, out);
    } else {
      out.ascii(`,"${member}":`);
      this.values.write(head, value, out);
    }
    if (type.family === 'hash') this.values.expiries(value, out);
    out.ascii('}');
    // Until here all of it may be taken back.
    this.isFirst = false;
  }

  other(record: OtherRecord, out: OutputBuffer): boolean {
    const { strings } = this.values;
    if (record.kind === 'aux') {
      this.open(0, out);
      strings.put(out, record.name, 0, record.name.length);
      out.ascii(',"size":0,"type":"aux","encoding":"","value":');
      strings.put(out, record.value, 0, record.value.length);
    } else if (record.kind === 'function') {
      this.open(0, out);
      out.ascii('"functions","size":0,"type":"functions","encoding":"functions","functionsLua":');
      strings.put(out, record.code, 0, record.code.length);
    } else {
      return false;
    }
    out.ascii('}');
    this.isFirst = false;
    return true;
  }

  end(out: OutputBuffer): void {
    out.ascii(this.isFirst ? '[\n]\n' : '\n]\n');
  }

  private open(db: number, out: OutputBuffer): void {
    out.ascii(`${this.isFirst ? '[\n' : ',\n'}{"db":${db},"key":`);
  }
}

class Hdt3213Values extends JsonValues {
  protected override members(value: ValueReader, out: OutputBuffer): void {
    let separator = '[{"member":';
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      out.ascii(separator);
      separator = ',{"member":';
      this.strings.putToken(out, token, value);
      out.ascii(',"score":');
      this.score(value.next(), value.cursor, out);
      out.ascii('}');
    }
    out.ascii(separator.startsWith('[') ? '[]' : ']');
  }

  /** The expiries of the fields of a hash, if any has one. */
  expiries(value: ValueReader, out: OutputBuffer): void {
    const { cursor } = value;
    if (!hasExpiry(value)) return;
    let separator = ',"expire":{';
    let leading: Integer | undefined;
    let leads = false;
    let isOpen = false;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.fieldExpiry) {
        leads ||= separator !== ',';
        if (leads) leading = cursor.integer;
        else {
          out.integer(cursor.integer ?? 0);
          isOpen = false;
        }
      } else if (cursor.role === Role.field) {
        out.ascii(separator);
        separator = ',';
        this.strings.putToken(out, token, value);
        out.ascii(':');
        if (leads) out.integer(leading ?? 0);
        else isOpen = true;
      }
    }
    if (isOpen) out.ascii('0');
    out.ascii('}');
  }

  /** The members that describe a stream. */
  protected override stream(value: ValueReader, out: OutputBuffer): void {
    const { cursor } = value;
    let separator = ',"entries":[{"firstMsgId":';
    let ms: Integer = 0;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (token === Token.entry) {
        const isFirst = separator !== ',';
        out.ascii(separator);
        if (isFirst) {
          putId(out, cursor);
          out.ascii(',"fields":[],"msgs":[');
        }
        separator = ',';
        const { deleted } = cursor;
        out.ascii('{"id":');
        putId(out, cursor);
        out.ascii(',"fields":');
        this.entryFields(value, out, '{}');
        out.ascii(`,"deleted":${deleted}}`);
        continue;
      }
      switch (cursor.role) {
        case Role.streamLength:
          out.ascii(separator === ',' ? ']}]' : ',"entries":[]');
          out.ascii(`,"len":${cursor.integer}`);
          break;
        case Role.streamLastMs:
        case Role.streamFirstMs:
        case Role.streamMaxDeletedMs:
          ms = cursor.integer as Integer;
          break;
        case Role.streamLastSeq:
          out.ascii(`,"lastId":"${ms}-${cursor.integer}"`);
          break;
        case Role.streamFirstSeq:
          out.ascii(`,"firstId":"${ms}-${cursor.integer}"`);
          break;
        case Role.streamMaxDeletedSeq:
          out.ascii(`,"maxDeletedId":"${ms}-${cursor.integer}"`);
          break;
        case Role.streamEntriesAdded:
          out.ascii(`,"addedEntriesCount":${cursor.integer}`);
          break;
        default:
      }
    }
  }

  protected override array(value: ValueReader, out: OutputBuffer): void {
    const { cursor } = value;
    let separator = '[';
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role !== Role.arrayIndex) continue;
      out.ascii(separator);
      separator = ',';
      this.item(value.next(), value, out);
    }
    out.ascii(separator === '[' ? '[]' : ']');
  }

  protected override opaque({ type }: KeyHead, value: ValueReader, out: OutputBuffer): void {
    if (type.family !== 'module') return;
    out.ascii(',"moduleType":');
    const name = latin1Bytes(moduleName(value));
    this.strings.put(out, name, 0, name.length);
  }
}

function hasExpiry(value: ValueReader): boolean {
  const { cursor } = value;
  value.open();
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    if (cursor.role === Role.fieldExpiry && cursor.integer !== undefined) return true;
  }
  return false;
}

/** Days that a Date can hold, in ms. */
const LAST_MS = 8.64e15;

/** A time as RFC 3339 has it; as Unix ms where that has no year for it. */
function timeOf(ms: Integer): string {
  const isDate = ms >= -LAST_MS && ms <= LAST_MS;
  const time = isDate ? new Date(Number(ms)).toISOString() : '';
  return /^\d{4}-/.test(time) ? time : String(ms);
}
