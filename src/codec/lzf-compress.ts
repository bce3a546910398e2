const HASH_BITS = 14;
const MAX_DISTANCE = 8192;
const MAX_REFERENCE = 264;
const MAX_LITERAL = 32;

/** Servers store a string raw unless its block is at least this much shorter (rdb.c). */
const LEAST_GAIN = 4;

/** Misses in a row after which the search begins to step over bytes, as a power of two. */
const PATIENCE = 6;

/** Positions are counted on from input to input, so that the table need not be cleared, up to this. */
const MAX_POSITION = 0x1000_0000;

/**
 * Compresses to LZF blocks (lzf_c.c of liblzf describes the format), one after another: the block
 * and the table of the search are used again. Greedy, with one candidate for every three bytes;
 * the blocks differ from those of a server, which reads any.
 */
export class LzfCompressor {
  /** The block is `bytes[0, size)` with the size that `compress` returned, borrowed until the next. */
  bytes: Uint8Array = new Uint8Array(1024);
  /** For each hash of three bytes, the position behind `base` at which they stood last. */
  private readonly seen = new Int32Array(1 << HASH_BITS);
  private base = 0;

  /**
   * Compresses `input[start, end)`.
   * @returns the size of the block, or 0 when it would not be at least four bytes shorter
   */
  compress(input: Uint8Array, start: number, end: number): number {
    const budget = end - start - LEAST_GAIN;
    if (budget <= 0) return 0;
    this.reserve(budget);
    if (this.base + (end - start) >= MAX_POSITION) {
      this.seen.fill(0);
      this.base = 0;
    }
    const { seen, bytes: output } = this;
    // A slot holds its position plus 1, so that what earlier inputs left is below `first`.
    const shift = this.base + 1 - start;
    const first = shift + start;
    this.base += end - start;
    const last = end - 3;
    let op = 0;
    let literals = start;
    let ip = start;
    let misses = 0;
    while (ip <= last) {
      const a = input[ip] as number;
      const b = input[ip + 1] as number;
      const c = input[ip + 2] as number;
      const slot = Math.imul((a << 16) | (b << 8) | c, 0x9e3779b1) >>> (32 - HASH_BITS);
      const found = seen[slot] as number;
      seen[slot] = ip + shift;
      const from = found - shift;
      if (
        found < first ||
        ip - from > MAX_DISTANCE ||
        input[from] !== a ||
        input[from + 1] !== b ||
        input[from + 2] !== c
      ) {
        ip += 1 + (misses++ >> PATIENCE);
        continue;
      }
      misses = 0;
      const longest = Math.min(MAX_REFERENCE, end - ip);
      let length = 3;
      while (length < longest && input[from + length] === input[ip + length]) length++;
      op = putLiterals(input, literals, ip, output, op, budget);
      if (op < 0 || op + (length < 9 ? 2 : 3) > budget) return 0;
      const distance = ip - from - 1;
      if (length < 9) {
        output[op++] = ((length - 2) << 5) | (distance >> 8);
      } else {
        output[op++] = 0xe0 | (distance >> 8);
        output[op++] = length - 9;
      }
      output[op++] = distance & 0xff;
      ip += length;
      literals = ip;
      if (ip - 1 <= last) {
        const end3 =
          ((input[ip - 1] as number) << 16) | ((input[ip] as number) << 8) | (input[ip + 1] as number);
        seen[Math.imul(end3, 0x9e3779b1) >>> (32 - HASH_BITS)] = ip - 1 + shift;
      }
    }
    op = putLiterals(input, literals, end, output, op, budget);
    return Math.max(0, op);
  }

  private reserve(size: number): void {
    if (this.bytes.length < size) this.bytes = new Uint8Array(Math.max(size, 2 * this.bytes.length));
  }
}

/** Writes `input[start, end)` as literal runs; -1 when the budget does not hold them. */
function putLiterals(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  at: number,
  budget: number,
): number {
  let op = at;
  for (let ip = start; ip < end; ) {
    const run = Math.min(MAX_LITERAL, end - ip);
    if (op + run + 1 > budget) return -1;
    output[op++] = run - 1;
    for (const stop = ip + run; ip < stop; ) output[op++] = input[ip++] as number;
  }
  return op;
}
