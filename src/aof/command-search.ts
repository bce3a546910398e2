import { latin1Bytes } from '../bytes/ascii.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { commandTable } from './command-table.js';
import { NameTable } from './name-table.js';
import { type PositionReader, PositionWindow } from './position-window.js';

/** Where a log goes on behind damage. */
export interface FoundCommands {
  /** Position of the first whole command, or of the `#TS:` line right before it. */
  readonly offset: number;
  /** Whole commands from there to the next fault, or as far as was looked. */
  readonly commands: number;
  /** Position behind the last of them. */
  readonly end: number;
}

/** So many commands in a row are a log, whatever they are called. */
export const RUN = 3;

/** A longer run cannot stand in a value: the default of proto-max-bulk-len. */
const LARGEST_VALUE = 512 * 1024 * 1024;

/** `$0` CR LF CR LF. */
const SMALLEST_ARGUMENT = 6;

/** So many arguments may be passed in vain, and one more for each byte that was searched. */
const FREE_STEPS = 1 << 20;

const LONGEST_ANNOTATION = 1024;
const LONGEST_NAME = 64;
const MOST_DIGITS = 10;

const STAR = 0x2a;
const DOLLAR = 0x24;
const HASH = 0x23;
const CR = 0x0d;
const LF = 0x0a;

/** How a run of commands ended. */
type Ending = 'end' | 'fault' | 'value-end';

/** Follows commands by position in bytes of which nothing is known; `findCommands` says by what rule. */
export class CommandSearch {
  /** Looks for candidates, byte after byte. */
  private readonly scan: PositionWindow;
  /** Follows a candidate. */
  private readonly walk: PositionWindow;
  private steps = 0;
  /** What the last header said. */
  private number = 0;
  /** Row of the command that was passed last, where it is known and has arguments as it should. */
  private spec: CommandSpec | undefined;

  constructor(
    reader: PositionReader,
    private readonly end: number,
  ) {
    this.scan = new PositionWindow(reader, end);
    this.walk = new PositionWindow(reader, end);
  }

  /** @param claimed where arguments claim to end that begin before `from` */
  find(from: number, claimed = from): FoundCommands | undefined {
    /** Where an argument ends that stands around `at`. */
    let around = claimed;
    let spent = 0;
    for (let at = from; ; at++) {
      at = this.scan.findMark(at);
      if (at >= this.end) return undefined;
      const mark = this.scan.byte(at);
      if (mark === DOLLAR) {
        if (at >= around) around = this.wholeArgument(at);
        continue;
      }
      if (spent > FREE_STEPS + at - from) continue;
      this.steps = 0;
      const first = mark === HASH ? this.passAnnotation(at) : at;
      if (first < 0) continue;
      const run = this.follow(first);
      if (run !== undefined) {
        const isText =
          run.ending === 'value-end' || (run.end <= around && run.end < this.end && first < around);
        if (!isText && (run.commands >= RUN || run.isKnown))
          return { offset: at, commands: run.commands, end: run.end };
        if (isText) {
          at = run.end - 1;
          continue;
        }
      }
      spent += this.steps;
    }
  }

  /** Where the argument begins that is not closed where it claims to end; undefined if each is. */
  openArgument(command: number): number | undefined {
    let at = this.header(command, STAR);
    if (at < 0) return undefined;
    for (let left = this.number; left > 0; left--) {
      const body = this.header(at, DOLLAR);
      if (body < 0) return undefined;
      const claimed = body + this.number + 2;
      if (claimed > this.end || !this.isLineEnd(claimed - 2)) return body;
      at = claimed;
    }
    return undefined;
  }

  /**
   * Where the arguments end that stand whole from a command or an argument on, the first included
   * that is not closed where it claims to end.
   */
  claimedEnd(start: number): number {
    let at = start < this.end && this.walk.byte(start) === STAR ? this.header(start, STAR) : start;
    for (let left = at === start ? Number.POSITIVE_INFINITY : this.number; left > 0; left--) {
      const body = this.header(at, DOLLAR);
      if (body < 0) break;
      at = body + this.number + 2;
      if (at > this.end || !this.isLineEnd(at - 2)) break;
    }
    return Math.max(start, at);
  }

  /** Whether CR LF stands at a position. */
  isLineEnd(at: number): boolean {
    const { walk, end } = this;
    return at + 2 <= end && walk.byte(at) === CR && walk.byte(at + 1) === LF;
  }

  /** Position behind an argument that stands whole, with what may follow one; `at` if it does not. */
  wholeArgument(at: number): number {
    const body = this.header(at, DOLLAR);
    if (body < 0) return at;
    const close = body + this.number;
    return close + 2 <= this.end && this.closesValue(close) ? close + 2 : at;
  }

  /** CR LF, and behind it an argument, a command, a line of time, or nothing. */
  private closesValue(at: number): boolean {
    const { walk, end } = this;
    if (at + 2 > end || walk.byte(at) !== CR || walk.byte(at + 1) !== LF) return false;
    if (at + 2 === end) return true;
    const next = walk.byte(at + 2);
    if (next === HASH) return true;
    return (next === STAR || next === DOLLAR) && (at + 3 === end || isDigit(walk.byte(at + 3)));
  }

  /** The run of whole commands from `start`; undefined when not one is there. */
  private follow(
    start: number,
  ): { commands: number; isKnown: boolean; end: number; ending: Ending } | undefined {
    let at = this.passCommand(start);
    if (at < 0) return undefined;
    const isKnown = this.spec !== undefined && isLogged(this.spec);
    let commands = 1;
    while (at < this.end && at - start <= LARGEST_VALUE) {
      const isNote = this.walk.byte(at) === HASH;
      const after = isNote ? this.passAnnotation(at) : this.passCommand(at);
      if (after < 0) {
        const ending = this.closesValue(at) ? 'value-end' : 'fault';
        return { commands, isKnown, end: at, ending };
      }
      if (!isNote) commands++;
      at = after;
    }
    return { commands, isKnown, end: at, ending: 'end' };
  }

  /** Position behind the command at `start`, -1 when none stands there whole. */
  private passCommand(start: number): number {
    this.spec = undefined;
    let at = this.header(start, STAR);
    const count = this.number;
    if (at < 0 || count < 1 || count > (this.end - at) / SMALLEST_ARGUMENT) return -1;
    let spec: CommandSpec | undefined;
    for (let i = 0; i < count; i++) {
      this.steps++;
      const body = this.header(at, DOLLAR);
      if (body < 0) return -1;
      const close = body + this.number;
      if (close + 2 > this.end) return -1;
      if (this.walk.byte(close) !== CR || this.walk.byte(close + 1) !== LF) return -1;
      if (i === 0) spec = this.known(body, this.number, count);
      else if (spec?.role === 'select' && !this.isNumber(body, close)) return -1;
      at = close + 2;
    }
    this.spec = spec;
    return at;
  }

  private known(start: number, size: number, count: number): CommandSpec | undefined {
    if (size < 1 || size > LONGEST_NAME) return undefined;
    const spec = namedCommand(this.walk.bytes(start, size));
    if (spec === undefined) return undefined;
    return spec.arity < 0
      ? count >= -spec.arity
        ? spec
        : undefined
      : spec.arity === count
        ? spec
        : undefined;
  }

  private isNumber(start: number, end: number): boolean {
    if (end === start || end - start > MOST_DIGITS) return false;
    for (let at = start; at < end; at++) if (!isDigit(this.walk.byte(at))) return false;
    return true;
  }

  passAnnotations(start: number): number {
    for (let at = start; ; ) {
      const after = this.passAnnotation(at);
      if (after < 0) return at;
      at = after;
    }
  }

  /** Position behind a `#TS:` line, -1 when none is there. */
  private passAnnotation(start: number): number {
    const { walk } = this;
    const stop = Math.min(this.end, start + LONGEST_ANNOTATION);
    for (let i = 0; i < STAMP.length; i++) {
      if (start + i >= stop || walk.byte(start + i) !== STAMP[i]) return -1;
    }
    let at = start + STAMP.length;
    while (at < stop && isDigit(walk.byte(at))) at++;
    if (at === start + STAMP.length || at + 2 > stop) return -1;
    return walk.byte(at) === CR && walk.byte(at + 1) === LF ? at + 2 : -1;
  }

  /** Position behind a header line, whose number is kept; -1 when none is there. */
  private header(start: number, mark: number): number {
    const { walk, end } = this;
    if (start >= end || walk.byte(start) !== mark) return -1;
    let number = 0;
    let at = start + 1;
    for (; at < end; at++) {
      const digit = walk.byte(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      if (at - start > MOST_DIGITS) return -1;
      number = number * 10 + digit;
    }
    if (at === start + 1 || at + 2 > end) return -1;
    if (walk.byte(at) !== CR || walk.byte(at + 1) !== LF) return -1;
    this.number = number;
    return at + 2;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether servers write such a command to a log, now or formerly. */
function isLogged({ isWrite, role, group, name }: CommandSpec): boolean {
  return isWrite || role !== 'plain' || group === 'scripting' || group === 'pubsub' || name === 'PFCOUNT';
}

const STAMP = latin1Bytes('#TS:');
const names = readNames();

function namedCommand(name: Uint8Array): CommandSpec | undefined {
  const index = names.find(0, name, 0, name.length);
  return index < 0 ? undefined : commandTable()[index];
}

function readNames(): NameTable {
  const rows = commandTable().filter(({ name }) => !name.includes(' '));
  const table = new NameTable(
    rows.length,
    rows.reduce((sum, { name }) => sum + name.length, 0),
  );
  for (const { name, index } of rows) {
    const bytes = latin1Bytes(name);
    table.add(0, bytes, 0, bytes.length, index);
  }
  return table;
}
