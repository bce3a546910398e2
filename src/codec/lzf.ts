/**
 * LZF blocks as Redis stores them (lzf_c.c and lzf_d.c of liblzf): no header, literal runs of 1 to
 * 32 bytes, references of 3 to 264 bytes at a distance of 1 to 8192.
 */

/** The most bytes that one byte of a valid block can stand for: 264 from a reference of 3. */
export const MAX_EXPANSION = 88;

const MAX_DISTANCE = 8192;
const MAX_LITERAL = 32;

/** Whether the block in `[start, end)` stands for exactly `size` bytes; nothing is written. */
export function lzfIsValid(input: Uint8Array, start: number, end: number, size: number): boolean {
  let ip = start;
  let op = 0;
  while (ip < end) {
    const control = input[ip] as number;
    if (control < MAX_LITERAL) {
      op += control + 1;
      ip += control + 2;
    } else {
      let length = control >> 5;
      let low: number;
      if (length === 7) {
        if (ip + 3 > end) return false;
        length += input[ip + 1] as number;
        low = input[ip + 2] as number;
        ip += 3;
      } else {
        if (ip + 2 > end) return false;
        low = input[ip + 1] as number;
        ip += 2;
      }
      if ((((control & 31) << 8) | low) >= op) return false;
      op += length + 2;
    }
  }
  return ip === end && op === size;
}

/**
 * Decompresses a block of any size piece by piece. The last 8192 bytes of output are kept, which
 * is as far as a reference reaches.
 */
export class LzfStream {
  /** Bytes of output so far. */
  produced = 0;
  private readonly history = new Uint8Array(MAX_DISTANCE);
  private literal = 0;
  private reference = 0;
  private distance = 0;

  /** Position in the input after the last `write`. */
  inputAt = 0;

  /**
   * Reads from `input[start, end)` and writes at most `room` bytes to `output[at …]`.
   * Stops when the input or the room is used up; an item cut by the end of the input is left
   * unread, so give its bytes again with what follows.
   * @returns the position in `output` after what was written, or -1 when the block is damaged
   */
  write(input: Uint8Array, start: number, end: number, output: Uint8Array, at: number, room: number): number {
    let ip = start;
    let op = at;
    const limit = at + room;
    const { history } = this;
    let { produced, literal, reference, distance } = this;
    for (;;) {
      while (literal > 0 && op < limit && ip < end) {
        const byte = input[ip++] as number;
        history[produced++ & (MAX_DISTANCE - 1)] = byte;
        output[op++] = byte;
        literal--;
      }
      while (reference > 0 && op < limit) {
        const byte = history[(produced - distance) & (MAX_DISTANCE - 1)] as number;
        history[produced++ & (MAX_DISTANCE - 1)] = byte;
        output[op++] = byte;
        reference--;
      }
      if (literal > 0 || reference > 0 || ip >= end || op >= limit) break;
      const control = input[ip] as number;
      if (control < MAX_LITERAL) {
        literal = control + 1;
        ip++;
        continue;
      }
      const long = control >> 5 === 7;
      const next = ip + (long ? 3 : 2);
      if (next > end) break;
      distance = (((control & 31) << 8) | (input[next - 1] as number)) + 1;
      if (distance > produced) return -1;
      reference = (control >> 5) + 2 + (long ? (input[ip + 1] as number) : 0);
      ip = next;
    }
    this.produced = produced;
    this.literal = literal;
    this.reference = reference;
    this.distance = distance;
    this.inputAt = ip;
    return op;
  }

  /** True when no literal run or reference is unfinished. */
  get atBoundary(): boolean {
    return this.literal === 0 && this.reference === 0;
  }
}

/** The bytes that a block stands for; undefined when it is damaged or stands for another size. */
export function lzfDecompress(
  input: Uint8Array,
  start: number,
  end: number,
  size: number,
): Uint8Array | undefined {
  const output = new Uint8Array(size);
  return lzfDecompressInto(input, start, end, output, size) ? output : undefined;
}

/** As `lzfDecompress`, to the beginning of `output`. */
export function lzfDecompressInto(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  size: number,
): boolean {
  const stream = new LzfStream();
  const written = stream.write(input, start, end, output, 0, size);
  return written === size && stream.inputAt === end && stream.atBoundary;
}
