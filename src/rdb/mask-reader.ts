import { ByteWriter } from '../bytes/writer.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { Role } from './grammar.js';
import type { KeyedHash, MaskMethod } from './mask-method.js';
import { MaskStrings, SEEN_BYTES } from './mask-strings.js';
import type { Family } from './types.js';
import type { ValueCursor } from './values/cursor.js';
import { Token } from './values/token.js';
import type { ValueReader } from './values/value-reader.js';

/** Which strings of one value are masked, and how; undefined for those that stay. */
export interface ValueMask {
  /** The value of a string; elements of lists, sets, sorted sets and arrays. */
  readonly element: MaskMethod | undefined;
  /** The value of a field, by the name of the field; of hashes, and of the entries of streams. */
  field(name: Uint8Array, start: number, end: number): MaskMethod | undefined;
  /** The name of a field. */
  fieldName(name: Uint8Array, start: number, end: number): MaskMethod | undefined;
  /** Whether `field` and `fieldName` need to be asked at all. */
  readonly asksNames: boolean;
  /** Whether names may be masked. */
  readonly masksNames: boolean;
}

/**
 * A value as it is read, with strings replaced. Scores, ids, times, and the names of groups,
 * consumers and producers stay as they are. Strings in fragments pass in bounded memory.
 */
export class MaskReader implements ValueReader {
  /** Strings replaced since `open`. */
  replaced = 0;
  private readonly strings: MaskStrings;
  private readonly held = new ByteWriter();
  private value: ValueReader | undefined;
  private family: Family = 'opaque';
  private mask: ValueMask = NOTHING_MASKED;
  /** How the value of the current field is masked. */
  private ofField: MaskMethod | undefined;
  /** How the fragments of the current string go on. */
  private following: 'as they are' | 'noise' = 'as they are';

  constructor(
    hash: KeyedHash,
    private readonly limits: Limits,
  ) {
    this.strings = new MaskStrings(hash, limits);
  }

  /** Takes a value, of that family. */
  use(value: ValueReader, family: Family, mask: ValueMask): this {
    this.value = value;
    this.family = family;
    this.mask = mask;
    return this;
  }

  get cursor(): ValueCursor {
    return this.inner.cursor;
  }

  private get inner(): ValueReader {
    return this.value as ValueReader;
  }

  /** Size of what is read, not of what comes of it. */
  get size(): number {
    return this.inner.size;
  }

  open(): void {
    this.replaced = 0;
    this.ofField = undefined;
    this.strings.begin();
    this.inner.open();
  }

  /** @throws RdbkitError as the reader behind it, and LIMIT_EXCEEDED for what cannot be masked */
  next(): Token {
    const { cursor, mask, family } = this;
    const token = this.inner.next();
    if (token === Token.number || token === Token.double) {
      return family === 'array' && cursor.role === Role.value ? this.arrayNumber(token) : token;
    }
    if (token !== Token.string && token !== Token.fragment) return token;
    if (token === Token.fragment && !cursor.isFirst) return this.followingFragment();
    this.following = 'as they are';
    switch (cursor.role) {
      case Role.text:
        return this.replace(token, mask.element);
      case Role.element:
        return family === 'set' ? this.replaceUnlike(token, mask.element) : this.replace(token, mask.element);
      case Role.member:
        return this.replaceUnlike(token, mask.element);
      case Role.field:
        return this.fieldName(token);
      case Role.value:
        return this.replace(token, family === 'array' ? mask.element : this.ofField);
      default:
        return token;
    }
  }

  /** What was read is not to be had by this way. */
  pieces(): never {
    throw new RdbkitError('INTERNAL', 'the bytes of a masked value were asked for');
  }

  private fieldName(token: Token): Token {
    const { mask, strings, cursor, family } = this;
    if (!mask.asksNames) {
      this.ofField = mask.element;
      return token;
    }
    this.whole(token);
    const { text, textStart, textEnd } = cursor;
    this.ofField = mask.field(text, textStart, textEnd);
    if (!mask.masksNames) return Token.string;
    const method = mask.fieldName(text, textStart, textEnd);
    const isMasked = method !== undefined && method.kind !== 'keep';
    // Names of a hash differ from each other; in entries of streams they may repeat.
    if (isMasked && family === 'hash') strings.maskUnlike(method, text, textStart, textEnd);
    else if (isMasked) strings.mask(method, text, textStart, textEnd);
    else if (family === 'hash' && !strings.claim(text, textStart, textEnd)) {
      throw new RdbkitError(
        'INPUT_UNSUPPORTED',
        'a field that stays has the name that the mask gave to another',
      );
    }
    return isMasked ? this.give() : Token.string;
  }

  /** An item of an array that is stored as a number is a string to those who read it. */
  private arrayNumber(token: Token): Token {
    const { cursor, mask } = this;
    if (token === Token.double) cursor.formatDouble();
    else cursor.formatInteger();
    cursor.isInteger = false;
    return this.replace(Token.string, mask.element);
  }

  private replaceUnlike(token: Token, method: MaskMethod | undefined): Token {
    if (method === undefined || method.kind === 'keep') return token;
    if (method.kind === 'hash') return this.replace(token, method);
    this.whole(token);
    const { cursor } = this;
    this.strings.maskUnlike(method, cursor.text, cursor.textStart, cursor.textEnd);
    return this.give();
  }

  private replace(token: Token, method: MaskMethod | undefined): Token {
    if (method === undefined || method.kind === 'keep') return token;
    const { cursor, strings } = this;
    if (token === Token.string) {
      if (cursor.isInteger) cursor.formatInteger();
      strings.mask(method, cursor.text, cursor.textStart, cursor.textEnd);
      return this.give();
    }
    switch (method.kind) {
      case 'fixed':
        this.eachFragment(() => {});
        strings.putFixed(method.text);
        return this.give();
      case 'hash':
        strings.beginHash();
        this.eachFragment((bytes, start, end) => strings.addHash(bytes, start, end));
        strings.endHash();
        return this.give();
      case 'noise':
        return this.firstNoise();
    }
  }

  /** Noise depends on the beginning of a string, of which there has to be enough first. */
  private firstNoise(): Token {
    const { cursor, held, strings } = this;
    held.size = 0;
    held.put(cursor.text, cursor.textStart, cursor.textEnd);
    while (!cursor.isLast && held.size < SEEN_BYTES) {
      this.inner.next();
      held.put(cursor.text, cursor.textStart, cursor.textEnd);
    }
    strings.seed(held.bytes, 0, held.size, cursor.total);
    strings.putNoise(held.bytes, 0, held.size);
    this.following = 'noise';
    this.give();
    cursor.isFirst = true;
    return Token.fragment;
  }

  private followingFragment(): Token {
    const { cursor, strings } = this;
    if (this.following === 'noise') {
      strings.putNoise(cursor.text, cursor.textStart, cursor.textEnd);
      this.show();
    }
    return Token.fragment;
  }

  /** Makes the string that the token is or begins one text. */
  private whole(token: Token): void {
    const { cursor, held } = this;
    if (token === Token.string) {
      if (cursor.isInteger) cursor.formatInteger();
      cursor.isInteger = false;
      return;
    }
    if (cursor.total > this.limits.maxHeldString) {
      throw new RdbkitError('LIMIT_EXCEEDED', `a name or member of ${cursor.total} bytes cannot be masked`);
    }
    held.size = 0;
    this.eachFragment((bytes, start, end) => held.put(bytes, start, end));
    cursor.text = held.bytes;
    cursor.textStart = 0;
    cursor.textEnd = held.size;
    cursor.isInteger = false;
  }

  private eachFragment(take: (bytes: Uint8Array, start: number, end: number) => void): void {
    const { cursor } = this;
    take(cursor.text, cursor.textStart, cursor.textEnd);
    while (!cursor.isLast) {
      this.inner.next();
      take(cursor.text, cursor.textStart, cursor.textEnd);
    }
  }

  private give(): Token {
    this.replaced++;
    this.show();
    return Token.string;
  }

  /** Lets the cursor show what was made, until it moves on. */
  private show(): void {
    const { cursor, strings } = this;
    cursor.isInteger = false;
    cursor.text = strings.bytes;
    cursor.textStart = 0;
    cursor.textEnd = strings.size;
  }
}

const NOTHING_MASKED: ValueMask = {
  element: undefined,
  field: () => undefined,
  fieldName: () => undefined,
  asksNames: false,
  masksNames: false,
};
