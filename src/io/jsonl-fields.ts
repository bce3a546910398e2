import { type Integer, normalInteger } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { StreamId } from '../rdb/values/value.js';
import { TextBytes } from './jsonl-text.js';
import { Json, JsonTokens, MAX_NUMBER } from './jsonl-tokens.js';

/** Names of members and the like are not read beyond this many characters. */
const MAX_NAME = 1024;

const INTEGER = /^-?(?:0|[1-9]\d{0,19})$/;
const ID = /^(0|[1-9]\d{0,19})-(0|[1-9]\d{0,19})$/;

const MAX_SIGNED = 2n ** 63n - 1n;
const MAX_UNSIGNED = 2n ** 64n - 1n;

/** Takes strings whole or in fragments, as the builders of values do. */
interface StringSink {
  add(bytes: Uint8Array, start?: number, end?: number): void;
  beginString(total?: number): void;
  append(bytes: Uint8Array, start?: number, end?: number): void;
  endString(): void;
}

/**
 * What the members of a record are made of, read from its tokens. Every method throws RdbkitError
 * INPUT_CORRUPT for what is something else, and LIMIT_EXCEEDED for what is too long to be held.
 */
export class LineFields {
  readonly tokens = new JsonTokens();
  readonly text = new TextBytes();
  /** The token that `next` found. */
  token: Json = Json.end;

  constructor(readonly limits: Limits) {}

  next(): Json {
    this.token = this.tokens.next();
    return this.token;
  }

  expect(token: Json, what: string): void {
    if (this.next() !== token) throw this.wrong(`${what} must stand here`);
  }

  /** Moves on in an array: false at its end. */
  nextElement(): boolean {
    return this.next() !== Json.endArray;
  }

  /** Moves on in an object, to the key of its next member: false at its end. */
  nextMember(): boolean {
    return this.next() === Json.key;
  }

  /** The key that is the current token, which must be one of few. */
  name(): string {
    const { tokens } = this;
    return tokens.isWhole && tokens.text.length <= MAX_NAME ? tokens.text : '';
  }

  /** The key that is the current token, which must not be among those before it; it is put there. */
  uniqueName(names: Set<string>): string {
    const name = this.name();
    if (names.has(name)) throw this.wrong(`"${name}" stands there twice`);
    names.add(name);
    return name;
  }

  requireMembers(names: ReadonlySet<string>, ...needed: readonly string[]): void {
    const missing = needed.find((name) => !names.has(name));
    if (missing !== undefined) throw this.wrong(`"${missing}" is missing`);
  }

  unknownMember(name: string): RdbkitError {
    const shown = name === '' || name.length > 40 ? 'the member' : JSON.stringify(name);
    return this.wrong(`${shown} is not known here`);
  }

  requireObject(): void {
    if (this.token !== Json.beginObject) throw this.wrong('an object must stand here');
  }

  requireArray(): void {
    if (this.token !== Json.beginArray) throw this.wrong('an array must stand here');
  }

  endArray(): void {
    this.expect(Json.endArray, 'the end of the array');
  }

  requireString(): void {
    if (this.token !== Json.string) throw this.wrong('a string must stand here');
  }

  nextString(): void {
    this.next();
    this.requireString();
  }

  /** The next token, a short string, as text. */
  nextWord(): string {
    this.nextString();
    const { tokens } = this;
    if (!tokens.isWhole || tokens.text.length > MAX_NAME) throw this.wrong('the text is too long');
    return tokens.text;
  }

  /** The string that the current token is or begins, as text. */
  heldText(what: string): string {
    const { tokens, limits } = this;
    let { text } = tokens;
    while (!tokens.isWhole) {
      tokens.more();
      text += tokens.text;
      if (text.length > limits.maxHeldString) throw this.tooLong(what);
    }
    return text;
  }

  /** Puts the bytes of the string that the current token is or begins to a place of their own. */
  holdBytes(target: TextBytes, what: string): void {
    const { tokens, text, limits } = this;
    target.clear();
    target.isLatin1 = text.isLatin1;
    for (;;) {
      target.put(tokens.text);
      if (target.bytes.length > limits.maxHeldString) throw this.tooLong(what);
      if (tokens.isWhole) return;
      tokens.more();
    }
  }

  /** The bytes of the next token, a string, as a copy. */
  nextBytes(what: string): Uint8Array {
    this.nextString();
    return this.bytesOf(this.heldText(what), what);
  }

  /** The bytes that a text stands for, as a copy. */
  bytesOf(text: string, what: string): Uint8Array {
    this.text.clear();
    this.text.put(text);
    const bytes = this.text.bytes.slice();
    if (bytes.length > this.limits.maxHeldString) throw this.tooLong(what);
    return bytes;
  }

  /** Gives the string that is the current token, if all of it is in view; see `addLong` for others. */
  add(sink: StringSink): boolean {
    const { tokens, text } = this;
    if (!tokens.isWhole) return false;
    text.clear();
    text.put(tokens.text);
    sink.add(text.out.reserve(0), 0, text.out.size);
    return true;
  }

  /** Gives the string that the current token begins, piece by piece. */
  *addLong(sink: StringSink): Generator<void> {
    const { tokens, text } = this;
    sink.beginString();
    for (;;) {
      text.clear();
      text.put(tokens.text);
      sink.append(text.out.reserve(0), 0, text.out.size);
      if (tokens.isWhole) break;
      if (tokens.isDue) yield* tokens.turn();
      tokens.more();
    }
    sink.endString();
  }

  /** The current token as an integer, signed or unsigned 64-bit. */
  integer(form: 'signed' | 'unsigned'): Integer {
    const { text } = this.tokens;
    if (this.token !== Json.number || !INTEGER.test(text)) throw this.wrong('an integer must stand here');
    if (text.length < 16) return Number(text) + 0;
    const value = BigInt(text);
    const isInRange =
      form === 'signed'
        ? value >= -MAX_SIGNED - 1n && value <= MAX_SIGNED
        : value >= 0n && value <= MAX_UNSIGNED;
    if (!isInRange) throw this.wrong('the integer is out of range');
    return normalInteger(value);
  }

  nextSigned(): Integer {
    this.next();
    return this.integer('signed');
  }

  nextUnsigned(): Integer {
    this.next();
    return this.unsigned();
  }

  /** The current token as an unsigned integer. */
  unsigned(): Integer {
    const value = this.integer('unsigned');
    if (value < 0) throw this.wrong('the integer is out of range');
    return value;
  }

  /** The next token as an integer from 0 to a bound. */
  nextUpTo(most: number): number {
    const value = this.nextUnsigned();
    if (value > most) throw this.wrong('the integer is out of range');
    return Number(value);
  }

  /** The next token as a score: a number, or "inf" or "-inf". */
  nextScore(): number {
    const token = this.next();
    const { text, isWhole } = this.tokens;
    if (token === Json.number) {
      const value = Number(text);
      if (text.length > MAX_NUMBER) throw this.wrong('the number has too many digits');
      if (Number.isFinite(value)) return value;
      throw this.wrong('the number is out of range');
    }
    if (token === Json.string && isWhole) {
      if (text === 'inf') return Number.POSITIVE_INFINITY;
      if (text === '-inf') return Number.NEGATIVE_INFINITY;
      if (text === 'nan') throw this.wrong('a score is not a number, which servers refuse');
    }
    throw this.wrong('a score must stand here: a number, "inf" or "-inf"');
  }

  /** The current token as a stream id, `ms-seq`. */
  id(): StreamId {
    this.requireString();
    const { tokens } = this;
    const match = tokens.isWhole ? ID.exec(tokens.text) : null;
    if (match === null) throw this.wrong('a stream id must stand here, as "1700000000000-0"');
    return { ms: this.half(match[1] as string), seq: this.half(match[2] as string) };
  }

  nextId(): StreamId {
    this.next();
    return this.id();
  }

  wrong(reason: string): RdbkitError {
    return new RdbkitError('INPUT_CORRUPT', reason);
  }

  private half(digits: string): Integer {
    if (digits.length < 16) return Number(digits);
    const value = BigInt(digits);
    if (value > MAX_UNSIGNED) throw this.wrong('the stream id is out of range');
    return normalInteger(value);
  }

  private tooLong(what: string): RdbkitError {
    return new RdbkitError('LIMIT_EXCEEDED', `${what} is longer than ${this.limits.maxHeldString} bytes`);
  }
}
