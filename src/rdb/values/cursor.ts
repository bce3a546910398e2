import { parseDouble } from '../../bytes/ascii.js';
import {
  type Integer,
  normalInteger,
  readInt32BE,
  readInt32LE,
  signedInteger,
  unsignedInteger,
} from '../../bytes/integer.js';
import { Window } from '../../bytes/window.js';
import type { Limits } from '../../limits.js';
import type { TemplateTable } from '../../record.js';
import { INSTRUCTION, Op, type PackedLayout, type Program, Role } from '../grammar.js';
import { NO_TYPE, type ValueType } from '../types.js';
import { BlobCursor } from './blob-cursor.js';
import { type Found, NOTHING, OPENED, Token } from './token.js';

const MAX_DEPTH = 8;

/** Bytes held of a value in parts before anything was fed; more are made with the parts. */
const FIRST_WINDOW = 4096;

/**
 * Reads a serialized value token by token, whatever its type: `role` says what a token means.
 * The value is given whole (`open`) or in parts of any size (`openParts`, `feed`, `finish`).
 * Strings of any length pass in bounded memory; packed blobs are held whole, up to
 * `limits.maxPackedBlob`. Bytes of a token are borrowed until the next call.
 *
 * Every method that reads throws RdbkitError INPUT_CORRUPT for a malformed value and
 * LIMIT_EXCEEDED for one that a bound of `limits` forbids.
 */
export class ValueCursor extends BlobCursor {
  private program: Program = NO_TYPE.program;
  private pc = 0;
  private depth = 0;
  private readonly left = new Float64Array(MAX_DEPTH);
  private signed = false;
  private minExpiry: Integer = 0;
  private window: Window | undefined;
  private readonly word = new DataView(new ArrayBuffer(8));

  /** @param wantText false only checks compressed strings; they come without text then */
  constructor(limits: Limits, wantText = true) {
    super(limits, wantText);
  }

  /** Starts on a value that is in memory as a whole. `offset` is its position in the input. */
  open(
    type: ValueType,
    bytes: Uint8Array,
    start: number,
    end: number,
    offset: number,
    templates?: TemplateTable,
  ): void {
    this.reset(type, templates);
    this.view(bytes, end, offset - start);
    this.at = start;
    this.inputEnd = offset + (end - start);
    this.complete = true;
  }

  /** Starts on a value that will come in parts. */
  openParts(type: ValueType, offset: number, templates?: TemplateTable): void {
    this.reset(type, templates);
    const { maxPackedBlob, partBytes, fragmentBytes } = this.limits;
    this.window ??= new Window(FIRST_WINDOW, 2 * maxPackedBlob + 2 * partBytes + fragmentBytes);
    this.window.start = 0;
    this.window.end = 0;
    this.window.base = offset;
    this.view(this.window.bytes, 0, offset);
    this.at = 0;
    this.inputEnd = Number.POSITIVE_INFINITY;
    this.complete = false;
  }

  /** Adds the next part, once `next` has asked for it. The bytes are copied. */
  feed(bytes: Uint8Array): void {
    const window = this.window as Window;
    window.start = this.at;
    window.reserve(bytes.length);
    window.bytes.set(bytes, window.end);
    window.end += bytes.length;
    this.at = window.start;
    this.view(window.bytes, window.end, window.base);
  }

  /** Says that all parts were fed. */
  finish(): void {
    this.complete = true;
    this.inputEnd = this.base + this.end;
  }

  /** The integer of a number, count or tag token; undefined for a field without expiry. */
  get integer(): Integer | undefined {
    if (this.role === Role.fieldExpiry) return this.expiry;
    return this.signed
      ? signedInteger(this.valueHigh, this.valueLow)
      : unsignedInteger(this.valueHigh, this.valueLow);
  }

  /** Moves to the next token. */
  next(): Token {
    if (this.textLeft > 0) return this.nextFragment();
    if (this.packed !== undefined || this.inStreamNode) {
      const token = this.nextInBlob();
      if (token !== Token.end) return token;
    }
    const token = this.run();
    if (token === Token.needInput && this.complete) throw this.corrupt('the value ends too soon');
    return token;
  }

  private reset(type: ValueType, templates: TemplateTable | undefined): void {
    this.resetBlobs(type, templates);
    this.program = type.program;
    this.pc = 0;
    this.depth = 0;
  }

  /** Runs the program up to the next token. */
  private run(): Token {
    const { code } = this.program;
    for (;;) {
      const { pc } = this;
      const role = code[pc + 1] as Role;
      if (role === Role.templateValue && !this.nameSent) return this.sendName();
      this.pc = pc + INSTRUCTION;
      const found = this.execute(code[pc] as number, role, code[pc + 2] as number);
      if (found === Token.needInput) {
        this.pc = pc;
        return found;
      }
      if (found === Token.end) {
        this.pc = pc;
        if (!this.complete) return Token.needInput;
        if (this.at !== this.end) throw this.corrupt(`${this.end - this.at} bytes are left over`);
        return found;
      }
      if (found === OPENED) {
        const token = this.textLeft > 0 ? this.nextFragment() : this.firstInBlob();
        if (token !== Token.end) return token;
      } else if (found !== NOTHING) {
        return found;
      }
    }
  }

  private execute(op: number, role: Role, argument: number): Found {
    switch (op) {
      case Op.string:
        return this.readString(role);
      case Op.packed:
        return this.openBlob(this.program.layouts[argument] as PackedLayout);
      case Op.length:
        return this.readNumber(role);
      case Op.int64:
        return this.readInt64(role);
      case Op.double:
        return this.readDouble(role);
      case Op.float:
        return this.readFloat(role);
      case Op.textDouble:
        return this.readTextDouble(role);
      case Op.id:
        return this.readId(role);
      case Op.next:
        return this.endTurn(argument);
      case Op.repeat:
        return this.beginLoop(role, argument);
      case Op.times:
        return this.enterLoop(this.register, argument);
      case Op.choice:
        return this.choose(role, argument);
      case Op.jump:
        this.pc = argument;
        return NOTHING;
      case Op.count:
        return this.readRegister();
      case Op.nameBlob:
        return this.readNameBlob();
      case Op.templateId:
        return this.readTemplateId();
      default:
        return Token.end;
    }
  }

  private beginLoop(role: Role, after: number): Found {
    const count = this.readCount();
    if (count < 0) return Token.needInput;
    this.enterLoop(count, after);
    return role === Role.none ? NOTHING : this.numberToken(Token.count, role, false, this.high, this.low);
  }

  private enterLoop(count: number, after: number): Found {
    if (count === 0) this.pc = after;
    else this.left[++this.depth] = count;
    return NOTHING;
  }

  private endTurn(body: number): Found {
    const rest = (this.left[this.depth] as number) - 1;
    this.left[this.depth] = rest;
    if (rest > 0) this.pc = body;
    else this.depth--;
    return NOTHING;
  }

  private choose(role: Role, table: number): Found {
    const start = this.at;
    if (!this.readLength()) return Token.needInput;
    const target = this.high === 0 ? this.program.jumps[table]?.get(this.low >>> 0) : undefined;
    if (target === undefined) {
      this.at = start;
      throw this.corrupt(`unknown tag ${this.length}`);
    }
    this.pc = target;
    return role === Role.none ? NOTHING : this.numberToken(Token.tag, role, false, this.high, this.low);
  }

  private readRegister(): Found {
    const count = this.readCount();
    if (count < 0) return Token.needInput;
    this.register = count;
    return NOTHING;
  }

  private numberToken(token: Token, role: Role, signed: boolean, high: number, low: number): Token {
    this.role = role;
    this.signed = signed;
    this.valueHigh = high;
    this.valueLow = low;
    return token;
  }

  private readNumber(role: Role): Found {
    if (!this.readLength()) return Token.needInput;
    switch (role) {
      case Role.none:
        return NOTHING;
      case Role.expiryOrZero:
        return this.expiryToken(this.high === 0 && this.low === 0 ? undefined : this.length);
      case Role.expiryAfterMin:
        return this.expiryToken(
          this.high === 0 && this.low === 0 ? undefined : addIntegers(this.minExpiry, this.length, -1),
        );
      default:
        return this.numberToken(Token.number, role, false, this.high, this.low);
    }
  }

  private readInt64(role: Role): Found {
    const { bytes, at } = this;
    if (at + 8 > this.end) return Token.needInput;
    this.at = at + 8;
    const low = readInt32LE(bytes, at);
    const high = readInt32LE(bytes, at + 4);
    switch (role) {
      case Role.none:
        return NOTHING;
      case Role.minExpiry:
        this.minExpiry = signedInteger(high, low);
        return NOTHING;
      case Role.expiryOrMinusOne:
        return this.expiryToken(high === -1 && low === -1 ? undefined : signedInteger(high, low));
      default:
        return this.numberToken(Token.number, role, true, high, low);
    }
  }

  private readDouble(role: Role): Found {
    const { at } = this;
    if (at + 8 > this.end) return Token.needInput;
    for (let i = 0; i < 8; i++) this.word.setUint8(i, this.bytes[at + i] as number);
    this.double = this.word.getFloat64(0, true);
    this.at = at + 8;
    this.role = role;
    return role === Role.none ? NOTHING : Token.double;
  }

  private readFloat(role: Role): Found {
    const { at } = this;
    if (at + 4 > this.end) return Token.needInput;
    for (let i = 0; i < 4; i++) this.word.setUint8(i, this.bytes[at + i] as number);
    this.double = this.word.getFloat32(0, true);
    this.at = at + 4;
    this.role = role;
    return role === Role.none ? NOTHING : Token.double;
  }

  private readTextDouble(role: Role): Found {
    const { bytes, at } = this;
    if (at >= this.end) return Token.needInput;
    const size = bytes[at] as number;
    this.role = role;
    if (size >= 253) {
      this.at = at + 1;
      this.double = [Number.NaN, Infinity, -Infinity][size - 253] as number;
      return Token.double;
    }
    if (at + 1 + size > this.end) return Token.needInput;
    this.double = parseDouble(bytes, at + 1, at + 1 + size);
    if (Number.isNaN(this.double)) throw this.corrupt('a score is no number');
    this.at = at + 1 + size;
    return Token.double;
  }

  private readId(role: Role): Found {
    const { bytes, at } = this;
    if (at + 16 > this.end) return Token.needInput;
    this.msHigh = readInt32BE(bytes, at);
    this.msLow = readInt32BE(bytes, at + 4);
    this.seqHigh = readInt32BE(bytes, at + 8);
    this.seqLow = readInt32BE(bytes, at + 12);
    this.at = at + 16;
    this.role = role;
    return Token.id;
  }
}

function addIntegers(a: Integer, b: Integer, c: number): Integer {
  return normalInteger(BigInt(a) + BigInt(b) + BigInt(c));
}
