import { integerArgument } from '../aof/command-arguments.js';
import {
  conditionOf,
  ExpireCondition,
  type ExpiryArgument,
  expiryOf,
  fieldExpiryOf,
} from '../aof/expiry-arguments.js';
import { type ExpiryDialect, ExpiryRewriter } from '../aof/expiry-rewriter.js';
import { fieldTimes, HeldPart, type HeldTimes, keyTimes } from '../aof/held-time.js';
import type { Integer } from '../bytes/integer.js';
import type { Emit, Stage } from '../pipeline.js';
import type { LogBegin, LogBytes, LogCommand, LogHead } from '../record.js';
import { followHeld } from './follow-held.js';
import { type HeldKeyNotes, HoldNote } from './held-keys.js';
import { Task, taskOf } from './hold-tasks.js';
import { HoldValues } from './hold-values.js';
import { earliest, HoldWindow, OUT_OF_RANGE, Verdict } from './hold-window.js';
import { LargeSet } from './large-set.js';

export interface HoldExpiriesOptions {
  /** Expiries that are past, or come in less than so many ms, are held. */
  readonly windowMs: number;
  readonly nowMs?: () => number;
  /** What the target knows: all, when it is left out. */
  readonly dialect?: ExpiryDialect;
}

/**
 * Holds back expiries that are past, or would come while a log is replayed: they are written as
 * times far ahead, so that a key is there when the log prolongs it, as it is for a server that loads
 * its own log. `HeldExpiries.release` gives the keys the expiries meant when all is replayed.
 *
 * It has to be the last of the stages: it notes the names and databases that the target sees.
 */
export function holdExpiries(held: HeldKeyNotes, options: HoldExpiriesOptions): Stage {
  const hold = new Hold(held, options);
  return {
    name: 'hold-expiries',
    write(record, emit) {
      switch (record.kind) {
        case 'key':
        case 'key-begin': {
          const refusal = hold.values.key(record, emit);
          if (refusal !== undefined) return emit.fail(record, refusal);
          break;
        }
        case 'log-command':
          if (!hold.command(record, emit)) return emit.fail(record, OUT_OF_RANGE);
          break;
        case 'log-begin':
          hold.large(record, emit);
          break;
        case 'log-part':
          return hold.part(record, emit);
        case 'log-end':
          hold.end(emit);
          break;
        default:
      }
      emit(record);
    },
    beforeSink: () => held.flush(),
  };
}

class Hold {
  readonly values: HoldValues;
  private readonly rewriter: ExpiryRewriter;
  private readonly window: HoldWindow;
  /** A target without expiries of fields refuses them, or writes the hash without. */
  private readonly holdsFields: boolean;
  /** The large SET that is passing, whose options are still to come. */
  private largeSet: LargeSet | undefined;

  constructor(
    private readonly held: HeldKeyNotes,
    { windowMs, nowMs = Date.now, dialect = NEWEST }: HoldExpiriesOptions,
  ) {
    this.rewriter = new ExpiryRewriter(dialect);
    this.holdsFields = dialect.fieldExpiry;
    this.window = new HoldWindow(windowMs, nowMs);
    this.values = new HoldValues(held, this.window, this.rewriter, this.holdsFields);
  }

  /** False for a command whose expiry could not be told from a held one. */
  command(command: LogCommand, emit: Emit): boolean {
    const task = taskOf(command);
    if (task === Task.none) return true;
    if (task === Task.key) {
      return this.values.payload(command, emit) && this.expiry(command, expiryOf(command), keyTimes, emit);
    }
    if (task === Task.fields) {
      return !this.holdsFields || this.expiry(command, fieldExpiryOf(command), fieldTimes, emit);
    }
    followHeld(this.held, command, task, emit);
    return true;
  }

  /** A command of which only the beginning is at hand. */
  large(command: LogBegin, emit: Emit): void {
    const task = taskOf(command);
    this.largeSet = LargeSet.of(command);
    if (this.largeSet !== undefined) return;
    if (task === Task.key || task === Task.fields) {
      if (command.spec.name !== 'SET' || command.argumentCount > 3) emit.note(HoldNote.large);
    } else if (task !== Task.none) followHeld(this.held, command, task, emit);
  }

  part(record: LogBytes, emit: Emit): void {
    const { largeSet } = this;
    if (largeSet === undefined) {
      emit(record);
      return;
    }
    const bytes = largeSet.part(record.bytes);
    if (bytes.length > 0) emit({ kind: 'log-part', bytes });
    if (largeSet.isTooMuch) this.passKept(emit, largeSet.kept, HoldNote.large);
  }

  /** The end of a large command: its options, changed if need be, go before it. */
  end(emit: Emit): void {
    const { largeSet } = this;
    if (largeSet === undefined) return;
    const command = largeSet.command();
    if (command === undefined) {
      this.passKept(emit, largeSet.kept, HoldNote.large);
      return;
    }
    const isTold = this.command(command, emit);
    const options = command.bytes.subarray(command.argumentEnd(2) + 2, command.end);
    this.passKept(emit, options, isTold ? undefined : HoldNote.large);
  }

  private passKept(emit: Emit, bytes: Uint8Array, note: string | undefined): void {
    this.largeSet = undefined;
    if (note !== undefined) emit.note(note);
    emit({ kind: 'log-part', bytes: bytes.slice() });
  }

  private expiry(
    command: LogCommand,
    expiry: ExpiryArgument | undefined,
    times: HeldTimes,
    emit: Emit,
  ): boolean {
    if (expiry === undefined) return true;
    const value = expiry.kind === 'unknown' ? undefined : integerArgument(command, expiry.argument);
    if (value === undefined) {
      emit.note(HoldNote.unreadable);
      return true;
    }
    // Servers refuse these where they cannot mean "at once".
    if (value <= 0 && !meansAtOnce(command)) return true;
    const now = this.window.nowMs();
    const atMs = this.absolute(command, value, expiry, now);
    const verdict = this.window.judge(atMs, times, now);
    if (verdict === Verdict.outOfRange) return false;
    if (expiry.kind === 'relative' && command.timeSeconds < 0) emit.note(HoldNote.relative);
    if (verdict === Verdict.hold) {
      const meant = earliest(atMs);
      this.noteKeys(command, times === keyTimes ? HeldPart.key : HeldPart.fields, meant);
      this.rewriter.setExpiry(command, expiry, times.hold(meant), now);
    } else if (expiry.kind === 'relative' && command.timeSeconds >= 0 && atMs <= Number.MAX_SAFE_INTEGER) {
      this.rewriter.setExpiry(command, expiry, Number(atMs), now);
    } else if (this.held.size > 0 && conditionOf(command) !== ExpireCondition.none) {
      // A log holds what took effect: what is held back must not be what decides it now.
      this.rewriter.dropConditions(command);
    }
    return true;
  }

  /** Unix ms of an expiry; for one that counts from its command, from when that was written, if known. */
  private absolute(
    { timeSeconds }: LogHead,
    value: Integer,
    { unit, kind }: ExpiryArgument,
    now: number,
  ): Integer {
    const base = kind === 'absolute' ? 0 : timeSeconds < 0 ? now : timeSeconds * 1000;
    const factor = unit === 's' ? 1000 : 1;
    const atMs = Number(value) * factor + base;
    return Number.isSafeInteger(atMs) ? atMs : BigInt(value) * BigInt(factor) + BigInt(base);
  }

  /** Notes the keys that a command gives an expiry: its first argument, or every other of MSETEX. */
  private noteKeys(command: LogCommand, parts: number, atMs: number): void {
    const { held } = this;
    const { bytes, db } = command;
    if (command.spec.name !== 'MSETEX') {
      held.add(parts, db, bytes, command.argumentStart(1), command.argumentEnd(1), atMs);
      return;
    }
    const end = 2 + 2 * Number(integerArgument(command, 1));
    for (let i = 2; i < end; i += 2) {
      held.add(parts, db, bytes, command.argumentStart(i), command.argumentEnd(i), atMs);
    }
  }
}

const NEWEST: ExpiryDialect = { absoluteTtl: true, absoluteSet: true, fieldExpiry: true };

/** A time that is past, or a negative number of seconds, deletes the key by EXPIRE and its like only. */
function meansAtOnce({ spec }: LogHead): boolean {
  return spec.name.includes('EXPIRE');
}
