import type { Limits } from '../../limits.js';
import { parseMagic } from '../magic.js';
import { HashTemplates } from '../templates.js';
import { type Dialect, type TypeTable, typeTable } from '../types.js';
import { evidenceOf } from './evidence.js';
import { FileView, type RandomAccess } from './file-view.js';
import { ItemWalker, TRAILER } from './item-walker.js';
import { LOOKS_LIKE_KEYS } from './look-alikes.js';
import { looksLikeStart, START_BYTES } from './start.js';

/**
 * Finds where reading can be taken up again behind damage.
 *
 * A place is believed when items follow from it one after another, checked inside, until what
 * speaks for them (`evidenceOf`) comes to `BELIEVED` bits, or the end of the file comes first. In
 * 4 GiB of bytes at random one place in 2^16 such files would pass by chance. What remains are
 * bytes that are structured without being items:
 *
 * - Runs of one byte: a key needs a character, and no two keys one behind the other are the same.
 * - The strings of a large value, whose lengths read as types: a key has no control characters.
 * - A dump inside a value, header and all: it is passed over as a whole unless it goes on to the
 *   very end of the file. (One whose header is gone: see `SalvagePlanner`.)
 * - The rest of a damaged item that ends where a whole one begins, or that swallows one: of two
 *   places whose items come together, the one with more that speaks for it is taken.
 */
export class ResyncSearch {
  private readonly walker: ItemWalker;
  private readonly window: FileView;
  private types: TypeTable = [];
  private version = 0;
  /** First bytes of what may be an item. */
  private readonly starts = new Uint8Array(256);
  /** Whether the keys of the file are such that one need not be text. */
  binaryKeys = false;
  /** Whether the bytes to be searched may be the rest of a hash that is stored string by string. */
  inHash = true;
  private credit = MOST_CREDIT;
  /** Places that may still be tried. */
  private tries = FREE_TRIES;
  /** Bytes that were passed over because too many places before them came to nothing. */
  unsearched = 0;
  private readonly first = new Chain();
  private readonly second = new Chain();

  constructor(
    private readonly input: RandomAccess,
    private readonly limits: Limits,
  ) {
    this.walker = new ItemWalker(input, limits, TRIAL_VIEW);
    this.window = new FileView(input);
  }

  /** Says whose numbering the file follows. */
  use(dialect: Dialect, version: number): void {
    this.walker.use(dialect, version);
    this.types = typeTable(dialect, version);
    this.version = version;
    for (let code = 0; code < 256; code++) this.starts[code] = this.walker.knows(code) ? 1 : 0;
  }

  /** Whether items follow one another from `at` on, where the first may have a name of any kind. */
  isBelieved(at: number, templates: HashTemplates): boolean {
    return this.follow(at, templates, this.first, { anyFirst: true });
  }

  /**
   * The first place from `from` on where reading can go on, or undefined. Yields now and then, so
   * that others get a turn.
   */
  *forward(from: number, templates: HashTemplates): Generator<void, number | undefined> {
    const { input, window, starts } = this;
    const eofAt = input.size - 1 - (this.version < 5 ? 0 : TRAILER);
    for (let at = from; at < input.size; ) {
      window.show(at, START_BYTES);
      const { bytes, base } = window;
      const end = window.limit >= input.size ? window.end : window.end - START_BYTES + 1;
      const begun = at;
      let found = -1;
      for (let i = at - base; i < end; i++) {
        const code = bytes[i] as number;
        if (code === EOF && base + i === eofAt) return base + i;
        if ((code === 0x52 || code === 0x56) && this.isMagic(i)) {
          found = i;
          break;
        }
        if (starts[code] === 1 && looksLikeStart(bytes, i, window.end, this.types, this.binaryKeys)) {
          found = i;
          break;
        }
      }
      at = base + (found < 0 ? end : found);
      this.earn(at - begun);
      if (found >= 0) {
        if (this.isMagic(found) && this.tries >= 0) {
          const behind = this.passInnerDump(at, templates);
          if (behind === undefined) return at + MAGIC;
          at = behind;
        } else if (this.follow(at, templates, this.first) && !this.isField(found)) {
          return this.better(at, templates);
        } else if (this.tries >= 0) {
          at++;
        } else {
          const behind = Math.min(at + PASSED_OVER, input.size);
          this.unsearched += behind - at;
          this.earn(behind - at);
          at = behind;
        }
      }
      yield;
    }
    return undefined;
  }

  /**
   * Looks before damage for a place from which items lead over it: a length that became too large
   * swallows the beginning of the next item, and is found out only behind it.
   * @param from, @param to where the place may be
   * @param damage where reading failed
   * @param meets where `forward` would go on
   * @param needed bits that must speak for the items from the place to behind the damage
   */
  across(
    from: number,
    to: number,
    damage: number,
    meets: number | undefined,
    needed: number,
    templates: HashTemplates,
  ): number | undefined {
    const { window, first } = this;
    window.show(from, to - from + START_BYTES);
    for (let at = from; at < to && this.tries >= 0; at++) {
      const i = at - window.base;
      if (this.starts[window.bytes[i] as number] !== 1) continue;
      if (!looksLikeStart(window.bytes, i, window.end, this.types, this.binaryKeys)) continue;
      if (!this.follow(at, templates, first, { reach: meets ?? damage + 1 })) continue;
      const over = first.evidenceOver(damage);
      if (over < needed || (meets !== undefined && !first.met)) continue;
      return at;
    }
    return undefined;
  }

  /** Of this place and those inside the first item from it, the one that most speaks for. */
  private better(at: number, templates: HashTemplates): number {
    const { first, second, window } = this;
    const behind = first.ends[0] as number;
    if (behind - at > SWALLOWED || first.evidenceOver(at) >= BELIEVED || first.looksLikeKeys) return at;
    window.show(at, behind - at + START_BYTES);
    for (let place = at + 1; place < behind && this.tries >= 0; place++) {
      const i = place - window.base;
      if (this.starts[window.bytes[i] as number] !== 1) continue;
      if (!looksLikeStart(window.bytes, i, window.end, this.types, this.binaryKeys)) continue;
      if (this.follow(place, templates, second, { other: first }) && second.outweighs(first)) return place;
    }
    return at;
  }

  /**
   * Follows the items from `at` until they are believed, and until `reach`; or where `other` is
   * given until they come to where items of it end.
   */
  private follow(
    at: number,
    templates: HashTemplates,
    chain: Chain,
    { reach = 0, other, anyFirst = false }: FollowOptions = {},
  ): boolean {
    const { walker, input } = this;
    const trial = new TrialTemplates(templates, this.limits.maxTemplateBytes);
    this.tries--;
    chain.begin();
    let next = at;
    let lastKey: Uint8Array | undefined;
    for (let items = 0; ; items++) {
      walker.budget = Math.max(LEAST_BUDGET, this.credit);
      if (items >= MOST_ITEMS && chain.evidence < BELIEVED) return false;
      const isWhole = walker.read(next, trial);
      this.credit -= walker.work + COST;
      if (!isWhole) return false;
      if (walker.kind === 'eof') {
        if (walker.end !== input.size) return false;
        chain.add(walker.end, BELIEVED, reach);
        return true;
      }
      const evidence = evidenceOf(walker);
      if (walker.kind === 'key') {
        // Nothing else tells the first from the rest of a damaged one that ends where it ends.
        const least = anyFirst ? 0 : this.binaryKeys ? 1 : LEAST_FIRST;
        if (lastKey === undefined && evidence < least) return false;
        if (lastKey !== undefined && sameBytes(lastKey, walker.key)) return false;
        lastKey = walker.key.slice(0, COMPARED);
      }
      next = walker.end;
      if (items === 0) chain.looksLikeKeys = walker.kind === 'key' && LOOKS_LIKE_KEYS.has(walker.type.name);
      chain.add(next, evidence, reach);
      if (other !== undefined) {
        if (other.ends.includes(next)) return true;
        if (next > other.last) return true;
      } else if (chain.evidence >= BELIEVED && next >= reach) return true;
    }
  }

  /**
   * Whether what looks like a key is the last field of a hash: the zero before it is the last byte
   * of the integer before it.
   */
  private isField(at: number): boolean {
    const { bytes } = this.window;
    if (!this.inHash || bytes[at] !== 0) return false;
    return bytes[at - 1] === 0xc0 || bytes[at - 2] === 0xc1 || bytes[at - 4] === 0xc2;
  }

  private isMagic(at: number): boolean {
    const { bytes, end } = this.window;
    if (at + MAGIC > end) return false;
    const first = bytes[at + 1];
    if (first !== 0x45 && first !== 0x41) return false;
    try {
      return parseMagic(bytes, at, at + MAGIC) !== undefined;
    } catch {
      return false;
    }
  }

  /**
   * Passes over a dump inside a value. Undefined when it goes on to the end of the file, which is
   * then what was looked for: something stands before the dump, or its beginning is there twice.
   */
  private passInnerDump(at: number, templates: HashTemplates): number | undefined {
    const { walker } = this;
    const trial = new TrialTemplates(templates, this.limits.maxTemplateBytes);
    this.tries--;
    let next = at + MAGIC;
    for (;;) {
      walker.budget = Math.max(LEAST_BUDGET, this.credit);
      const isWhole = walker.read(next, trial);
      if (!isWhole) break;
      next = walker.end;
      if (walker.kind === 'eof') return next === this.input.size ? undefined : next;
    }
    // What is whole is passed only once.
    this.credit -= walker.work + COST;
    return next;
  }

  private earn(bytes: number): void {
    this.credit = Math.min(MOST_CREDIT, this.credit + CREDIT_A_BYTE * bytes);
    this.tries = Math.min(FREE_TRIES, this.tries + bytes / BYTES_A_TRY);
  }
}

interface FollowOptions {
  /** Where to come to, beyond being believed. */
  readonly reach?: number;
  /** Items of another chain, to one of whose ends these are to come. */
  readonly other?: Chain;
  /** Whether little may speak for the first key. */
  readonly anyFirst?: boolean;
}

/** What must speak for items before they are believed, in bits. */
const BELIEVED = 48;

/** Bits that must speak for the first key: it is text, or has an expiry. */
const LEAST_FIRST = 8;

/** Items that are followed at most. */
const MOST_ITEMS = 256;

/** The work for places that come to nothing, in bytes looked at: what it may cost for each byte … */
const CREDIT_A_BYTE = 16;
/** … what can be saved up for places that cost more … */
const MOST_CREDIT = 64 << 20;
/** … and what each may cost when nothing is left. */
const LEAST_BUDGET = 1024;
const COST = 64;

/** Places that may be tried at no cost; then one for so many bytes. */
const FREE_TRIES = 1 << 20;
const BYTES_A_TRY = 64;

/** Bytes passed over where more came to nothing: no dump holds so many that look like items. */
const PASSED_OVER = 4096;

/** Bytes in view on trial: less than where all is read, for it goes back and forth. */
const TRIAL_VIEW = 128 * 1024;

/** A first item of up to this size is searched for whole ones that it may have swallowed. */
const SWALLOWED = 1 << 20;

/** Bytes of a key that are compared with the key before it. */
const COMPARED = 64;

const MAGIC = 9;
const EOF = 0xff;

/** The ends of the items from a place, and what speaks for them so far. */
class Chain {
  readonly ends: number[] = [];
  private readonly sums: number[] = [];
  evidence = 0;
  /** Whether the first is a hash whose fields look like keys. */
  looksLikeKeys = false;
  /** Whether an item ends, or begins, where it was to be reached. */
  met = false;

  begin(): void {
    this.ends.length = 0;
    this.sums.length = 0;
    this.evidence = 0;
    this.met = false;
    this.looksLikeKeys = false;
  }

  get last(): number {
    return this.ends.at(-1) ?? 0;
  }

  /**
   * Whether more speaks for these items than for those of another, up to where both end; where they
   * come together nowhere, up to the last item of the other.
   */
  outweighs(other: Chain): boolean {
    const index = other.ends.indexOf(this.last);
    if (index >= 0) return this.evidence > (other.sums[index] as number);
    return (this.sums.at(-2) ?? 0) > other.evidence;
  }

  add(end: number, evidence: number, reach: number): void {
    this.evidence += evidence;
    this.ends.push(end);
    this.sums.push(this.evidence);
    if (end === reach) this.met = true;
  }

  /** What speaks for the items up to the first that ends behind a place. */
  evidenceOver(place: number): number {
    const index = this.ends.findIndex((end) => end > place);
    return index < 0 ? 0 : (this.sums[index] as number);
  }
}

/** Templates declared on a trial, beside those of the file. */
class TrialTemplates extends HashTemplates {
  constructor(
    private readonly file: HashTemplates,
    maxBytes: number,
  ) {
    super(maxBytes);
  }

  override names(id: Parameters<HashTemplates['names']>[0]): readonly Uint8Array[] | undefined {
    return super.names(id) ?? this.file.names(id);
  }
}

function sameBytes(held: Uint8Array, key: Uint8Array): boolean {
  if (Math.min(key.length, COMPARED) !== held.length) return false;
  for (let i = 0; i < held.length; i++) if (held[i] !== key[i]) return false;
  return true;
}
