import type { Refusal } from '../account.js';
import { heldArguments, integerArgument } from '../aof/command-arguments.js';
import { commandTable } from '../aof/command-table.js';
import { dbArgument, dbReach } from '../aof/db-reach.js';
import {
  conditionOf,
  ExpireCondition,
  type ExpiryArgument,
  expiryOf,
  fieldExpiryOf,
} from '../aof/expiry-arguments.js';
import { type ExpiryDialect, ExpiryRewriter } from '../aof/expiry-rewriter.js';
import { fieldTimes, HeldPart, type HeldTimes, keyTimes, LATEST_HELD } from '../aof/held-time.js';
import type { Integer } from '../bytes/integer.js';
import { RdbkitError } from '../errors.js';
import type { Emit, Stage } from '../pipeline.js';
import { FieldExpiries, hashOfPayload, mayHaveFieldExpiries } from '../rdb/field-expiries.js';
import { dumpPayload } from '../rdb/payload.js';
import type { KeyBegin, KeyRecord, LogBegin, LogBytes, LogCommand, LogHead } from '../record.js';
import { LargeSet } from './large-set.js';

/** Remembers the keys of which expiries are held. */
export interface HeldKeyNotes {
  /** Names noted. */
  readonly size: number;
  /** Whether there are any of keys with fields whose expiries are held. */
  readonly hasFields: boolean;
  /**
   * Notes the key `bytes[start, end)`.
   * @param parts bits of `HeldPart`
   * @param atMs when it, or the first of its fields, is to expire; left out where that is not known
   */
  add(parts: number, db: number, bytes: Uint8Array, start: number, end: number, atMs?: number): void;
  /** Notes that two databases trade places. */
  swap(first: number, second: number): void;
  /** Puts the notes where they outlive the process; called before the sink gets what they are about. */
  flush(): void;
}

export interface HoldExpiriesOptions {
  /** Expiries that are past, or come in less than so many ms, are held. */
  readonly windowMs: number;
  readonly nowMs?: () => number;
  /** What the target knows: all, when it is left out. */
  readonly dialect?: ExpiryDialect;
}

/** Notes on what could not be done as exactly as it should be. */
export const HoldNote = {
  relative: 'expiries that count from when their command is carried out, of which the log has no time',
  large: 'expiries of commands too large for memory, which were not held back',
  largeHash: 'large hashes of the base, whose expiries of fields were not held back',
  unreadable: 'expiries that could not be read, and so were not held back',
  scripts: 'scripts and unknown commands, which may set expiries that were not held back',
  destination: 'moved keys that could not be followed, whose expiries may be held back for good',
} as const;

const OUT_OF_RANGE: Refusal = {
  code: 'TARGET_INCOMPATIBLE',
  cause: 'its expiry is one of those that stand for expiries held back',
};

/** What the stage has to do at a command, by the index of its row. */
const Task = { none: 0, key: 1, fields: 2, second: 3, move: 4, swap: 5, script: 6 } as const;

const TASKS_BY_NAME: ReadonlyMap<string, number> = new Map([
  ...[
    ...['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT', 'SETEX', 'PSETEX', 'SET', 'GETEX', 'MSETEX'],
    ...['RESTORE', 'RESTORE-ASKING', 'INCREX'],
  ].map((name) => [name, Task.key] as const),
  ...['HEXPIRE', 'HPEXPIRE', 'HEXPIREAT', 'HPEXPIREAT', 'HSETEX', 'HGETEX'].map(
    (name) => [name, Task.fields] as const,
  ),
  ...['RENAME', 'RENAMENX', 'COPY'].map((name) => [name, Task.second] as const),
  ['MOVE', Task.move],
  ['SWAPDB', Task.swap],
  ...['EVAL', 'EVALSHA', 'FCALL'].map((name) => [name, Task.script] as const),
]);

/** By the index of the row. */
const TASKS: Uint8Array = Uint8Array.from(commandTable(), ({ name }) => TASKS_BY_NAME.get(name) ?? Task.none);

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
          const refusal = hold.key(record, emit);
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

/** What was found out about an expiry. */
const Verdict = { leave: 0, hold: 1, outOfRange: 2 } as const;

class Hold {
  private readonly rewriter: ExpiryRewriter;
  private readonly fieldExpiries = new FieldExpiries();
  /** A target without expiries of fields refuses them, or writes the hash without. */
  private readonly holdsFields: boolean;
  /** The large SET that is passing, whose options are still to come. */
  private largeSet: LargeSet | undefined;
  private readonly windowMs: number;
  private readonly nowMs: () => number;

  constructor(
    private readonly held: HeldKeyNotes,
    { windowMs, nowMs = Date.now, dialect = NEWEST }: HoldExpiriesOptions,
  ) {
    this.rewriter = new ExpiryRewriter(dialect);
    this.holdsFields = dialect.fieldExpiry;
    this.windowMs = windowMs;
    this.nowMs = nowMs;
  }

  /** Why a key cannot be handed on, if so. */
  key(head: KeyRecord | KeyBegin, emit: Emit): Refusal | undefined {
    if (this.holdsFields && mayHaveFieldExpiries(head.type)) {
      const refusal = head.kind === 'key' ? this.fields(head) : undefined;
      if (refusal !== undefined) return refusal;
      if (head.kind === 'key-begin') emit.note(HoldNote.largeHash);
    }
    const { expireAtMs } = head;
    if (expireAtMs === undefined) return undefined;
    const verdict = this.judge(expireAtMs, keyTimes, this.nowMs());
    if (verdict === Verdict.outOfRange) return OUT_OF_RANGE;
    if (verdict === Verdict.leave) return undefined;
    const atMs = earliest(expireAtMs);
    this.held.add(HeldPart.key, head.db, head.keyBytes, head.keyStart, head.keyEnd, atMs);
    head.expireAtMs = keyTimes.hold(atMs);
    return undefined;
  }

  /** Holds the expiries of a hash's fields, of which the key is noted; why that cannot be, if so. */
  private fields(record: KeyRecord): Refusal | undefined {
    const now = this.nowMs();
    let firstMs = Number.POSITIVE_INFINITY;
    let isOutOfRange = false;
    try {
      this.fieldExpiries.change(record, (at) => {
        const verdict = this.judge(at, fieldTimes, now);
        if (verdict === Verdict.outOfRange) isOutOfRange = true;
        if (verdict !== Verdict.hold) return at;
        firstMs = Math.min(firstMs, earliest(at));
        return fieldTimes.hold(earliest(at));
      });
    } catch (thrown) {
      const { code, message } = RdbkitError.from(thrown);
      if (!code.startsWith('INPUT_') && code !== 'LIMIT_EXCEEDED') throw thrown;
      return { code, cause: message };
    }
    if (isOutOfRange) return OUT_OF_RANGE;
    if (firstMs < Number.POSITIVE_INFINITY) {
      this.held.add(HeldPart.fields, record.db, record.keyBytes, record.keyStart, record.keyEnd, firstMs);
    }
    return undefined;
  }

  /** Holds the expiries of fields in the payload of RESTORE; false for one that could not be told. */
  private payload(command: LogCommand, emit: Emit): boolean {
    if (!this.holdsFields || !command.spec.name.startsWith('RESTORE') || command.argumentCount < 4)
      return true;
    const hash = hashOfPayload(command);
    if (hash === undefined) return true;
    const { record, version } = hash;
    const { valueBytes } = record;
    const refusal = this.fields(record);
    if (refusal === OUT_OF_RANGE) return false;
    // What cannot be read the target refuses.
    if (refusal !== undefined) emit.note(HoldNote.unreadable);
    else if (record.valueBytes !== valueBytes) {
      this.rewriter.setArgument(command, 3, dumpPayload(record.type.code, record.value, version));
    }
    return true;
  }

  /** False for a command whose expiry could not be told from a held one. */
  command(command: LogCommand, emit: Emit): boolean {
    const task = taskOf(command);
    if (task === Task.none) return true;
    if (task === Task.key) {
      return this.payload(command, emit) && this.expiry(command, expiryOf(command), keyTimes, emit);
    }
    if (task === Task.fields) {
      return !this.holdsFields || this.expiry(command, fieldExpiryOf(command), fieldTimes, emit);
    }
    this.follow(command, task, emit);
    return true;
  }

  /** A command of which only the beginning is at hand. */
  large(command: LogBegin, emit: Emit): void {
    const task = taskOf(command);
    this.largeSet = LargeSet.of(command);
    if (this.largeSet !== undefined) return;
    if (task === Task.key || task === Task.fields) {
      if (command.spec.name !== 'SET' || command.argumentCount > 3) emit.note(HoldNote.large);
    } else if (task !== Task.none) this.follow(command, task, emit);
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
    const now = this.nowMs();
    const atMs = this.absolute(command, value, expiry, now);
    const verdict = this.judge(atMs, times, now);
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

  private judge(atMs: Integer, times: HeldTimes, now: number): number {
    if (atMs <= LATEST_HELD && atMs < now + this.windowMs) return Verdict.hold;
    return times.isHeld(atMs) ? Verdict.outOfRange : Verdict.leave;
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

  /** Follows what is held to other names and databases. */
  private follow(command: LogHead, task: number, emit: Emit): void {
    if (task === Task.script) {
      emit.note(HoldNote.scripts);
      return;
    }
    if (this.held.size === 0) return;
    if (!this.followed(command, task)) emit.note(HoldNote.destination);
  }

  private followed(command: LogHead, task: number): boolean {
    const { held } = this;
    const reach = dbReach(command);
    if (task === Task.swap) {
      if (reach.kind !== 'swap') return false;
      const first = dbArgument(command, reach.first);
      const second = dbArgument(command, reach.second);
      if (first >= 0 && second >= 0) held.swap(first, second);
      return first >= 0 && second >= 0;
    }
    const destination = task === Task.move ? 1 : 2;
    if (destination >= heldArguments(command) || reach.kind === 'unknown') return false;
    const db = reach.kind === 'argument' ? dbArgument(command, reach.argument) : command.db;
    if (db < 0) return false;
    const parts = held.hasFields ? HeldPart.key | HeldPart.fields : HeldPart.key;
    const { bytes } = command;
    held.add(parts, db, bytes, command.argumentStart(destination), command.argumentEnd(destination));
    return true;
  }
}

const NEWEST: ExpiryDialect = { absoluteTtl: true, absoluteSet: true, fieldExpiry: true };

function taskOf({ spec }: LogHead): number {
  if (spec.group === 'unknown') return Task.script;
  return TASKS[spec.index] as number;
}

/** A time that is past, or a negative number of seconds, deletes the key by EXPIRE and its like only. */
function meansAtOnce({ spec }: LogHead): boolean {
  return spec.name.includes('EXPIRE');
}

/** What was due before 1970 is due at its first moment, which is past as well. */
function earliest(atMs: Integer): number {
  return Math.max(1, Number(atMs));
}
