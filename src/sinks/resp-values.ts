import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import { INSTRUCTION, Role } from '../rdb/grammar.js';
import type { ValueType } from '../rdb/types.js';
import type { ValueCursor } from '../rdb/values/cursor.js';
import { valueTypeOf } from '../rdb/values/decode.js';
import { Token } from '../rdb/values/token.js';
import type { ValueReader } from '../rdb/values/value-reader.js';
import type { KeyHead, KeyRecord } from '../record.js';
import { framed } from '../resp/command-writer.js';
import { BulkWriter, fixedBytes, SHORT_INTEGER } from './bulk-writer.js';
import { HeldText } from './held-text.js';
import { MAX_NUMBER_BYTES, ScoreWriter } from './json-number.js';
import { ListpackBulks } from './listpack-bulks.js';
import type { OutputBuffer } from './output-buffer.js';
import {
  framedName,
  GrowingCommand,
  putBulk,
  putBulkInteger,
  putBulkText,
  putBulkToken,
  putCommand,
} from './resp-framing.js';
import { StreamCommands } from './resp-stream.js';
import { type CommandTarget, hasArrays, hasFieldExpiry, hasHset, hasStreams } from './resp-target.js';
import { Unwritable } from './unwritable.js';

const RPUSH = framedName('RPUSH');
const SADD = framedName('SADD');
const ZADD = framedName('ZADD');
const HSET = framedName('HSET');
const HMSET = framedName('HMSET');
const ARMSET = framedName('ARMSET');

/** Longest field with an expiry: its name is needed twice. Also what a string may be that is held. */
const MAX_HELD = 16 * 1024 * 1024;

/** A sorted set that holds strings of this size may hand them out in fragments. */
const MAYBE_FRAGMENTS = 16 * 1024;

/** Writes values as the commands that build them. */
export class ValueCommands {
  private readonly command = new GrowingCommand();
  private readonly bulks = new BulkWriter();
  private readonly listpacks = new ListpackBulks();
  private readonly held = new HeldText();
  private readonly numbers = new ScoreWriter();
  private readonly scratch = new Uint8Array(MAX_NUMBER_BYTES);
  private readonly stream: StreamCommands;
  private readonly hashCommand: Uint8Array;
  /** Whether the fields of hashes of a type may expire, by type. */
  private readonly expiring = new Map<ValueType, boolean>();

  constructor(private readonly target: CommandTarget) {
    this.stream = new StreamCommands(target);
    this.hashCommand = hasHset(target) ? HSET : HMSET;
  }

  /** Why no value of that type can be built, whatever it holds. */
  refusal({ type }: KeyHead): string | undefined {
    switch (type.family) {
      case 'module':
        return 'no commands build the value of a module, it can only be restored';
      case 'opaque':
        return `no commands build a ${type.encoding}, it can only be restored`;
      case 'stream':
        return hasStreams(this.target) ? undefined : 'the target has no streams';
      case 'array':
        return hasArrays(this.target) ? undefined : 'the target has no arrays';
      default:
        return undefined;
    }
  }

  /**
   * Looks through a large value for what commands cannot build.
   * @throws Unwritable with the cause
   */
  check(head: KeyHead, value: ValueReader): void {
    if (head.type.family === 'stream') this.stream.check(value);
    else if (this.mayExpire(valueTypeOf(head.type))) this.checkFields(value);
  }

  /**
   * Writes the commands for one value, of a type that has no `refusal`.
   * @throws Unwritable when commands cannot build it, unless it went through `check`
   */
  write(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    this.command.drop();
    switch (head.type.family) {
      case 'string':
        this.string(head, value, out);
        break;
      case 'list':
        this.elements(RPUSH, head, value, out);
        break;
      case 'set':
        this.elements(SADD, head, value, out);
        break;
      case 'zset':
        this.members(head, value, out);
        break;
      case 'hash':
        this.fields(head, value, out);
        break;
      case 'stream':
        this.stream.write(head, value, out);
        break;
      case 'array':
        this.array(head, value, out);
        break;
      default:
        throw new Unwritable(this.refusal(head) ?? head.type.name);
    }
  }

  private string(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    value.open();
    const token = value.next();
    this.bulks.putFixed(out, SET);
    this.bulks.put(out, head.keyBytes, head.keyStart, head.keyEnd);
    if (token === Token.fragment) putBulkToken(out, token, value);
    else this.bulks.putString(out, value.cursor);
  }

  private elements(name: Uint8Array, head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { command, bulks } = this;
    const { cursor } = value;
    value.open();
    cursor.showsListpacks = true;
    let isEmpty = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (token === Token.listpack) {
        if (this.listpack(name, head, cursor, out)) isEmpty = false;
        continue;
      }
      isEmpty = false;
      if (!command.isOpen) command.begin(out, name, head.keyBytes, head.keyStart, head.keyEnd);
      if (token === Token.fragment) {
        command.end(out, 1);
        putBulkToken(out, token, value);
        continue;
      }
      bulks.putString(out, cursor);
      command.count++;
      if (command.isFull(out)) command.end(out);
    }
    this.finish(head, out, isEmpty);
  }

  /** Writes what can be written at once of a listpack that was opened; false if that is nothing. */
  private listpack(name: Uint8Array, head: KeyHead, cursor: ValueCursor, out: OutputBuffer): boolean {
    const { command, listpacks } = this;
    const { listpack, listpackRoles } = cursor;
    const turn = listpackRoles.length as 1 | 2;
    const areScores = listpackRoles[1] === Role.score;
    let some = false;
    for (let isOpen = listpacks.open(listpack); isOpen; isOpen = listpacks.isOpen) {
      if (!command.isOpen) command.begin(out, name, head.keyBytes, head.keyStart, head.keyEnd);
      const count = listpacks.put(out, turn, areScores, command.argumentsLeft(), command.bytesLeft(out));
      command.count += count;
      if (count === 0) break;
      some = true;
      if (command.isFull(out)) command.end(out);
    }
    return some;
  }

  /**
   * Scores go before the members that they follow in the dump. The member of a value in memory
   * stays where it is meanwhile: a score is never compressed, so that nothing is decompressed over
   * it. The digits of an integer and what is in a window that moves are held.
   */
  private members(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { command, bulks, held, scratch } = this;
    const { cursor } = value;
    const isInMemory = head.kind === 'key';
    const early = mayHaveFragments(head) ? this.earlyScores(value) : NO_SCORES;
    let nextEarly = 0;
    let isEmpty = true;
    value.open();
    cursor.showsListpacks = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (token === Token.listpack) {
        if (this.listpack(ZADD, head, cursor, out)) isEmpty = false;
        continue;
      }
      isEmpty = false;
      if (!command.isOpen) command.begin(out, ZADD, head.keyBytes, head.keyStart, head.keyEnd);
      const score = token === Token.fragment ? early[nextEarly++] : undefined;
      if (score !== undefined) {
        putBulkText(out, score);
        command.count++;
        command.end(out, 1);
        putBulkToken(out, token, value);
        value.next();
        continue;
      }
      let member = cursor.text;
      let start = cursor.textStart;
      let end = cursor.textEnd;
      if (token === Token.fragment || cursor.isInteger || !isInMemory) {
        hold(held, token, value);
        member = held.bytes;
        start = 0;
        end = held.size;
      }
      if (value.next() === Token.double) {
        const size = this.numbers.putNumber(scratch, 0, number(cursor.double));
        bulks.putPair(out, scratch, 0, size, member, start, end);
      } else if (isShortInteger(cursor)) {
        bulks.putNumberPair(out, cursor.valueLow, member, start, end);
      } else {
        if (cursor.isInteger) cursor.formatInteger();
        bulks.putPair(out, cursor.text, cursor.textStart, cursor.textEnd, member, start, end);
      }
      command.count += 2;
      if (command.isFull(out)) command.end(out);
    }
    this.finish(head, out, isEmpty);
  }

  /** The scores of the members that come in fragments, which cannot be held until theirs is known. */
  private earlyScores(value: ValueReader): string[] {
    const { cursor } = value;
    const scores: string[] = [];
    let inFragments = false;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.member) {
        inFragments = token === Token.fragment;
        continue;
      }
      if (token === Token.double) number(cursor.double);
      if (!inFragments) continue;
      if (token === Token.double) cursor.formatDouble();
      else if (cursor.isInteger) cursor.formatInteger();
      scores.push(String.fromCharCode(...cursor.text.subarray(cursor.textStart, cursor.textEnd)));
    }
    return scores;
  }

  private fields(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    if (this.mayExpire(valueTypeOf(head.type))) {
      this.expiringFields(head, value, out);
      return;
    }
    const { command, bulks, hashCommand } = this;
    const { cursor } = value;
    value.open();
    cursor.showsListpacks = true;
    let isEmpty = true;
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (token === Token.listpack) {
        if (this.listpack(hashCommand, head, cursor, out)) isEmpty = false;
        continue;
      }
      isEmpty = false;
      if (!command.isOpen) command.begin(out, hashCommand, head.keyBytes, head.keyStart, head.keyEnd);
      if (token === Token.fragment) {
        if (cursor.role === Role.value) {
          command.end(out, 1);
          putBulkToken(out, token, value);
        } else {
          command.end(out, 2);
          putBulkToken(out, token, value);
          putBulkToken(out, value.next(), value);
        }
        continue;
      }
      bulks.putString(out, cursor);
      command.count++;
      if (cursor.role === Role.value && command.isFull(out)) command.end(out);
    }
    this.finish(head, out, isEmpty);
  }

  private mayExpire(type: ValueType): boolean {
    let known = this.expiring.get(type);
    if (known === undefined) {
      known = expires(type);
      this.expiring.set(type, known);
    }
    return known;
  }

  /** An expiry stands before its field where none was seen yet, else behind its value. */
  private expiringFields(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { command, bulks, hashCommand, held } = this;
    const { cursor } = value;
    const due: { readonly at: Integer; readonly field: Uint8Array }[] = [];
    let leading: Integer | undefined;
    let sawField = false;
    let leads = false;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.fieldExpiry) {
        leads ||= !sawField;
        if (leads) leading = cursor.integer;
        else if (cursor.integer !== undefined) due.push({ at: cursor.integer, field: this.heldField() });
        continue;
      }
      if (cursor.role === Role.field) {
        sawField = true;
        hold(held, token, value);
        continue;
      }
      if (!command.isOpen) command.begin(out, hashCommand, head.keyBytes, head.keyStart, head.keyEnd);
      putBulk(out, held.bytes, 0, held.size);
      command.count++;
      if (token === Token.fragment) {
        command.end(out, 1);
        putBulkToken(out, token, value);
      } else {
        bulks.putString(out, cursor);
        command.count++;
      }
      if (leading !== undefined) due.push({ at: leading, field: this.heldField() });
      if (command.isOpen && command.isFull(out)) command.end(out);
      if (!command.isOpen) this.expireFields(head, due, out);
    }
    this.finish(head, out, !sawField);
    this.expireFields(head, due, out);
  }

  private heldField(): Uint8Array {
    if (!hasFieldExpiry(this.target)) throw new Unwritable('the target has no expiry of hash fields');
    return this.held.bytes.slice(0, this.held.size);
  }

  /** Finds what would have to be refused in the middle of a large hash. */
  private checkFields(value: ValueReader): void {
    const { cursor } = value;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.fieldExpiry) {
        if (cursor.integer !== undefined && !hasFieldExpiry(this.target)) this.heldField();
      } else if (cursor.role === Role.field) {
        requireHeld(token, value);
      }
    }
  }

  private expireFields(
    head: KeyHead,
    due: { readonly at: Integer; readonly field: Uint8Array }[],
    out: OutputBuffer,
  ): void {
    for (const { at, field } of due) {
      putCommand(out, 6);
      putBulkText(out, 'HPEXPIREAT');
      putBulk(out, head.keyBytes, head.keyStart, head.keyEnd);
      putBulkInteger(out, at);
      putBulkText(out, 'FIELDS');
      putBulkText(out, '1');
      putBulk(out, field);
    }
    due.length = 0;
  }

  /** An array of Redis 8.8. */
  private array(head: KeyHead, value: ValueReader, out: OutputBuffer): void {
    const { command, bulks } = this;
    const { cursor } = value;
    let insertIndex: Integer | undefined;
    let isEmpty = true;
    value.open();
    for (let token = value.next(); token !== Token.end; token = value.next()) {
      if (cursor.role === Role.arrayInsertIndex) {
        insertIndex = cursor.integer;
        continue;
      }
      isEmpty = false;
      if (!command.isOpen) command.begin(out, ARMSET, head.keyBytes, head.keyStart, head.keyEnd);
      if (cursor.role === Role.arrayIndex) {
        putBulkInteger(out, cursor.integer as Integer);
        command.count++;
        continue;
      }
      if (token === Token.fragment) {
        command.end(out, 1);
        putBulkToken(out, token, value);
        continue;
      }
      if (token === Token.number) putBulkInteger(out, cursor.integer as Integer);
      else if (token === Token.double) {
        putBulk(out, this.scratch, 0, this.numbers.putNumber(this.scratch, 0, cursor.double));
      } else bulks.putString(out, cursor);
      command.count++;
      if (command.isFull(out)) command.end(out);
    }
    this.finish(head, out, isEmpty);
    if (insertIndex === undefined) return;
    putCommand(out, 3);
    putBulkText(out, 'ARSEEK');
    putBulk(out, head.keyBytes, head.keyStart, head.keyEnd);
    putBulkInteger(out, BigInt(insertIndex) + 1n);
  }

  private finish(head: KeyHead, out: OutputBuffer, isEmpty: boolean): void {
    if (this.command.isOpen) this.command.end(out);
    if (isEmpty) throw new Unwritable(`no commands build an empty ${head.type.family}`);
  }
}

/** The beginning of a SET with key and value. */
const SET = fixedBytes(framed(3, 'SET'));

const NO_SCORES: readonly string[] = [];

function isShortInteger({ isInteger, valueHigh, valueLow }: ValueCursor): boolean {
  if (!isInteger || valueHigh !== valueLow >> 31) return false;
  return valueLow <= SHORT_INTEGER && valueLow >= -SHORT_INTEGER;
}

/** Values in parts may hold long strings, others tell the size of their longest. */
function mayHaveFragments(head: KeyHead): boolean {
  return head.kind === 'key-begin' || (head as KeyRecord).largestString > MAYBE_FRAGMENTS;
}

/** @throws RdbkitError INPUT_CORRUPT for a score that servers refuse */
function number(score: number): number {
  if (Number.isNaN(score))
    throw new RdbkitError('INPUT_CORRUPT', 'a score is not a number, which servers refuse');
  return score;
}

/** @throws Unwritable for a string that is too long to be held */
function hold(held: HeldText, token: Token, value: ValueReader): void {
  requireHeld(token, value);
  held.take(token, value);
}

function requireHeld(token: Token, { cursor }: ValueReader): void {
  if (token === Token.fragment && cursor.total > MAX_HELD) throw tooLong();
}

function tooLong(): Unwritable {
  return new Unwritable(`a field of more than ${MAX_HELD} bytes in a hash whose fields may expire`);
}

/** Whether the layout of a hash has a place for the expiry of its fields. */
function expires({ program }: ValueType): boolean {
  const roles = program.layouts.flatMap((layout) => layout.roles);
  for (let at = 1; at < program.code.length; at += INSTRUCTION) roles.push(program.code[at] as Role);
  return roles.some((role) => EXPIRIES.has(role));
}

const EXPIRIES: ReadonlySet<Role> = new Set([Role.expiryOrZero, Role.expiryAfterMin, Role.expiryOrMinusOne]);
