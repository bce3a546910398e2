import type { Integer } from '../bytes/integer.js';
import type { Limits } from '../limits.js';
import { Role } from '../rdb/grammar.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import { putId, putIdPair } from './json-id.js';
import { HeldGroup } from './jsonl-group.js';
import { isUtf8Value, type LineStrings } from './jsonl-strings.js';
import type { OutputBuffer } from './output-buffer.js';

/**
 * Writes streams as JSON objects: `entries`, `lastId`; from Redis 7.0 on `entriesAdded`,
 * `firstId`, `maxDeletedId`; `groups`; from Redis 8.6 on `idempotence`. What a revision of the
 * layout does not have is absent. Deleted entries are left out. A pending entry that nobody
 * holds (NACKed, Redis 8.8) has null for its consumer.
 */
export class JsonStreams {
  private readonly group: HeldGroup;

  constructor(limits: Limits) {
    this.group = new HeldGroup(limits);
  }

  /**
   * Reads the value through: whether all strings that are written are UTF-8.
   * @throws RdbkitError INPUT_CORRUPT, LIMIT_EXCEEDED, whatever `write` would throw
   */
  isUtf8(value: ValueReader): boolean {
    const { group } = this;
    group.clear();
    return isUtf8Value(value, (token, cursor) => {
      if (beginsGroup(token, cursor)) group.clear();
      group.take(token, cursor);
      const isOfEntry = cursor.role === Role.field || cursor.role === Role.value;
      return !(isOfEntry && cursor.deleted);
    });
  }

  /** Writes the value that was opened; false when a string is no UTF-8. */
  write(out: OutputBuffer, value: ValueReader, strings: LineStrings): boolean {
    const { cursor } = value;
    const { group } = this;
    let entries = 0;
    let groups = 0;
    let ms: Integer = 0;
    let first: { ms: Integer; seq: Integer } | undefined;
    let maxDeleted: { ms: Integer; seq: Integer } | undefined;

    const endGroup = (): boolean => {
      if (!group.isOpen) return true;
      if (groups++ > 0) out.ascii(',');
      return group.write(out, strings);
    };

    group.clear();
    out.ascii('{"entries":[');
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      switch (cursor.role) {
        case Role.streamEntry:
          if (cursor.deleted) {
            for (let left = 2 * cursor.pairs; left > 0; left--) value.next();
            break;
          }
          if (entries++ > 0) out.ascii(',');
          if (!writeEntry(out, value, strings)) return false;
          break;
        case Role.streamLastMs:
        case Role.streamFirstMs:
        case Role.streamMaxDeletedMs:
          ms = cursor.integer as Integer;
          break;
        case Role.streamLastSeq:
          out.ascii('],"lastId":');
          putIdPair(out, ms, cursor.integer as Integer);
          break;
        case Role.streamFirstSeq:
          first = { ms, seq: cursor.integer as Integer };
          break;
        case Role.streamMaxDeletedSeq:
          maxDeleted = { ms, seq: cursor.integer as Integer };
          break;
        case Role.streamEntriesAdded:
          out.ascii(',"entriesAdded":');
          out.integer(cursor.integer as Integer);
          break;
        case Role.streamGroups:
          if (first !== undefined) {
            out.ascii(',"firstId":');
            putIdPair(out, first.ms, first.seq);
          }
          if (maxDeleted !== undefined) {
            out.ascii(',"maxDeletedId":');
            putIdPair(out, maxDeleted.ms, maxDeleted.seq);
          }
          out.ascii(',"groups":[');
          break;
        case Role.groupName:
          if (beginsGroup(token, cursor) && !endGroup()) return false;
          group.take(token, cursor);
          break;
        case Role.idmpDuration:
          if (!endGroup()) return false;
          out.ascii('],"idempotence":{"durationSeconds":');
          out.integer(cursor.integer as Integer);
          if (!writeIdempotence(out, value, strings)) return false;
          out.ascii('}}');
          return true;
        default:
          group.take(token, cursor);
      }
    }
    if (!endGroup()) return false;
    out.ascii(']}');
    return true;
  }
}

/** A long name comes in fragments. */
function beginsGroup(token: Token, cursor: ValueCursor): boolean {
  return cursor.role === Role.groupName && (token === Token.string || cursor.isFirst);
}

/** Writes the entry of the current token: `[id, [field, value, …]]`. */
function writeEntry(out: OutputBuffer, value: ValueReader, strings: LineStrings): boolean {
  const { cursor } = value;
  out.ascii('[');
  putId(out, cursor);
  out.ascii(',[');
  for (let left = 2 * cursor.pairs; left > 0; left--) {
    if (!strings.putToken(out, value, value.next())) return false;
    if (left > 1) out.ascii(',');
  }
  out.ascii(']]');
  return true;
}

/** Writes what follows the duration: `maxSize`, `producers`, `added`, `duplicates`. */
function writeIdempotence(out: OutputBuffer, value: ValueReader, strings: LineStrings): boolean {
  const { cursor } = value;
  let ms: Integer = 0;
  let producers = 0;
  let entries = 0;
  for (let token = value.next(); token !== Token.end; token = value.next()) {
    switch (cursor.role) {
      case Role.idmpMaxSize:
        out.ascii(',"maxSize":');
        out.integer(cursor.integer as Integer);
        break;
      case Role.idmpProducers:
        out.ascii(',"producers":[');
        break;
      case Role.producerId:
        out.ascii(producers++ > 0 ? ']},{"id":' : '{"id":');
        if (!strings.putToken(out, value, token)) return false;
        out.ascii(',"entries":[');
        entries = 0;
        break;
      case Role.producerIid:
        out.ascii(entries++ > 0 ? ',[' : '[');
        if (!strings.putToken(out, value, token)) return false;
        break;
      case Role.producerMs:
        ms = cursor.integer as Integer;
        break;
      case Role.producerSeq:
        out.ascii(',');
        putIdPair(out, ms, cursor.integer as Integer);
        out.ascii(']');
        break;
      case Role.idmpAdded:
        out.ascii(producers > 0 ? ']}],"added":' : '],"added":');
        out.integer(cursor.integer as Integer);
        break;
      case Role.idmpDuplicates:
        out.ascii(',"duplicates":');
        out.integer(cursor.integer as Integer);
        break;
      default:
    }
  }
  return true;
}
