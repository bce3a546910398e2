import { readInt32LE } from '../bytes/integer.js';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DELETE = 0x7f;
const ZERO = 0x30;
const NINE = 0x39;

/** What a string is to those who look at it, which decides what of it stays. */
const Texture = {
  /** No text: every byte is drawn from all. */
  binary: 0,
  /** UTF-8: letters and digits are drawn, marks and white space stay where they are. */
  text: 1,
  /** Marks and white space alone, which are drawn then, too. */
  marks: 2,
} as const;
type Texture = (typeof Texture)[keyof typeof Texture];

const MARKS = Uint8Array.from('!#$%&()*+,-./:;<=>?@[]^_{|}~', (char) => char.charCodeAt(0));

/**
 * Bytes of the same number and classes as those given, drawn by a generator (Chris Doty-Humphrey's
 * sfc32) from a seed. The generator need not be secret: the seed is a keyed hash, which tells
 * nothing about its input, so that of a string only classes, marks and length come through.
 */
export class MaskNoise {
  private texture: Texture = Texture.binary;
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;
  /** A number must not begin with a zero that was none. */
  private inNumber = false;
  /** The byte before opened a character of four bytes. */
  private afterFour = false;

  /** @param seed 12 bytes from `at` on */
  begin(texture: Texture, seed: Uint8Array, at: number): void {
    this.texture = texture;
    this.a = readInt32LE(seed, at);
    this.b = readInt32LE(seed, at + 4);
    this.c = readInt32LE(seed, at + 8);
    this.counter = 1;
    for (let i = 0; i < 12; i++) this.word();
    this.restart();
  }

  /** Begins the string again, with other noise. */
  restart(): void {
    this.inNumber = false;
    this.afterFour = false;
  }

  /** Draws noise for `bytes[start, end)` to `target` from `at` on. */
  put(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      // Behind the bytes by which it was taken for text it may be none.
      if (isControl(byte)) this.texture = Texture.binary;
      const { texture } = this;
      target[at + i - start] =
        texture === Texture.text
          ? this.textByte(byte)
          : texture === Texture.marks
            ? (MARKS[this.below(MARKS.length)] as number)
            : this.below(256);
    }
  }

  /** A digit to make one string different from another. */
  digit(): number {
    return ZERO + this.below(10);
  }

  private textByte(byte: number): number {
    const wasInNumber = this.inNumber;
    const wasFour = this.afterFour;
    this.inNumber = byte >= ZERO && byte <= NINE;
    this.afterFour = byte >= 0xf0;
    if (this.inNumber) {
      return wasInNumber || byte === ZERO ? ZERO + this.below(10) : ZERO + 1 + this.below(9);
    }
    if (byte >= 0x61 && byte <= 0x7a) return 0x61 + this.below(26);
    if (byte >= 0x41 && byte <= 0x5a) return 0x41 + this.below(26);
    if (byte < 0x80) return byte;
    // Characters of two bytes become Latin letters, of three and four Chinese ones.
    if (byte < 0xc0) return wasFour ? 0xa0 + this.below(10) : 0x80 + this.below(64);
    if (byte < 0xe0) return 0xc3 + this.below(8);
    return byte < 0xf0 ? 0xe4 + this.below(6) : 0xf0;
  }

  /** A number from 0 to `count` - 1. */
  private below(count: number): number {
    return Math.floor(((this.word() >>> 0) * count) / 0x1_0000_0000);
  }

  private word(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum;
  }
}

/** What a string is, by these bytes; a character that is cut at their end counts as whole. */
export function textureOf(bytes: Uint8Array, start: number, end: number): Texture {
  let hasLetters = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) {
      const size = characterSize(bytes, at, end);
      if (size === 0) return Texture.binary;
      at += size - 1;
      hasLetters = true;
    } else if (isControl(byte)) {
      return Texture.binary;
    } else if (isAlphanumeric(byte)) {
      hasLetters = true;
    }
  }
  return hasLetters ? Texture.text : Texture.marks;
}

/** Whether no text has it. */
function isControl(byte: number): boolean {
  return byte < SPACE ? byte !== TAB && byte !== LF && byte !== CR : byte === DELETE;
}

function isAlphanumeric(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);
}

/** Bytes of the UTF-8 character at `at`, as far as they are there; 0 when it is none. */
function characterSize(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let i = 1; i < size && at + i < end; i++) {
    const byte = bytes[at + i] as number;
    if ((byte & 0xc0) !== 0x80) return 0;
    if (i > 1) continue;
    if ((first === 0xe0 && byte < 0xa0) || (first === 0xed && byte > 0x9f)) return 0;
    if ((first === 0xf0 && byte < 0x90) || (first === 0xf4 && byte > 0x8f)) return 0;
  }
  return Math.min(size, end - at);
}
