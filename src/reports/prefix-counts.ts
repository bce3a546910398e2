/** What has keys of one prefix. */
export interface PrefixCount {
  /** With its separator; a copy. Undefined for all prefixes that had no place of their own. */
  readonly prefix: Uint8Array | undefined;
  commands: number;
  bytes: number;
}

const MAX_PREFIXES = 4096;

/** Longest prefix that is told apart. */
const MAX_PREFIX = 64;

const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5 | 0;

/** Numbers up to this are no objects, which a map would have to look into. */
const SMALL = 0x3fff_ffff;

/** Bytes that end a prefix: `:` `/` `|` `.` `-` `_`. */
const SEPARATORS = new Uint8Array(256);
for (const separator of ':/|.-_') SEPARATORS[separator.charCodeAt(0)] = 1;

/**
 * Counts by the part of a key up to its first separator, without a text made for each. A key
 * without one counts under the empty prefix.
 *
 * Bounded: when there are too many, the rarer half gives way and counts together, so that what is
 * common stays however many are not. A prefix that comes again begins anew then: the counts of
 * prefixes are no more than what there was, and all counts together are exact.
 */
export class PrefixCounts {
  private readonly others: PrefixCount = { prefix: undefined, commands: 0, bytes: 0 };
  private byHash = new Map<number, PrefixCount[]>();
  private size = 0;

  /** Counts a command of so many bytes with the key `key[start, end)`. */
  add(key: Uint8Array, start: number, end: number, bytes: number): void {
    const stop = Math.min(end, start + MAX_PREFIX);
    let hash = FNV_BASIS;
    let at = start;
    while (at < stop) {
      const byte = key[at++] as number;
      hash = Math.imul(hash ^ byte, FNV_PRIME);
      if (SEPARATORS[byte] === 1) break;
    }
    const isPrefix = at > start && SEPARATORS[key[at - 1] as number] === 1;
    const count = isPrefix ? this.find(hash, key, start, at) : this.find(FNV_BASIS, key, start, start);
    count.commands++;
    count.bytes += bytes;
  }

  /** The commonest first. */
  list(): PrefixCount[] {
    const all = this.all();
    if (this.others.commands > 0) all.push(this.others);
    return all.sort(byCommands);
  }

  private all(): PrefixCount[] {
    return [...this.byHash.values()].flat();
  }

  private find(hash: number, key: Uint8Array, start: number, end: number): PrefixCount {
    const slot = hash & SMALL;
    const known = this.byHash.get(slot);
    if (known !== undefined) {
      for (let i = 0; i < known.length; i++) {
        const count = known[i] as PrefixCount;
        if (equals(count.prefix as Uint8Array, key, start, end)) return count;
      }
    }
    if (this.size === MAX_PREFIXES) this.prune();
    const count = { prefix: key.slice(start, end), commands: 0, bytes: 0 };
    this.enter(slot, count);
    return count;
  }

  private enter(slot: number, count: PrefixCount): void {
    const known = this.byHash.get(slot);
    if (known === undefined) this.byHash.set(slot, [count]);
    else known.push(count);
    this.size++;
  }

  private prune(): void {
    const kept = new Set(
      this.all()
        .sort(byCommands)
        .slice(0, MAX_PREFIXES / 2),
    );
    const { byHash } = this;
    this.byHash = new Map();
    this.size = 0;
    for (const [slot, counts] of byHash) {
      for (const count of counts) {
        if (kept.has(count)) this.enter(slot, count);
        else {
          this.others.commands += count.commands;
          this.others.bytes += count.bytes;
        }
      }
    }
  }
}

function byCommands(a: PrefixCount, b: PrefixCount): number {
  return b.commands - a.commands;
}

function equals(prefix: Uint8Array, key: Uint8Array, start: number, end: number): boolean {
  if (prefix.length !== end - start) return false;
  for (let i = 0; i < prefix.length; i++) if (prefix[i] !== key[start + i]) return false;
  return true;
}
