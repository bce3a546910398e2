/** A set of byte strings in flat memory, looked up without making an object. */
export class ByteSet {
  /** Number of members. */
  size = 0;
  private table = new Int32Array(1024).fill(-1);
  /** Start of each member in `arena`; the next one's start is its end. */
  private starts = new Int32Array(513);
  private arena = new Uint8Array(16_384);

  add(bytes: Uint8Array): void {
    if (this.has(bytes, 0, bytes.length)) return;
    if (2 * (this.size + 1) > this.table.length) this.grow();
    const start = this.starts[this.size] as number;
    this.reserve(start + bytes.length);
    this.arena.set(bytes, start);
    this.place(this.size++, hash(bytes, 0, bytes.length));
    this.starts[this.size] = start + bytes.length;
  }

  /** Takes all members out; the memory stays. */
  clear(): void {
    this.size = 0;
    this.table.fill(-1);
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.indexOf(bytes, start, end) >= 0;
  }

  /** How many members were added before this one; -1 when it is none. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.table.length - 1;
    for (let slot = hash(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const member = this.table[slot] as number;
      if (member < 0 || this.equals(member, bytes, start, end)) return member;
    }
  }

  private equals(member: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.starts[member] as number;
    if ((this.starts[member + 1] as number) - from !== end - start) return false;
    for (let i = 0; i < end - start; i++) if (this.arena[from + i] !== bytes[start + i]) return false;
    return true;
  }

  private place(member: number, hashed: number): void {
    const mask = this.table.length - 1;
    let slot = hashed & mask;
    while ((this.table[slot] as number) >= 0) slot = (slot + 1) & mask;
    this.table[slot] = member;
  }

  private grow(): void {
    this.table = new Int32Array(2 * this.table.length).fill(-1);
    const starts = new Int32Array(this.table.length / 2 + 1);
    starts.set(this.starts.subarray(0, this.size + 1));
    this.starts = starts;
    for (let member = 0; member < this.size; member++) {
      this.place(member, hash(this.arena, starts[member] as number, starts[member + 1] as number));
    }
  }

  private reserve(size: number): void {
    if (size <= this.arena.length) return;
    const arena = new Uint8Array(Math.max(size, 2 * this.arena.length));
    arena.set(this.arena);
    this.arena = arena;
  }
}

/** FNV-1a with a final mix; for tables only. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < end; i++) value = Math.imul(value ^ (bytes[i] as number), 0x01000193);
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b3c6d) ^ (value >>> 12);
}
