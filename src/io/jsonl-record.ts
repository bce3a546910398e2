import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { TargetFormat } from '../rdb/compat.js';
import type { MakeSpill } from '../spill.js';
import { FIELD_EXPIRIES, FieldExpiries } from './jsonl-expiries.js';
import { LineFields } from './jsonl-fields.js';
import type { JsonLine } from './jsonl-line.js';
import { type LineRecord, Members, type ReadKey } from './jsonl-members.js';
import { isKeyMetadata, readAux, readCommand, readModuleAux } from './jsonl-others.js';
import { PayloadReader } from './jsonl-payload.js';
import { ValueEncoders } from './jsonl-target.js';
import { TextBytes } from './jsonl-text.js';
import { endOfLine, Json } from './jsonl-tokens.js';
import { readValue } from './jsonl-values.js';

const MAX_DB = 2 ** 31 - 1;
const MAX_FREQUENCY = 255;
const MAX_IDLE = 2n ** 63n - 1n;
const MINUS_ONE = 2n ** 64n - 1n;

/**
 * Reads lines as records, in the form of design section 7. Members may stand in any order, but
 * `bytes` before every other string and `type` and `encoding` before the value. What is no member
 * of a record is refused: nothing that a line says may get lost.
 */
export class RecordReader {
  private readonly fields: LineFields;
  private readonly expiries: FieldExpiries;
  private readonly payloads: PayloadReader;
  private readonly encoders: ValueEncoders;
  private format: TargetFormat | undefined;
  /** The key of the line. */
  private readonly keyText = new TextBytes();
  private members = new Members();
  private line: JsonLine | undefined;
  /** Column of the fault that `read` met. */
  column = 0;
  /** Whether that fault may be that the line was cut at its end. */
  isCut = false;

  /** @param target the server to encode values for; undefined to choose by the lines */
  constructor(limits: Limits, makeSpill: MakeSpill, target: TargetFormat | undefined) {
    this.fields = new LineFields(limits);
    this.expiries = new FieldExpiries(limits);
    this.payloads = new PayloadReader(limits, makeSpill);
    this.encoders = new ValueEncoders(limits, makeSpill, target);
  }

  /** The server whose encodings values get unless they need more. */
  get target(): TargetFormat {
    return this.encoders.base;
  }

  /** Gives temporary files and memory back. */
  close(): void {
    this.payloads.close();
    this.encoders.close();
    this.keyText.release();
    this.fields.text.release();
  }

  /**
   * Reads a line; yields now and then in a long one, so that others can run.
   * @throws RdbkitError INPUT_CORRUPT, INPUT_TRUNCATED, INPUT_UNSUPPORTED, LIMIT_EXCEEDED or
   *   TARGET_INCOMPATIBLE for a line that is no record, or none that can be encoded; IO
   */
  *read(line: JsonLine): Generator<void, LineRecord> {
    let refusal: RdbkitError | undefined;
    for (const format of this.encoders.formats()) {
      this.format = format;
      try {
        return yield* this.readLine(line);
      } catch (thrown) {
        refusal = RdbkitError.from(thrown);
        if (refusal.code !== 'TARGET_INCOMPATIBLE') break;
      }
    }
    throw yield* this.located(refusal as RdbkitError);
  }

  /** Finds the column of a fault, and with it what the fault is. */
  private *located(error: RdbkitError): Generator<void, RdbkitError> {
    if (!isOfInput(error)) return error;
    const { tokens } = this.expiries.isReading ? this.expiries : this.fields;
    this.column = yield* tokens.findColumn();
    this.isCut = tokens.mayBeCut;
    return tokens.endsTooSoon ? endOfLine() : error;
  }

  private *readLine(line: JsonLine): Generator<void, LineRecord> {
    const { fields } = this;
    this.line = line;
    this.members = new Members();
    this.expiries.isReading = false;
    fields.text.isLatin1 = false;
    fields.tokens.open(line);
    fields.expect(Json.beginObject, 'a record, which is an object,');
    while (fields.nextMember()) yield* this.member(fields.uniqueName(this.members.names));
    const record = this.record(line.offset);
    if (fields.next() !== Json.end) throw fields.wrong('a line is one record');
    if (record.kind === 'aux') this.encoders.learn(record);
    return record;
  }

  private *member(name: string): Generator<void> {
    const { fields, members } = this;
    switch (name) {
      case 'db':
        members.db = fields.nextUpTo(MAX_DB);
        break;
      case 'key':
        fields.nextString();
        members.keyPlace = fields.tokens.place;
        fields.holdBytes(this.keyText, 'a key');
        break;
      case 'bytes':
        this.useLatin1();
        break;
      case 'type':
        members.type = fields.nextWord();
        break;
      case 'encoding':
        members.encoding = fields.nextWord();
        break;
      case 'expireAt':
        members.expireAtMs = fields.nextSigned();
        break;
      case 'idle':
        members.idleSeconds = fields.nextUnsigned();
        if (!isIdleTime(members.idleSeconds)) throw fields.wrong('the integer is out of range');
        break;
      case 'freq':
        members.frequency = fields.nextUpTo(MAX_FREQUENCY);
        break;
      case 'metadata':
        fields.next();
        members.metadata = yield* this.payloads.readHeld(fields, 'key metadata');
        if (!isKeyMetadata(members.metadata)) throw fields.wrong('the payload is no key metadata');
        break;
      case 'value':
      case 'payload':
        yield* this.value(name);
        break;
      case FIELD_EXPIRIES:
        yield* this.passExpiries();
        break;
      default:
        yield* this.other(name);
    }
  }

  /** Says that characters are bytes; what was read before must not have been made bytes of. */
  private useLatin1(): void {
    const { fields, members } = this;
    const form = fields.nextWord();
    if (form !== 'latin1') throw fields.wrong('"bytes" must be "latin1"');
    if (members.hasBytes) {
      throw fields.wrong('"bytes" must stand before what it is said of');
    }
    fields.text.isLatin1 = true;
    if (members.names.has('key')) this.recodeKey();
  }

  /** The key stood before it was said that its characters are bytes. */
  private recodeKey(): void {
    const { fields, members, keyText } = this;
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(keyText.bytes);
    keyText.clear();
    keyText.isLatin1 = true;
    // A character that stands for no byte is told where it is.
    const { place } = fields.tokens;
    fields.tokens.blame(members.keyPlace);
    keyText.put(text);
    fields.tokens.blame(place);
  }

  private *value(name: 'value' | 'payload'): Generator<void> {
    const { fields, members, expiries } = this;
    const { type, encoding } = members;
    if (type === undefined) throw fields.wrong(`"type" must stand before "${name}"`);
    const line = this.line as JsonLine;
    // They stand behind the value, but must be known before it.
    const expires = type === 'hash' && line.includes(`"${FIELD_EXPIRIES}"`);
    members.isSearched = expires;
    if (expires) yield* expiries.find(line);
    fields.next();
    members.value = yield* readValue(name, type, {
      fields,
      encoder: this.encoders.encoder(this.format as TargetFormat, type, encoding),
      payloads: this.payloads,
      encoding,
      expiries: expires ? expiries : undefined,
    });
  }

  /** The expiries of fields were found before the value was read. */
  private *passExpiries(): Generator<void> {
    const { fields, members } = this;
    if (members.type !== 'hash') throw fields.wrong('only fields of a hash expire');
    fields.next();
    yield* fields.tokens.skip(fields.token);
  }

  /** Reads a member of a record that is no key. */
  private *other(name: string): Generator<void> {
    const { fields, members } = this;
    const { offset } = this.line as JsonLine;
    switch (name) {
      case 'aux':
        members.other = readAux(fields, offset);
        break;
      case 'function':
        members.function = fields.nextBytes('a function library');
        break;
      case 'name':
        members.libraryName = fields.nextBytes('the name of a function library');
        break;
      case 'engine':
        members.engine = fields.nextBytes('the engine of a function library');
        break;
      case 'moduleAux':
        members.other = yield* readModuleAux(fields, this.payloads, offset);
        break;
      case 'command':
        members.other = readCommand(fields, members.db ?? 0, offset);
        break;
      default:
        throw fields.unknownMember(name);
    }
  }

  /** What the members of the line make up. */
  private record(offset: number): LineRecord {
    const { fields, members } = this;
    const kind = members.kind(fields);
    if (kind === 'key') return this.key();
    const { function: code, libraryName: name, engine } = members;
    if (code === undefined) return members.other as LineRecord;
    if ((name === undefined) !== (engine === undefined)) {
      throw fields.wrong('"name" and "engine" of a function library stand there together or not at all');
    }
    const preGa = name === undefined || engine === undefined ? {} : { preGa: { name, engine } };
    return { kind: 'function', code, ...preGa, offset };
  }

  private key(): ReadKey {
    const { fields, members } = this;
    const { names, db, expireAtMs, idleSeconds, frequency, metadata, value, isSearched } = members;
    if (value === undefined) throw fields.wrong('"value" is missing');
    if (names.has(FIELD_EXPIRIES) && !isSearched) {
      throw fields.wrong(`"${FIELD_EXPIRIES}" must be written without escapes`);
    }
    const key = this.keyText.bytes;
    return { kind: 'read-key', db: db as number, key, expireAtMs, idleSeconds, frequency, metadata, value };
  }
}

/** Servers count signed; dumps may say -1 by the largest unsigned integer. */
function isIdleTime(seconds: Integer): boolean {
  return seconds <= MAX_IDLE || seconds === MINUS_ONE;
}

/** Errors that say something of a line, after which the next can be read. */
export function isOfInput({ code }: RdbkitError): boolean {
  return code.startsWith('INPUT_') || code === 'LIMIT_EXCEEDED' || code === 'TARGET_INCOMPATIBLE';
}
