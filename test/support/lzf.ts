import { expect } from 'vitest';
import { LzfStream, lzfDecompress, lzfDecompressInto, lzfIsValid } from '../../src/codec/lzf.js';
import { LzfInflater } from '../../src/codec/lzf-inflater.js';
import { bytes } from './bytes.js';

// All the ways to decompress an LZF block, and what they must agree on.

const MARK = 0xa5;

/** The definition, item by item: what a block stands for, or undefined when it is damaged. */
export function meaning(block: Uint8Array): Uint8Array | undefined {
  const output: number[] = [];
  for (let ip = 0; ip < block.length; ) {
    const control = block[ip++] as number;
    if (control < 32) {
      if (ip + control + 1 > block.length) return undefined;
      for (let i = 0; i <= control; i++) output.push(block[ip++] as number);
      continue;
    }
    const isLong = control >> 5 === 7;
    if (ip + (isLong ? 2 : 1) > block.length) return undefined;
    const length = (control >> 5) + 2 + (isLong ? (block[ip++] as number) : 0);
    const distance = (((control & 31) << 8) | (block[ip++] as number)) + 1;
    if (distance > output.length) return undefined;
    for (let i = 0; i < length; i++) output.push(output[output.length - distance] as number);
  }
  return Uint8Array.from(output);
}

/** As text, which is compared a thousand times faster than an array. */
export function text(content: Uint8Array | undefined): string | undefined {
  return content === undefined ? undefined : Buffer.from(content).toString('latin1');
}

/** The block between bytes that do not belong to it. */
function surrounded(block: Uint8Array): { input: Uint8Array; start: number; end: number } {
  const junk = bytes(0, 0x41, 0xe0, 0, 0x20, 0);
  return { input: bytes(junk, block, junk), start: junk.length, end: junk.length + block.length };
}

const inflater = new LzfInflater();

export function inflated(block: Uint8Array, size: number): Uint8Array | undefined {
  const { input, start, end } = surrounded(block);
  if (!inflater.inflate(input, start, end, size)) return undefined;
  return inflater.bytes.slice(inflater.start, inflater.start + size);
}

function decompressedInto(block: Uint8Array, size: number): Uint8Array | undefined {
  const { input, start, end } = surrounded(block);
  const output = new Uint8Array(size + 300).fill(MARK);
  const whole = lzfDecompressInto(input, start, end, output, size);
  expect(text(output.subarray(size))).toBe('\xa5'.repeat(300));
  return whole ? output.slice(0, size) : undefined;
}

/** By `LzfStream`, given the block and room for the output in pieces of those sizes. */
function streamed(
  block: Uint8Array,
  size: number,
  pieces: readonly number[],
  rooms: readonly number[],
): Uint8Array | undefined {
  const stream = new LzfStream();
  const output: Uint8Array[] = [];
  let given = 0;
  for (let turn = 0; ; turn++) {
    const room = Math.min(rooms[turn % rooms.length] as number, size - stream.produced);
    const scratch = new Uint8Array(room + 2).fill(MARK);
    const before = stream.inputAt;
    const end = stream.write(block, before, given, scratch, 1, room);
    expect([scratch[0], scratch[room + 1]]).toEqual([MARK, MARK]);
    if (end < 0) return undefined;
    output.push(scratch.slice(1, end));
    if (end > 1 || stream.inputAt > before) continue;
    if (given === block.length) break;
    given = Math.min(block.length, given + (pieces[turn % pieces.length] as number));
  }
  const whole = stream.produced === size && stream.inputAt === block.length && stream.atBoundary;
  return whole ? bytes(...output) : undefined;
}

/** All decoders take the block, or all refuse it, and what they write is what it means. */
export function expectAgreement(
  block: Uint8Array,
  size: number,
  pieces: readonly number[] = [64],
  rooms: readonly number[] = [64],
): void {
  const whole = meaning(block);
  const expected = whole?.length === size ? whole : undefined;
  const { input, start, end } = surrounded(block);
  expect(lzfIsValid(input, start, end, size)).toBe(expected !== undefined);
  expect(text(lzfDecompress(input, start, end, size))).toBe(text(expected));
  expect(text(decompressedInto(block, size))).toBe(text(expected));
  expect(text(inflated(block, size))).toBe(text(expected));
  expect(text(streamed(block, size, pieces, rooms))).toBe(text(expected));
}
