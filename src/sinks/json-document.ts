import { NOT_UTF8, UTF8_WHOLE, type Utf8State, utf8State } from '../bytes/utf8.js';
import type { OutputBuffer } from './output-buffer.js';

/** Nesting up to which documents are followed; RedisJSON itself takes 128. */
const MAX_DEPTH = 512;

/** Room is made for so many bytes at a time. */
const STEP = 16 * 1024;

/** What may come next. */
const State = {
  value: 0,
  /** Behind `[`. */
  valueOrEnd: 1,
  /** Behind `{`. */
  nameOrEnd: 2,
  name: 3,
  colon: 4,
  /** Behind a value. */
  after: 5,
  string: 6,
  escape: 7,
  /** Of `\u` and four digits. */
  hex: 8,
  /** Of `true`, `false` or `null`. */
  word: 9,
  /** Of a number, behind: its sign, */
  minus: 10,
  /** a leading zero, */
  zero: 11,
  /** another digit, */
  digits: 12,
  /** the point, */
  point: 13,
  /** a digit behind it, */
  fraction: 14,
  /** the `e`, */
  exponent: 15,
  /** the sign behind it, */
  exponentSign: 16,
  /** and a digit of the exponent. */
  exponentDigits: 17,
  fault: 18,
} as const;
type State = (typeof State)[keyof typeof State];

const QUOTE = 0x22;
const ESCAPE = 0x5c;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;

/**
 * Copies a JSON document that comes in pieces, without the blanks and line ends between its
 * tokens, and says whether it is one: RFC 8259 with strict UTF-8, nested up to 512 deep.
 */
export class JsonDocument {
  private state: State = State.value;
  private depth = 0;
  /** `{` or `[` of every level. */
  private readonly open = new Uint8Array(MAX_DEPTH);
  private isName = false;
  /** Letters of a word, or digits of `\u`, that are still to come. */
  private word = '';
  private hexLeft = 0;
  private utf8: Utf8State = UTF8_WHOLE;

  begin(): void {
    this.state = State.value;
    this.depth = 0;
    this.utf8 = UTF8_WHOLE;
  }

  /** Copies a piece; false when the document is none, and then a part of it was written. */
  put(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): boolean {
    for (let from = start; from < end; from += STEP) {
      const to = Math.min(end, from + STEP);
      this.utf8 = utf8State(bytes, from, to, this.utf8);
      if (this.utf8 === NOT_UTF8) return false;
      out.ensure(to - from);
      this.copy(out, bytes, from, to);
      if (this.state === State.fault) return false;
    }
    return true;
  }

  /** Whether what was put is a whole document. */
  end(): boolean {
    return this.utf8 === UTF8_WHOLE && this.depth === 0 && (this.state === State.after || this.isNumberEnd());
  }

  private copy(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
    const target = out.bytes;
    let { at } = out;
    for (let i = start; i < end && this.state !== State.fault; i++) {
      const byte = bytes[i] as number;
      if (this.state === State.string) {
        if (byte === QUOTE) this.state = this.isName ? State.colon : State.after;
        else if (byte === ESCAPE) this.state = State.escape;
        else if (byte < 0x20) this.state = State.fault;
      } else {
        if (this.isNumberEnd() && !isOfNumber(byte)) this.state = State.after;
        if (isBlank(byte) && this.state <= State.after) continue;
        this.state = this.next(byte);
      }
      target[at++] = byte;
    }
    out.at = at;
  }

  private isNumberEnd(): boolean {
    switch (this.state) {
      case State.zero:
      case State.digits:
      case State.fraction:
      case State.exponentDigits:
        return true;
      default:
        return false;
    }
  }

  /** The state behind a byte that is not of the inside of a string. */
  private next(byte: number): State {
    const isDigit = byte >= 0x30 && byte <= 0x39;
    switch (this.state) {
      case State.valueOrEnd:
        return byte === ARRAY_END ? this.close() : this.beginValue(byte);
      case State.value:
        return this.beginValue(byte);
      case State.nameOrEnd:
        return byte === OBJECT_END ? this.close() : this.beginName(byte);
      case State.name:
        return this.beginName(byte);
      case State.colon:
        return byte === COLON ? State.value : State.fault;
      case State.after:
        return this.goOn(byte);
      case State.escape:
        return this.escape(byte);
      case State.hex:
        if (!isDigit && !((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)) return State.fault;
        return --this.hexLeft === 0 ? State.string : State.hex;
      case State.word:
        if (byte !== this.word.charCodeAt(0)) return State.fault;
        this.word = this.word.slice(1);
        return this.word === '' ? State.after : State.word;
      case State.minus:
        return isDigit ? (byte === 0x30 ? State.zero : State.digits) : State.fault;
      case State.digits:
        if (isDigit) return State.digits;
        return behindDigits(byte, true);
      case State.zero:
        return behindDigits(byte, true);
      case State.point:
        return isDigit ? State.fraction : State.fault;
      case State.fraction:
        return isDigit ? State.fraction : behindDigits(byte, false);
      case State.exponent:
        if (byte === PLUS || byte === MINUS) return State.exponentSign;
        return isDigit ? State.exponentDigits : State.fault;
      default:
        return isDigit ? State.exponentDigits : State.fault;
    }
  }

  private beginValue(byte: number): State {
    switch (byte) {
      case QUOTE:
        this.isName = false;
        return State.string;
      case OBJECT:
      case ARRAY:
        if (this.depth === MAX_DEPTH) return State.fault;
        this.open[this.depth++] = byte;
        return byte === OBJECT ? State.nameOrEnd : State.valueOrEnd;
      case MINUS:
        return State.minus;
      case 0x30:
        return State.zero;
      case 0x74:
        this.word = 'rue';
        return State.word;
      case 0x66:
        this.word = 'alse';
        return State.word;
      case 0x6e:
        this.word = 'ull';
        return State.word;
      default:
        return byte > 0x30 && byte <= 0x39 ? State.digits : State.fault;
    }
  }

  private beginName(byte: number): State {
    this.isName = true;
    return byte === QUOTE ? State.string : State.fault;
  }

  private goOn(byte: number): State {
    if (this.depth === 0) return State.fault;
    const isObject = this.open[this.depth - 1] === OBJECT;
    if (byte === COMMA) return isObject ? State.name : State.value;
    return byte === (isObject ? OBJECT_END : ARRAY_END) ? this.close() : State.fault;
  }

  private close(): State {
    this.depth--;
    return State.after;
  }

  private escape(byte: number): State {
    if (byte === 0x75) {
      this.hexLeft = 4;
      return State.hex;
    }
    return '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? State.string : State.fault;
  }
}

function behindDigits(byte: number, mayHaveFraction: boolean): State {
  if (byte === POINT && mayHaveFraction) return State.point;
  return (byte | 0x20) === 0x65 ? State.exponent : State.fault;
}

function isOfNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === POINT || (byte | 0x20) === 0x65;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
