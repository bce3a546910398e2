import type { LogHead } from '../record.js';
import type { CommandSpec, KeyRule } from '../resp/command-spec.js';
import { heldArguments, integerArgument, isWord, wordIndex } from './command-arguments.js';
import { commandTable } from './command-table.js';

/** What `KeyFinder.find` answers where keys cannot be known. */
export const UNKNOWABLE = -1;

/** How the keys of a command are found. */
const Plan = {
  none: 0,
  /** One key, argument 1, and no other. */
  firstRead: 1,
  firstWritten: 2,
  rules: 3,
  sort: 4,
  migrate: 5,
  geo: 6,
  streams: 7,
  unknowable: 8,
} as const;

/** Commands whose rules do not tell all: options that name keys may stand anywhere among others. */
const BY_HAND: ReadonlyMap<string, number> = new Map([
  ['SORT', Plan.sort],
  ['SORT_RO', Plan.sort],
  ['MIGRATE', Plan.migrate],
  ['GEORADIUS', Plan.geo],
  ['GEORADIUSBYMEMBER', Plan.geo],
  ['XREAD', Plan.streams],
  ['XREADGROUP', Plan.streams],
]);

/**
 * Finds which arguments of a command are keys, by the rules of its row as servers follow them
 * (`getKeysUsingKeySpecs` in db.c). What it found stands in it until the next command; nothing is
 * allocated for one, but where it has more keys than any before.
 */
export class KeyFinder {
  private readonly table: readonly CommandSpec[] = commandTable();
  private readonly plans: Uint8Array = Uint8Array.from(this.table, planOf);
  private positions = new Int32Array(64);
  private written = new Uint8Array(64);
  private count = 0;

  /**
   * How many keys a command has, in the order of the rules; -1 where that cannot be known: of a
   * command that no table has, one that servers would refuse for its shape, and a large one whose
   * keys stand behind the arguments that are held. Keys that only come about while it runs are not
   * among them: those of SORT's BY and GET patterns, and any that a script makes up.
   */
  find(command: LogHead): number {
    this.count = 0;
    const { spec } = command;
    const plan = this.table[spec.index] === spec ? (this.plans[spec.index] as number) : planOf(spec);
    if (!hasArity(spec, command.argumentCount)) return UNKNOWABLE;
    switch (plan) {
      case Plan.none:
        return 0;
      case Plan.firstRead:
      case Plan.firstWritten:
        if (heldArguments(command) < 2) return UNKNOWABLE;
        this.positions[0] = 1;
        this.written[0] = plan - Plan.firstRead;
        return 1;
      case Plan.unknowable:
        return UNKNOWABLE;
    }
    const held = heldArguments(command);
    if (!this.search(command, plan, held)) return UNKNOWABLE;
    for (let i = 0; i < this.count; i++) if ((this.positions[i] as number) >= held) return UNKNOWABLE;
    return this.count;
  }

  /** Number of the argument that key `i` is. */
  argumentOf(i: number): number {
    return this.positions[i] as number;
  }

  /** Whether the command may change key `i`. */
  isWritten(i: number): boolean {
    return this.written[i] === 1;
  }

  /** False where the shape of the command is none, or is not to be seen. */
  private search(command: LogHead, plan: number, held: number): boolean {
    switch (plan) {
      case Plan.sort:
        return this.sort(command, held);
      case Plan.migrate:
        return this.migrate(command, held);
      case Plan.geo:
        return this.geo(command, held);
      case Plan.streams:
        return this.streams(command, held);
    }
    for (const rule of command.spec.keys) if (!this.follow(command, rule, held)) return false;
    return true;
  }

  private follow(command: LogHead, { begin, find, access }: KeyRule, held: number): boolean {
    const { argumentCount } = command;
    let first: number;
    if (begin.kind === 'index') first = begin.index;
    else if (begin.kind === 'keyword') {
      const at = keywordAt(command, begin.word, begin.from, held);
      // As servers do: the word may be an option that is left out.
      if (at === NOT_THERE) return true;
      if (at === NOT_HELD) return false;
      first = at + 1;
    } else return false;
    let last: number;
    if (find.kind === 'range') {
      if (find.last >= 0) last = first + find.last;
      else if (find.limit < 2) last = argumentCount + find.last;
      else last = first + Math.trunc((argumentCount - first) / find.limit) + find.last;
    } else if (find.kind === 'count') {
      if (first + find.count >= held) return false;
      const count = integerArgument(command, first + find.count);
      if (typeof count !== 'number' || count < 0 || count > argumentCount) return false;
      if (count === 0) return true;
      first += find.first;
      last = first + (count - 1) * find.step;
    } else return false;
    if (first < 1 || last < first || last >= argumentCount) return false;
    for (let at = first; at <= last; at += find.step) this.add(at, access === 'write');
    return true;
  }

  private add(position: number, isWritten: boolean): void {
    if (this.count === this.positions.length) this.grow();
    this.positions[this.count] = position;
    this.written[this.count++] = isWritten ? 1 : 0;
  }

  private grow(): void {
    const positions = new Int32Array(2 * this.count);
    positions.set(this.positions);
    this.positions = positions;
    const written = new Uint8Array(2 * this.count);
    written.set(this.written);
    this.written = written;
  }

  /** SORT key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC | DESC] [ALPHA] [STORE destination]. */
  private sort(command: LogHead, held: number): boolean {
    const { argumentCount, spec } = command;
    if (held < argumentCount) return false;
    this.add(1, false);
    let destination = 0;
    for (let i = 2; i < argumentCount; i++) {
      const option = wordIndex(command, i, SORT_OPTIONS);
      if (option < 0) return false;
      const values = option === 0 ? 2 : option <= 3 ? 1 : 0;
      if (i + values >= argumentCount) return false;
      if (option === 3) {
        if (!spec.isWrite) return false;
        destination = i + 1;
      }
      i += values;
    }
    // The last STORE holds.
    if (destination > 0) this.add(destination, true);
    return true;
  }

  /** MIGRATE host port key db timeout [options] [KEYS key …], where `key` is empty before KEYS. */
  private migrate(command: LogHead, held: number): boolean {
    const { argumentCount } = command;
    if (held < Math.min(argumentCount, 6)) return false;
    const isOne = command.argumentStart(3) < command.argumentEnd(3);
    for (let i = 6; i < argumentCount; i++) {
      if (i >= held) return false;
      const option = wordIndex(command, i, MIGRATE_OPTIONS);
      if (option < 0) return false;
      if (option === 0) {
        if (isOne || i + 1 === argumentCount) return false;
        for (let key = i + 1; key < argumentCount; key++) this.add(key, true);
        return true;
      }
      i += option <= 2 ? option : 0;
    }
    this.add(3, true);
    return true;
  }

  /** GEORADIUS key … [STORE destination] [STOREDIST destination]: the last of these holds. */
  private geo(command: LogHead, held: number): boolean {
    const { argumentCount, spec } = command;
    if (held < argumentCount) return false;
    this.add(1, false);
    let destination = 0;
    // Options begin behind the arguments that must be there; before stands the unit.
    for (let i = FIRST_GEO_OPTION; i < argumentCount; i++) {
      if (wordIndex(command, i, GEO_STORES) < 0) continue;
      if (i < -spec.arity || i + 1 === argumentCount) return false;
      destination = ++i;
    }
    if (destination > 0) this.add(destination, true);
    return true;
  }

  /** XREAD and XREADGROUP: options, STREAMS, the keys, and as many ids. */
  private streams(command: LogHead, held: number): boolean {
    const { argumentCount, spec } = command;
    for (let i = 1; i < argumentCount; i++) {
      if (i >= held) return false;
      const option = wordIndex(command, i, STREAM_OPTIONS);
      if (option < 0) return false;
      if (option === 0) {
        const rest = argumentCount - i - 1;
        if (rest === 0 || rest % 2 !== 0) return false;
        for (let key = 1; key <= rest / 2; key++) this.add(i + key, spec.isWrite);
        return true;
      }
      i += option === 1 ? 2 : option === 2 ? 0 : 1;
    }
    return false;
  }
}

const SORT_OPTIONS = ['LIMIT', 'BY', 'GET', 'STORE', 'ASC', 'DESC', 'ALPHA'];

/** AUTH has one value, AUTH2 two. */
const MIGRATE_OPTIONS = ['KEYS', 'AUTH', 'AUTH2', 'COPY', 'REPLACE'];

/** Of GEORADIUSBYMEMBER; those of GEORADIUS come one later. */
const FIRST_GEO_OPTION = 5;

const GEO_STORES = ['STORE', 'STOREDIST'];

/** GROUP has two values, NOACK none, the others one. */
const STREAM_OPTIONS = ['STREAMS', 'GROUP', 'NOACK', 'COUNT', 'BLOCK', 'CLAIM'];

const NOT_THERE = -1;
const NOT_HELD = -2;

/** Where a word stands: from `from` to the last but one, or from so far before the end back to the second. */
function keywordAt(command: LogHead, word: string, from: number, held: number): number {
  const { argumentCount } = command;
  const start = from > 0 ? from : argumentCount + from;
  const end = from > 0 ? argumentCount - 1 : 1;
  const step = start <= end ? 1 : -1;
  for (let i = start; i !== end && i >= 1 && i < argumentCount; i += step) {
    if (i >= held) return NOT_HELD;
    if (isWord(command, i, word)) return i;
  }
  return NOT_THERE;
}

function hasArity({ arity }: CommandSpec, count: number): boolean {
  return arity > 0 ? count === arity : count >= -arity;
}

function planOf(spec: CommandSpec): number {
  const { name, keys } = spec;
  const byHand = BY_HAND.get(name);
  if (byHand !== undefined) return byHand;
  if (keys.length === 0) return Plan.none;
  if (keys.some(isShort)) return Plan.unknowable;
  const [rule] = keys as [KeyRule];
  if (keys.length === 1 && isFirst(rule)) return rule.access === 'write' ? Plan.firstWritten : Plan.firstRead;
  return Plan.rules;
}

function isShort({ begin, find, incomplete }: KeyRule): boolean {
  return incomplete || begin.kind === 'unknown' || find.kind === 'unknown';
}

function isFirst({ begin, find }: KeyRule): boolean {
  return begin.kind === 'index' && begin.index === 1 && find.kind === 'range' && find.last === 0;
}
