import { MAX_INTEGER_DIGITS, putAscii, putInteger } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { OutputBuffer } from './output-buffer.js';

const CR = 0x0d;
const LF = 0x0a;
/** First byte of a bulk string. */
export const BULK = 0x24;
const ARRAY = 0x2a;

/** Bytes around the content of a bulk string, at most. */
export const FRAME_BYTES = MAX_INTEGER_DIGITS + 5;

/** Up to so many bytes a loop copies faster than `set`, which needs a view of its own. */
const SHORT = 96;

/** Strings above this go into the buffer piece by piece, so that it need not hold them whole. */
export const PIECE = 128 * 1024;

/** Begins a command of so many arguments, its name included. */
export function putCommand(out: OutputBuffer, argumentCount: number): void {
  out.ensure(FRAME_BYTES);
  out.at = putHeader(out.bytes, out.at, ARRAY, argumentCount);
}

/** An argument of bytes. */
export function putBulk(out: OutputBuffer, bytes: Uint8Array, start = 0, end = bytes.length): void {
  const size = end - start;
  if (size > PIECE) {
    beginBulk(out, size);
    putPieces(out, bytes, start, end);
    endBulk(out);
    return;
  }
  out.ensure(size + FRAME_BYTES);
  const target = out.bytes;
  let at = putHeader(target, out.at, BULK, size);
  if (size <= SHORT) {
    for (let i = start; i < end; i++) target[at++] = bytes[i] as number;
  } else {
    target.set(bytes.subarray(start, end), at);
    at += size;
  }
  target[at] = CR;
  target[at + 1] = LF;
  out.at = at + 2;
}

/** An argument of ASCII text. */
export function putBulkText(out: OutputBuffer, text: string): void {
  out.ensure(text.length + FRAME_BYTES);
  out.at = putAscii(out.bytes, putHeader(out.bytes, out.at, BULK, text.length), text);
  endBulk(out);
}

/** An argument that is an integer in decimal. */
export function putBulkInteger(out: OutputBuffer, value: Integer): void {
  out.ensure(MAX_INTEGER_DIGITS + 2 * FRAME_BYTES);
  const spare = out.at + FRAME_BYTES;
  const size = putInteger(out.bytes, spare, value) - spare;
  out.at = putInteger(out.bytes, putHeader(out.bytes, out.at, BULK, size), value);
  endBulk(out);
}

/** An argument that is the string of the current token, whole. */
export function putBulkString(out: OutputBuffer, cursor: ValueCursor): void {
  if (cursor.isInteger) cursor.formatInteger();
  putBulk(out, cursor.text, cursor.textStart, cursor.textEnd);
}

/** An argument that is the string which the current token is or begins, to its last fragment. */
export function putBulkToken(out: OutputBuffer, token: Token, value: ValueReader): void {
  const { cursor } = value;
  if (token !== Token.fragment) {
    putBulkString(out, cursor);
    return;
  }
  beginBulk(out, cursor.total);
  for (;;) {
    putPieces(out, cursor.text, cursor.textStart, cursor.textEnd);
    if (cursor.isLast) break;
    value.next();
  }
  endBulk(out);
}

/** Begins an argument of `size` bytes, which the caller puts before `endBulk`. */
export function beginBulk(out: OutputBuffer, size: number): void {
  out.ensure(FRAME_BYTES);
  out.at = putHeader(out.bytes, out.at, BULK, size);
}

export function endBulk(out: OutputBuffer): void {
  out.ensure(2);
  out.bytes[out.at++] = CR;
  out.bytes[out.at++] = LF;
}

/** Bytes of any number, handed on as they come. */
export function putPieces(out: OutputBuffer, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += PIECE) out.put(bytes, at, Math.min(end, at + PIECE));
}

/** The header line of a bulk string or command; returns the position behind it. */
export function putHeader(target: Uint8Array, pos: number, mark: number, size: number): number {
  target[pos] = mark;
  let at = pos + 1;
  // Most strings are shorter than a hundred bytes.
  if (size < 10) target[at++] = 0x30 + size;
  else if (size < 100) {
    const tens = (size / 10) | 0;
    target[at++] = 0x30 + tens;
    target[at++] = 0x30 + size - 10 * tens;
  } else at = putInteger(target, at, size);
  target[at] = CR;
  target[at + 1] = LF;
  return at + 2;
}

/** A command takes no more arguments than so many behind its key … */
const MAX_ARGUMENTS = 512;
/** … or once it has so many bytes. */
const MAX_BYTES = 64 * 1024;

/**
 * A command on one key whose number of arguments shows only when it is complete: its header is
 * put in front then. Until then nothing of it is handed on.
 */
export class GrowingCommand {
  /** Arguments behind the key. */
  count = 0;
  isOpen = false;
  private start = 0;
  /** Bytes left free for the header: as many as the one before took, so that few have to move. */
  private room = 4;
  private mayFlush = true;

  /** True when the command should end before there is more. */
  isFull(out: OutputBuffer): boolean {
    return this.count >= MAX_ARGUMENTS || out.at - this.start >= MAX_BYTES;
  }

  /** Arguments that may come before it `isFull`, and bytes of them. */
  argumentsLeft(): number {
    return MAX_ARGUMENTS - this.count;
  }

  bytesLeft(out: OutputBuffer): number {
    return Math.max(0, MAX_BYTES - (out.at - this.start));
  }

  /** @param name the name as a bulk string, see `framedName` */
  begin(out: OutputBuffer, name: Uint8Array, key: Uint8Array, keyStart: number, keyEnd: number): void {
    this.mayFlush = out.mayFlush;
    out.spill();
    out.ensure(2 * FRAME_BYTES);
    out.mayFlush = false;
    this.isOpen = true;
    this.count = 0;
    this.start = out.at;
    out.at += this.room;
    out.put(name);
    putBulk(out, key, keyStart, keyEnd);
  }

  /** Ends the command. @param missing arguments that the caller puts behind it */
  end(out: OutputBuffer, missing = 0): void {
    const argumentCount = 2 + this.count + missing;
    const size = argumentCount < 10 ? 4 : argumentCount < 100 ? 5 : argumentCount < 1000 ? 6 : 7;
    if (size !== this.room) {
      out.ensure(size);
      out.bytes.copyWithin(this.start + size, this.start + this.room, out.at);
      out.at += size - this.room;
      this.room = size;
    }
    putHeader(out.bytes, this.start, ARRAY, argumentCount);
    this.isOpen = false;
    out.mayFlush = this.mayFlush;
  }

  /** Forgets a command that an error has ended. */
  drop(): void {
    this.isOpen = false;
  }
}

/** The name of a command as a bulk string. */
export function framedName(name: string): Uint8Array {
  return Uint8Array.from(`$${name.length}\r\n${name}\r\n`, (char) => char.charCodeAt(0));
}
