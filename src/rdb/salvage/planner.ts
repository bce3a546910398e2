import { latin1Text } from '../../bytes/ascii.js';
import { readInt32LE } from '../../bytes/integer.js';
import { Crc64 } from '../../codec/crc64.js';
import { RdbkitError } from '../../errors.js';
import { type Limits, withLimits } from '../../limits.js';
import type { Magic } from '../magic.js';
import { FIRST_CHECKSUM_VERSION } from '../magic.js';
import { HashTemplates } from '../templates.js';
import type { Dialect } from '../types.js';
import { evidenceOf, keyEvidence } from './evidence.js';
import type { RandomAccess } from './file-view.js';
import { ItemWalker, TRAILER } from './item-walker.js';
import { LOOKS_LIKE_KEYS } from './look-alikes.js';
import {
  type CutValue,
  type Excess,
  type LostRange,
  MOST_TOLD,
  type NamedKey,
  type SalvagePlan,
  SegmentList,
} from './plan.js';
import { ResyncSearch } from './search.js';

export interface PlannerOptions {
  readonly limits?: Partial<Limits>;
  /** Where the magic is not to be believed: what it should have said, and why. */
  readonly damagedMagic?: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Keys before damage that may have been read wrong. */
const TAIL = 4;

/** Bytes at the end of such a value in which the next item may begin. */
const SWALLOWED = 16 * 1024;

/**
 * Bits that must speak for the items that take the place of one that was read whole. Fourteen are
 * for the many places tried and for how seldom damage lies in a length; what speaks for keys that
 * would turn out to be none is added.
 */
const TAKES_OVER = 14;

const MAGIC_BYTES = 9;
const CRC_CHUNK = 1 << 20;
const NAMED_BYTES = 256;
const KEYS_A_TURN = 1024;

/** One in so many keys that are no text make the file one of binary keys, once some were read. */
const BINARY_SHARE = 4;
const ENOUGH_KEYS = 32;

/**
 * Reads a dump that may be damaged to its end and finds what of it can be kept. Reading is in step
 * from the header on. Where an item cannot be read, or has a value that is damaged inside:
 *
 * 1. When the frame of the item is whole and items follow where it ends, only that item is lost.
 * 2. Else the next place is looked for from just behind the item's beginning on, never from where
 *    it claims to end: a length that lies hides nothing.
 * 3. When items lead over the damage from inside a key just before it, that key is lost instead:
 *    its length had become too large and swallowed their beginning.
 *
 * The attributes before a type byte are part of the key's item: they are lost with it, and never
 * come to belong to another. A key that reading is taken up with at its type byte may have had an
 * expiry that is lost: it is kept without and named, unless RESIZEDB says that no key of the
 * database has one.
 *
 * An EOF that is not at the end of the input ends a dump inside a value when items follow right
 * behind its checksum and the segment began at damage: all of the segment is given up, for its
 * keys are none of this dump. Else it is damage itself if items follow anywhere.
 */
export class SalvagePlanner {
  private readonly walker: ItemWalker;
  private readonly search: ResyncSearch;
  private readonly templates: HashTemplates;
  private dialect: Dialect;
  /** Position up to which the input was read. */
  position = 0;

  /** Keys kept, and how many of them are no text. */
  private keys = 0;
  private binaryKeys = 0;
  /** The beginning of the last key, and its size. */
  private readonly lastBytes = new Uint8Array(NAMED_BYTES);
  private lastSize = -1;

  private readonly segments = new SegmentList();
  private readonly lost: Mutable<LostRange>[] = [];
  private lostRanges = 0;
  private lostBytes = 0;
  private frameBytes = 0;
  private trailingBytes = 0;
  private hasEnd = false;
  private checksum: SalvagePlan['checksum'] = 'unknown';
  private cut: CutValue | undefined;

  /** The segment that is being read: where it began, and in which database. */
  private from = 0;
  private fromDb = 0;
  private db = 0;
  /** Whether reading has been in step since the header. */
  private inStep = true;
  /** Where the last keys of the segment begin. */
  private tail: number[] = [];
  private lastKeyAt = -1;
  private lastKeyDb = 0;
  /** What RESIZEDB says of the database: whether keys have an expiry. */
  private hasExpiries = true;
  /** The last key before the segment. */
  private keyBefore = { at: -1, db: 0, keys: 0 };
  /** Keys of the database by RESIZEDB, -1 for unknown, and keys before it. */
  private declared = -1;
  private keysBefore = 0;
  private readonly excess: Excess[] = [];
  /** Fields that may be left of a damaged hash whose fields look like keys. */
  private fieldsLeft = 0;
  /** The last lost range while no key has come behind it. */
  private open: Mutable<LostRange> | undefined;

  constructor(
    private readonly input: RandomAccess,
    private readonly magic: Magic,
    private readonly options: PlannerOptions = {},
  ) {
    const limits = withLimits(options.limits);
    this.walker = new ItemWalker(input, limits);
    this.search = new ResyncSearch(input, limits);
    this.templates = new HashTemplates(limits.maxTemplateBytes);
    this.dialect = magic.dialect;
    this.use(magic.dialect);
  }

  /**
   * Reads the input. Yields now and then, so that others get a turn.
   * @throws RdbkitError LIMIT_EXCEEDED for more than a million damaged places
   */
  *plan(): Generator<void, SalvagePlan> {
    this.begin();
    const { walker, input } = this;
    let at = this.from;
    for (let turn = 0; at < input.size; turn++) {
      if (turn % KEYS_A_TURN === 0) yield;
      this.position = at;
      const isWhole = walker.read(at, this.templates);
      if (isWhole && walker.kind !== 'eof' && !this.isRepeated()) {
        this.take();
        at = walker.end;
        continue;
      }
      const next: number | undefined = yield* this.atFault(at, isWhole);
      if (next === undefined) break;
      at = next;
    }
    if (!this.hasEnd && at >= input.size) this.endsEarly();
    this.compareKeys();
    this.position = input.size;
    return this.result();
  }

  private begin(): void {
    const { damagedMagic } = this.options;
    this.from = Math.min(MAGIC_BYTES, this.input.size);
    if (damagedMagic === undefined) {
      this.frameBytes = this.from;
      return;
    }
    this.lose(0, this.from, new RdbkitError('INPUT_CORRUPT', damagedMagic), undefined);
    this.inStep = false;
    const ends = this.walker.read(this.from, this.templates);
    if (ends) {
      this.sure();
      return;
    }
    // What was cut out of the header may have moved all that follows.
    this.from = 0;
    this.lost.length = 0;
    this.lostRanges = 0;
    this.lostBytes = 0;
  }

  private use(dialect: Dialect): void {
    this.dialect = dialect;
    this.walker.use(dialect, this.magic.version);
    this.search.use(dialect, this.magic.version);
  }

  private atFault(at: number, isWhole: boolean): Generator<void, number | undefined> {
    if (!isWhole) return this.atDamage(at, this.walker.fault as RdbkitError);
    return this.walker.kind === 'eof' ? this.atEof(at) : this.atRepeated(at);
  }

  /** Whether the item is a key of the same name as the one before. */
  private isRepeated(): boolean {
    const { key, kind } = this.walker;
    return kind === 'key' && this.tail.length > 0 && this.isLast(key);
  }

  /** Enters an item that is kept. */
  private take(): void {
    const { walker, tail } = this;
    switch (walker.kind) {
      case 'key':
        this.lastKeyAt = walker.start;
        this.lastKeyDb = this.db;
        this.keepKey();
        if (tail.length === TAIL) tail.shift();
        tail.push(walker.start);
        if (this.open !== undefined) this.closeRange();
        break;
      case 'select':
        this.compareKeys();
        this.declared = -1;
        this.db = walker.db;
        this.hasExpiries = true;
        if (this.open !== undefined) this.open.dbCertain = true;
        break;
      case 'resize':
        this.hasExpiries = walker.expires !== 0;
        this.declared = walker.keys;
        this.keysBefore = this.keys;
        if (this.open !== undefined && !this.open.dbCertain) this.open.dbChanged = true;
        break;
      case 'aux':
        if (walker.aux !== undefined && latin1Text(walker.aux.name) === 'df-ver') this.use('dragonfly');
        break;
      default:
    }
  }

  private keepKey(): void {
    const { key } = this.walker;
    this.keys++;
    if (keyEvidence(key, 0, key.length) === 0) this.binaryKeys++;
    this.search.binaryKeys = this.keys >= ENOUGH_KEYS && this.binaryKeys * BINARY_SHARE > this.keys;
    this.lastSize = key.length;
    const size = Math.min(key.length, NAMED_BYTES);
    for (let i = 0; i < size; i++) this.lastBytes[i] = key[i] as number;
  }

  /** Whether the key begins as the last one, and is as long. */
  private isLast(key: Uint8Array): boolean {
    if (key.length !== this.lastSize) return false;
    const size = Math.min(key.length, NAMED_BYTES);
    for (let i = 0; i < size; i++) if (key[i] !== this.lastBytes[i]) return false;
    return true;
  }

  /** Compares the keys kept of a database with what RESIZEDB said. */
  private compareKeys(): void {
    const { db, declared } = this;
    const kept = this.keys - this.keysBefore;
    if (declared >= 0 && kept > declared && this.excess.length < MOST_TOLD) {
      this.excess.push({ db, declared, kept });
    }
  }

  /** Names the first key behind a lost range, and says what may be missing of it. */
  private closeRange(): void {
    const { open, walker } = this;
    if (open === undefined) return;
    open.after = this.named();
    const follows = walker.start === open.to;
    if (!follows || walker.expireAtMs !== undefined || !this.hasExpiries) open.expiryUnknown = false;
    this.open = undefined;
  }

  private named(): NamedKey {
    const { key } = this.walker;
    return { db: this.db, key: key.slice(0, NAMED_BYTES), size: key.length };
  }

  private lastKey(): NamedKey | undefined {
    if (this.lastKeyAt < 0 || !this.walker.read(this.lastKeyAt, NO_TEMPLATES)) {
      if (this.lastKeyAt < 0 || !this.walker.hasKey) return undefined;
    }
    const { key } = this.walker;
    return { db: this.lastKeyDb, key: key.slice(0, NAMED_BYTES), size: key.length };
  }

  /** Ends the segment before `to`, and begins one at `next`. */
  private cutOut(to: number, next: number): void {
    if (to > this.from) this.segments.add({ from: this.from, to, db: this.fromDb });
    this.from = next;
    this.fromDb = this.db;
    this.keyBefore = { at: this.lastKeyAt, db: this.lastKeyDb, keys: this.keys };
    this.tail = [];
  }

  private lose(from: number, to: number, fault: RdbkitError, damaged: NamedKey | undefined): void {
    const before = this.lastKey();
    this.lostBytes += to - from;
    const last = this.open;
    if (last !== undefined && last.to === from) {
      last.to = to;
    } else {
      this.lostRanges++;
      const range = {
        from,
        to,
        code: fault.code,
        reason: fault.message,
        damaged,
        before,
        after: undefined,
        dbCertain: false,
        dbChanged: false,
        expiryUnknown: true,
      };
      if (this.lost.length < MOST_TOLD) this.lost.push(range);
      this.open = range;
    }
    this.inStep = false;
  }

  /** Says that nothing but the item itself can have been lost in the last range. */
  private sure(): void {
    const { open } = this;
    if (open === undefined) return;
    open.dbCertain = true;
    open.expiryUnknown = false;
  }

  /** Reads on behind an item that cannot be read; undefined when nothing follows. */
  private *atDamage(at: number, fault: RdbkitError): Generator<void, number | undefined> {
    const { walker, search, input, templates } = this;
    const damaged = walker.hasKey ? this.named() : undefined;
    const { faultEnd } = walker;
    if (walker.hasKey && LOOKS_LIKE_KEYS.has(walker.type.name)) {
      this.fieldsLeft = walker.declaredElements();
    }
    if (faultEnd > at && search.isBelieved(faultEnd, templates)) {
      this.lose(at, faultEnd, fault, damaged);
      this.cutOut(at, faultEnd);
      this.sure();
      return faultEnd;
    }
    const { family, program } = walker.type;
    search.inHash = !walker.hasKey || (family === 'hash' && program.layouts.length === 0);
    const found = yield* search.forward(at + 1, templates);
    const over = this.swallowed(at, found);
    if (over !== undefined) {
      const { start } = over;
      // The key is damaged: what it has swallowed may begin anywhere in it.
      const place = (yield* search.forward(start.at + 1, templates)) ?? over.place;
      walker.read(start.at, templates);
      const name = walker.hasKey ? this.named() : undefined;
      this.lastKeyAt = start.before < 0 ? this.keyBefore.at : start.before;
      this.keys -= start.keys;
      this.lose(start.at, place, SWALLOWS, name);
      this.cutOut(start.at, place);
      return place;
    }
    if (found === undefined && fault.code === 'INPUT_TRUNCATED' && damaged !== undefined) {
      this.cut = { offset: at, db: this.db };
    }
    const next = found === undefined ? undefined : yield* this.passFields(found);
    this.lose(at, next ?? input.size, fault, damaged);
    this.cutOut(at, next ?? input.size);
    return next;
  }

  /** Passes the fields that are left of a hash whose fields look like keys. */
  private *passFields(from: number): Generator<void, number | undefined> {
    const { walker, search, templates } = this;
    let at = from;
    while (this.fieldsLeft > 0) {
      // A field with an expiry cannot be read: what follows it is looked at when it is found.
      if (!walker.read(at, templates)) break;
      if (walker.kind !== 'key' || walker.type.code !== 0 || walker.attributes > 0) {
        this.fieldsLeft = 0;
        break;
      }
      if (walker.key.length > 0) {
        this.fieldsLeft--;
        at = walker.end;
        continue;
      }
      // Zeros read as such, too, and the last of them together with what follows.
      const found: number | undefined = yield* search.forward(at + 1, templates);
      if (found === undefined) return undefined;
      at = found;
    }
    return at;
  }

  /**
   * Zeros read as keys without a byte, one after another: none of them is kept. Of any other key
   * that comes twice the first is.
   */
  private *atRepeated(at: number): Generator<void, number | undefined> {
    const isEmpty = this.walker.key.length === 0;
    const from = isEmpty ? (this.tail.pop() as number) : at;
    if (isEmpty) {
      this.lastKeyAt = this.tail.at(-1) ?? this.keyBefore.at;
      this.keys--;
    }
    return yield* this.atDamage(from, TWICE);
  }

  /** A key before the damage that has swallowed items which lead over it, and where they begin. */
  private swallowed(
    damage: number,
    found: number | undefined,
  ): { start: { at: number; before: number; keys: number }; place: number } | undefined {
    const { walker, search, templates, tail } = this;
    let needed = TAKES_OVER;
    for (let i = tail.length - 1; i >= 0; i--) {
      const at = tail[i] as number;
      if (!walker.read(at, templates)) return undefined;
      const { typeAt, end } = walker;
      const evidence = evidenceOf(walker);
      const from = Math.max(typeAt + 1, end - SWALLOWED);
      const place = search.across(from, end, damage, found, needed, templates);
      if (place !== undefined) {
        return { start: { at, before: tail[i - 1] ?? -1, keys: tail.length - i }, place };
      }
      needed += evidence;
    }
    return undefined;
  }

  /** Tells the end of the dump from one that is none; where to read on, if anywhere. */
  private *atEof(at: number): Generator<void, number | undefined> {
    const { walker, search, input, templates } = this;
    const { end } = walker;
    const isWhole = this.inStep && this.lostRanges === 0;
    if (end < input.size && !(isWhole && this.crc(at + 1) === 'ok')) {
      if (!this.inStep && search.isBelieved(end, templates)) {
        this.giveUpSegment(end);
        return end;
      }
      const found = yield* search.forward(at + 1, templates);
      if (found !== undefined) {
        this.lose(at, found, FALSE_END, undefined);
        this.cutOut(at, found);
        return found;
      }
    }
    this.cutOut(at, end);
    this.hasEnd = true;
    this.frameBytes += end - at;
    this.trailingBytes = input.size - end;
    this.checksum = this.crc(at + 1);
    this.position = input.size;
    return undefined;
  }

  /** Adds the segment to the lost range before it, up to `end`. */
  private giveUpSegment(end: number): void {
    this.lastKeyAt = this.keyBefore.at;
    this.lastKeyDb = this.keyBefore.db;
    this.keys = this.keyBefore.keys;
    this.db = this.fromDb;
    const last = this.lost.at(-1);
    if (last !== undefined && last.to === this.from) {
      last.after = undefined;
      last.dbCertain = false;
      last.dbChanged = false;
      last.expiryUnknown = true;
      this.open = last;
    }
    this.lose(this.from, end, INNER_DUMP, undefined);
    this.from = end;
    this.tail = [];
  }

  private endsEarly(): void {
    this.cutOut(this.input.size, this.input.size);
    this.open = undefined;
  }

  /** Compares the checksum behind the first `size` bytes with theirs. */
  private crc(size: number): 'ok' | 'absent' | 'bad' {
    const { input } = this;
    if (this.magic.version < FIRST_CHECKSUM_VERSION) return 'absent';
    const stored = new Uint8Array(TRAILER);
    if (input.readAt(size, stored) < TRAILER) return 'bad';
    const low = readInt32LE(stored, 0);
    const high = readInt32LE(stored, 4);
    if (low === 0 && high === 0) return 'absent';
    const crc = new Crc64();
    const piece = new Uint8Array(Math.min(CRC_CHUNK, size));
    for (let at = 0; at < size; ) {
      const count = Math.min(input.readAt(at, piece), size - at);
      if (count === 0) return 'bad';
      crc.update(piece, 0, count);
      at += count;
    }
    return low === crc.low && high === crc.high ? 'ok' : 'bad';
  }

  private result(): SalvagePlan {
    const { magic, dialect, segments, lost, lostRanges, lostBytes, frameBytes, trailingBytes } = this;
    const { keys, hasEnd, checksum, cut } = this;
    return {
      magic,
      dialect,
      segments,
      lost,
      lostRanges,
      lostBytes,
      keys,
      frameBytes,
      trailingBytes,
      hasEnd,
      checksum,
      cut,
      excess: this.excess,
      unsearched: this.search.unsearched,
    };
  }
}

const NO_TEMPLATES = new HashTemplates(0);
const SWALLOWS = new RdbkitError(
  'INPUT_CORRUPT',
  'the value reaches into what follows it: a length in it is damaged',
);
const TWICE = new RdbkitError('INPUT_CORRUPT', 'a key of the same name as the one before');
const FALSE_END = new RdbkitError('INPUT_CORRUPT', 'an end of the dump, behind which it goes on');
const INNER_DUMP = new RdbkitError('INPUT_CORRUPT', 'another dump inside a value whose beginning is lost');
