import { latin1Bytes, latin1Text } from '../bytes/ascii.js';
import { RdbkitError } from '../errors.js';

/** A reply as far as rdbkit needs it: bulk strings and nested arrays are told by their sizes only. */
export type Reply =
  | { readonly kind: 'status' | 'error'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  /** A bulk string; -1 for none. */
  | { readonly kind: 'bulk'; readonly size: number }
  /** An array of so many elements; -1 for none. */
  | { readonly kind: 'array'; readonly size: number };

export interface ReplyHandler {
  /** The reply `+OK`, which is nearly every one, without an object made for it. */
  onOk(): void;
  onReply(reply: Reply): void;
  /** Element `index` of the array that the next reply is; arrays inside of it are told by size. */
  onElement?(index: number, reply: Reply): void;
}

const CR = 0x0d;
const LF = 0x0a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
const ZERO = 0x30;
const BULK = 0x24;
const ARRAY = 0x2a;

/** Longest line that a server may send; error texts can quote a key. */
const MAX_LINE = 65_536;

/** Replies that come often, made once. */
const OK: Reply = { kind: 'status', text: 'OK' };
const QUEUED: Reply = { kind: 'status', text: 'QUEUED' };
const QUEUED_LINE = latin1Bytes('+QUEUED\r\n');
const INTEGERS: readonly Reply[] = Array.from({ length: 256 }, (_, value) => ({ kind: 'integer', value }));

/** Digits of integers that are read without making a string. */
const SHORT_DIGITS = 15;

/**
 * Takes the replies of a server apart, without I/O: RESP2, in chunks of any size.
 */
export class ReplyDecoder {
  /** What is left of a line that the chunks before have begun. */
  private line = new Uint8Array(0);
  /** Bytes of a bulk string, with its line end, that are still to pass. */
  private bulkLeft = 0;
  /** Elements left in the arrays that are open, outermost first. */
  private readonly open: number[] = [];
  private pending: Reply | undefined;
  /** Elements of the outermost array that were handed out, and the one that is being read. */
  private elements = 0;
  private inner: Reply = OK;

  /** @throws RdbkitError TARGET_REPLY when the bytes are no RESP */
  push(chunk: Uint8Array, handler: ReplyHandler): void {
    let at = 0;
    let bytes = chunk;
    if (this.line.length > 0) {
      bytes = new Uint8Array(this.line.length + chunk.length);
      bytes.set(this.line);
      bytes.set(chunk, this.line.length);
      this.line = new Uint8Array(0);
    }
    while (at < bytes.length) {
      if (this.bulkLeft > 0) {
        at = this.passBulk(bytes, at);
        if (this.bulkLeft === 0) this.endElement(handler);
        continue;
      }
      if (
        this.open.length === 0 &&
        bytes[at] === PLUS &&
        bytes[at + 1] === 0x4f &&
        bytes[at + 2] === 0x4b &&
        bytes[at + 3] === CR &&
        bytes[at + 4] === LF
      ) {
        at += 5;
        handler.onOk();
        continue;
      }
      const next = this.readShort(bytes, at, handler);
      if (next > at) {
        at = next;
        continue;
      }
      const end = lineEnd(bytes, at);
      if (end < 0) {
        this.line = bytes.slice(at);
        if (this.line.length > MAX_LINE) throw malformed('a reply line without end');
        return;
      }
      if (end - at > MAX_LINE) throw malformed('a reply line without end');
      this.readLine(bytes, at, end, handler);
      at = end + 2;
    }
  }

  /** Reads a short integer or +QUEUED that is there whole; returns where it ends, `at` for all else. */
  private readShort(bytes: Uint8Array, at: number, handler: ReplyHandler): number {
    if (bytes[at] === PLUS) {
      for (let i = 1; i < QUEUED_LINE.length; i++) if (bytes[at + i] !== QUEUED_LINE[i]) return at;
      this.element(QUEUED, handler);
      return at + QUEUED_LINE.length;
    }
    if (bytes[at] !== COLON) return at;
    let value = 0;
    let end = at + 1;
    for (; end <= at + SHORT_DIGITS; end++) {
      const digit = (bytes[end] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = 10 * value + digit;
    }
    if (end === at + 1 || bytes[end] !== CR || bytes[end + 1] !== LF) return at;
    this.element(INTEGERS[value] ?? { kind: 'integer', value }, handler);
    return end + 2;
  }

  /** Passes what is there of a bulk string, whose last two bytes must be its line end. */
  private passBulk(bytes: Uint8Array, start: number): number {
    let at = start + Math.min(Math.max(0, this.bulkLeft - 2), bytes.length - start);
    this.bulkLeft -= at - start;
    for (; this.bulkLeft > 0 && at < bytes.length; at++) {
      if (bytes[at] !== (this.bulkLeft === 2 ? CR : LF)) throw malformed('a bulk reply that is not closed');
      this.bulkLeft--;
    }
    return at;
  }

  private readLine(bytes: Uint8Array, start: number, end: number, handler: ReplyHandler): void {
    const mark = bytes[start];
    const text = latin1Text(bytes, start + 1, end);
    switch (mark) {
      case PLUS:
        this.element({ kind: 'status', text }, handler);
        break;
      case MINUS:
        this.element({ kind: 'error', text }, handler);
        break;
      case COLON:
        if (!/^-?\d{1,19}$/.test(text)) throw malformed('an integer reply without an integer');
        this.element({ kind: 'integer', value: Number(text) }, handler);
        break;
      case BULK:
        this.beginBulk(sizeOf(text), handler);
        break;
      case ARRAY:
        this.beginArray(sizeOf(text), handler);
        break;
      default:
        throw malformed('a reply of an unknown kind');
    }
  }

  private beginBulk(size: number, handler: ReplyHandler): void {
    this.begin({ kind: 'bulk', size });
    if (size < 0) this.endElement(handler);
    else this.bulkLeft = size + 2;
  }

  private beginArray(size: number, handler: ReplyHandler): void {
    if (this.open.length === 0) this.elements = 0;
    this.begin({ kind: 'array', size });
    if (size > 0) this.open.push(size);
    else this.endElement(handler);
  }

  private element(reply: Reply, handler: ReplyHandler): void {
    this.begin(reply);
    this.endElement(handler);
  }

  private begin(reply: Reply): void {
    if (this.open.length === 0) this.pending = reply;
    else if (this.open.length === 1) this.inner = reply;
  }

  /** Closes the arrays that this element was the last of; hands out the reply when all are closed. */
  private endElement(handler: ReplyHandler): void {
    const { open } = this;
    while (open.length > 0) {
      if (open.length === 1) handler.onElement?.(this.elements++, this.inner);
      const left = (open.pop() as number) - 1;
      if (left > 0) {
        open.push(left);
        return;
      }
    }
    const reply = this.pending as Reply;
    this.pending = undefined;
    if (reply.kind === 'status' && reply.text === 'OK') handler.onOk();
    else handler.onReply(reply);
  }
}

function lineEnd(bytes: Uint8Array, start: number): number {
  let at = bytes.indexOf(CR, start);
  while (at >= 0 && at + 1 < bytes.length && bytes[at + 1] !== LF) at = bytes.indexOf(CR, at + 1);
  return at >= 0 && at + 1 < bytes.length ? at : -1;
}

function sizeOf(text: string): number {
  if (!/^(?:-1|\d{1,15})$/.test(text)) throw malformed('a reply with no size');
  return Number(text);
}

function malformed(message: string): RdbkitError {
  return new RdbkitError('TARGET_REPLY', message, {
    hint: 'check that the port belongs to a Redis or Valkey server',
  });
}
