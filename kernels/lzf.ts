/**
 * LZF decompression (Redis' lzf_d.c), compiled to WebAssembly by AssemblyScript and called by
 * `src/codec/lzf-inflater.ts`. Runs are copied in words, up to 31 bytes too far:
 * whoever lays out the memory leaves that much slack behind input and output.
 */

/** The block `[input, inputEnd)` to `output`: whether it is whole and stands for `size` bytes. */
export function inflate(input: usize, inputEnd: usize, output: usize, size: usize): bool {
  let ip = input;
  let op = output;
  const limit = output + size;
  while (ip < inputEnd) {
    const control = <usize>load<u8>(ip);
    if (control < 32) {
      const run = control + 1;
      if (op + run > limit || ip + 1 + run > inputEnd) return false;
      v128.store(op, v128.load(ip + 1));
      if (run > 16) v128.store(op + 16, v128.load(ip + 17));
      op += run;
      ip += run + 1;
      continue;
    }
    let length = control >> 5;
    let low: usize;
    if (length == 7) {
      if (ip + 3 > inputEnd) return false;
      length += load<u8>(ip + 1);
      low = load<u8>(ip + 2);
      ip += 3;
    } else {
      if (ip + 2 > inputEnd) return false;
      low = load<u8>(ip + 1);
      ip += 2;
    }
    length += 2;
    const distance = (((control & 31) << 8) | low) + 1;
    const stop = op + length;
    if (distance > op - output || stop > limit) return false;
    let from = op - distance;
    if (distance >= 8) {
      do {
        store<u64>(op, load<u64>(from));
        op += 8;
        from += 8;
      } while (op < stop);
    } else {
      do {
        store<u8>(op, load<u8>(from));
        op++;
        from++;
      } while (op < stop);
    }
    op = stop;
  }
  return op == limit;
}
