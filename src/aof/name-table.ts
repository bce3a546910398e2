/** Names in flat memory, each within a container or in none, looked up in any case without making an object. */
export class NameTable {
  /** Number of names. */
  size = 0;
  private readonly slots: Int32Array;
  /** Of each name its value, container, length, first and last four bytes, and its start in `arena`. */
  private readonly entries: Int32Array;
  private readonly arena: Uint8Array;
  private arenaEnd = 0;

  /** @param capacity names that may be added, of `nameBytes` bytes together */
  constructor(capacity: number, nameBytes: number) {
    this.slots = new Int32Array(2 ** Math.ceil(Math.log2(4 * capacity))).fill(-1);
    this.entries = new Int32Array(capacity * ENTRY);
    this.arena = new Uint8Array(nameBytes);
  }

  /** Adds `bytes[start, end)`, which must not be there yet, with a value that is not negative. */
  add(container: number, bytes: Uint8Array, start: number, end: number, value: number): void {
    const head = headOf(bytes, start, end);
    const tail = tailOf(bytes, start, end);
    const at = ENTRY * this.size++;
    this.entries.set([value, container, end - start, head, tail, this.arenaEnd], at);
    for (let i = start; i < end; i++) this.arena[this.arenaEnd++] = upper(bytes[i] as number);
    const mask = this.slots.length - 1;
    let slot = hash(container, end - start, head, tail) & mask;
    while ((this.slots[slot] as number) >= 0) slot = (slot + 1) & mask;
    this.slots[slot] = at;
  }

  /** The value of a name; -1 when it is not there. */
  find(container: number, bytes: Uint8Array, start: number, end: number): number {
    const { slots, entries } = this;
    const length = end - start;
    const head = headOf(bytes, start, end);
    const tail = tailOf(bytes, start, end);
    const mask = slots.length - 1;
    for (let slot = hash(container, length, head, tail) & mask; ; slot = (slot + 1) & mask) {
      const at = slots[slot] as number;
      if (at < 0) return -1;
      if (
        entries[at + 4] === tail &&
        entries[at + 3] === head &&
        entries[at + 2] === length &&
        entries[at + 1] === container &&
        (length <= 8 || this.hasMiddle(entries[at + 5] as number, bytes, start, length))
      ) {
        return entries[at] as number;
      }
    }
  }

  private hasMiddle(from: number, bytes: Uint8Array, start: number, length: number): boolean {
    for (let i = 4; i < length - 4; i++) {
      if (this.arena[from + i] !== upper(bytes[start + i] as number)) return false;
    }
    return true;
  }
}

/** Numbers an entry has; the last two are not used. */
const ENTRY = 8;

function hash(container: number, length: number, head: number, tail: number): number {
  const mixed = Math.imul(head ^ Math.imul(tail, 0x2c1b3c6d) ^ (container << 8) ^ length, 0x85eb_ca6b | 0);
  return mixed ^ (mixed >>> 15);
}

/** The first four bytes in upper case, or as many as there are. */
function headOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= 4) return wordAt(bytes, start);
  let word = 0;
  for (let i = start; i < end; i++) word = (word << 8) | upper(bytes[i] as number);
  return word;
}

/** The last four bytes in upper case; 0 where there are fewer. */
function tailOf(bytes: Uint8Array, start: number, end: number): number {
  return end - start >= 4 ? wordAt(bytes, end - 4) : 0;
}

/** Four bytes at once, letters in upper case: those between `a` and `z` lose 0x20. */
function wordAt(bytes: Uint8Array, at: number): number {
  const word =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  const low = word & 0x7f7f_7f7f;
  // In each byte, the top bit says: from `a` on; beyond `z`.
  const letters = ((low + 0x1f1f_1f1f) ^ (low + 0x0505_0505)) & ~word & 0x8080_8080;
  return (word - (letters >>> 2)) | 0;
}

function upper(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 32 : byte;
}
