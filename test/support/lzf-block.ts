import { LzfCompressor } from '../../src/codec/lzf-compress.js';

const compressor = new LzfCompressor();

/** A copy of the block that stands for `plain[start, end)`; undefined where servers store it raw. */
export function lzfBlock(plain: Uint8Array, start = 0, end = plain.length): Uint8Array | undefined {
  const size = compressor.compress(plain, start, end);
  return size === 0 ? undefined : compressor.bytes.slice(0, size);
}
