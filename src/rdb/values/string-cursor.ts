import { doubleText, putAscii, putInteger } from '../../bytes/ascii.js';
import { type Integer, signedInteger } from '../../bytes/integer.js';
import { LzfStream, lzfIsValid } from '../../codec/lzf.js';
import { LzfInflater } from '../../codec/lzf-inflater.js';
import type { RdbkitError } from '../../errors.js';
import type { Limits } from '../../limits.js';
import { Role } from '../grammar.js';
import { Scanner, StringForm } from '../scanner.js';
import { type Found, NOTHING, OPENED, Token } from './token.js';

const EMPTY = new Uint8Array(0);

/** The part of the value cursor that reads strings: whole ones, and long ones in fragments. */
export abstract class StringCursor extends Scanner {
  role: Role = Role.none;

  /** Of a string: whether it is stored as the integer `valueHigh:valueLow`, else it is `text`. */
  isInteger = false;
  valueHigh = 0;
  valueLow = 0;
  /** The string is `text[textStart, textEnd)`. */
  text: Uint8Array = EMPTY;
  textStart = 0;
  textEnd = 0;
  /** Of a fragment: bytes of the whole string, and whether this piece is its first or last. */
  total = 0;
  isFirst = false;
  isLast = false;

  double = 0;

  /** True when no more input will come. */
  protected complete = true;
  /** Bytes of the long string that are still to be handed out, and of its stored form to be read. */
  protected textLeft = 0;
  private storedLeft = 0;
  private lzf: LzfStream | undefined;
  private scratch: Uint8Array = EMPTY;
  protected readonly inflater = new LzfInflater();
  private readonly digits = new Uint8Array(40);
  /** The id of the stream node that comes next. */
  protected readonly nodeId = new Uint8Array(16);

  /**
   * @param wantText false checks compressed strings without decompressing them; they come without
   *   text then
   */
  constructor(
    limits: Limits,
    protected readonly wantText: boolean,
  ) {
    super(limits);
  }

  /** Turns the integer of a string token into `text`, its decimal form. */
  formatInteger(): void {
    const { valueHigh, valueLow, digits } = this;
    const value: Integer = valueHigh === valueLow >> 31 ? valueLow : signedInteger(valueHigh, valueLow);
    this.text = digits;
    this.textStart = 0;
    this.textEnd = putInteger(digits, 0, value);
  }

  /** Puts the shortest decimal form of `double` into `text`. */
  formatDouble(): void {
    this.text = this.digits;
    this.textStart = 0;
    this.textEnd = putAscii(this.digits, 0, doubleText(this.double));
  }

  protected readString(role: Role): Found {
    const start = this.at;
    if (!this.readStringHeader()) return Token.needInput;
    const { at, stored, form } = this;
    const inView = at + stored <= this.end;
    this.role = role === Role.templateValue ? Role.value : role;
    if (form !== StringForm.integer && this.size > this.limits.fragmentBytes) {
      if (!inView || (form === StringForm.lzf && this.wantText)) return this.openLongString();
    }
    if (!inView) {
      this.at = start;
      return Token.needInput;
    }
    this.isInteger = form === StringForm.integer;
    if (form === StringForm.integer) {
      this.valueLow = this.storedInteger();
      this.valueHigh = this.valueLow >> 31;
    } else if (form === StringForm.raw) {
      this.text = this.bytes;
      this.textStart = at;
      this.textEnd = at + stored;
    } else if (this.wantText || STRUCTURAL.has(role)) {
      this.inflate(at, stored, this.size);
    } else {
      if (!lzfIsValid(this.bytes, at, at + stored, this.size)) throw this.damagedLzf();
      this.text = EMPTY;
      this.textEnd = this.textStart = 0;
    }
    this.at = at + stored;
    return this.passString(role);
  }

  /** Keeps the strings that only tell how to read others, and hands out the rest. */
  protected passString(role: Role): Found {
    switch (role) {
      case Role.streamNodeId:
        if (this.isInteger || this.textEnd - this.textStart !== 16) {
          throw this.corrupt('the id of a stream node is not 16 bytes long');
        }
        this.nodeId.set(this.text.subarray(this.textStart, this.textEnd));
        return NOTHING;
      case Role.templateName:
        this.keepName();
        return NOTHING;
      default:
        this.endString();
        return Token.string;
    }
  }

  protected inflate(at: number, stored: number, size: number): void {
    const { inflater } = this;
    if (!inflater.inflate(this.bytes, at, at + stored, size)) throw this.damagedLzf();
    this.text = inflater.bytes;
    this.textStart = inflater.start;
    this.textEnd = inflater.start + size;
  }

  protected openLongString(): Found {
    if (STRUCTURAL.has(this.role)) throw this.tooLarge('a name', this.size);
    this.total = this.size;
    this.textLeft = this.size;
    this.storedLeft = this.stored;
    this.lzf = this.form === StringForm.lzf ? new LzfStream() : undefined;
    return OPENED;
  }

  protected nextFragment(): Token {
    const room = Math.min(this.textLeft, this.limits.fragmentBytes);
    const available = Math.min(this.end - this.at, this.storedLeft);
    const isAll = available === this.storedLeft;
    const consumed =
      this.lzf === undefined
        ? this.rawFragment(available, room)
        : this.lzfFragment(this.lzf, available, room);
    this.at += consumed;
    this.storedLeft -= consumed;
    const produced = this.textEnd - this.textStart;
    if (produced === 0) {
      if (isAll || this.complete) throw this.damagedLzf();
      return Token.needInput;
    }
    this.isFirst = this.textLeft === this.total;
    this.textLeft -= produced;
    this.isLast = this.textLeft === 0;
    if (this.isLast && this.storedLeft > 0) throw this.damagedLzf();
    if (this.isLast) this.endString();
    return Token.fragment;
  }

  protected rawFragment(available: number, room: number): number {
    this.text = this.bytes;
    this.textStart = this.at;
    this.textEnd = this.at + Math.min(available, room);
    return this.textEnd - this.textStart;
  }

  protected lzfFragment(lzf: LzfStream, available: number, room: number): number {
    const { fragmentBytes } = this.limits;
    if (this.scratch.length < fragmentBytes) this.scratch = new Uint8Array(fragmentBytes);
    this.text = this.scratch;
    this.textStart = 0;
    this.textEnd = lzf.write(this.bytes, this.at, this.at + available, this.scratch, 0, room);
    if (this.textEnd < 0 || (this.textEnd === this.textLeft && !lzf.atBoundary)) throw this.damagedLzf();
    return lzf.inputAt - this.at;
  }

  /** Takes a field name of a template, which is the current string. */
  protected abstract keepName(): void;

  /** Called when a string that is handed out was read to its end. */
  protected abstract endString(): void;

  protected damagedLzf(): RdbkitError {
    return this.corrupt('an LZF block is damaged');
  }

  protected tooLarge(what: string, size: number): RdbkitError {
    return this.error('LIMIT_EXCEEDED', `${what} of ${size} bytes is larger than may be held`);
  }
}

/** Strings that are needed to read others, and so always decompressed. */
const STRUCTURAL: ReadonlySet<Role> = new Set([Role.streamNodeId, Role.templateName]);
