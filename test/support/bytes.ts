import { putLength } from '../../src/rdb/string-header.js';
import { lzfBlock } from './lzf-block.js';

// Small builders of byte sequences. Plain and slow: tests read them as the specification.

export type BytesLike = Uint8Array | string | number | readonly BytesLike[];

/** Concatenates: strings as UTF-8, numbers as one byte each. */
export function bytes(...parts: readonly BytesLike[]): Uint8Array {
  const chunks = parts.flatMap((part): Uint8Array[] => {
    if (typeof part === 'number') return [Uint8Array.of(part)];
    if (typeof part === 'string') return [new TextEncoder().encode(part)];
    return part instanceof Uint8Array ? [part] : [bytes(...part)];
  });
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Bytes of hexadecimal text; blanks and bars are passed over. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/[^0-9a-fA-F]/g, ''), 'hex'));
}

export function littleEndian(value: number | bigint, width: number): Uint8Array {
  let rest = BigInt.asUintN(8 * width, BigInt(value));
  return Uint8Array.from({ length: width }, () => {
    const byte = Number(rest & 0xffn);
    rest >>= 8n;
    return byte;
  });
}

export function bigEndian(value: number | bigint, width: number): Uint8Array {
  return littleEndian(value, width).reverse();
}

export function float64(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

/** An RDB length in its shortest form. */
export function length(value: number | bigint): Uint8Array {
  if (typeof value === 'bigint' && value > 0xffff_ffffn) return bytes(0x81, bigEndian(value, 8));
  const target = new Uint8Array(9);
  return target.slice(0, putLength(target, 0, Number(value)));
}

/** A raw RDB string. */
export function string(value: BytesLike): Uint8Array {
  const content = bytes(value);
  return bytes(length(content.length), content);
}

/** An RDB string stored as an integer of 1, 2 or 4 bytes. */
export function integerString(value: number): Uint8Array {
  if (value >= -128 && value < 128) return bytes(0xc0, littleEndian(value, 1));
  if (value >= -32768 && value < 32768) return bytes(0xc1, littleEndian(value, 2));
  return bytes(0xc2, littleEndian(value, 4));
}

/** An RDB string stored as an LZF block, or raw where that would not be shorter. */
export function lzfString(value: BytesLike): Uint8Array {
  const content = bytes(value);
  const packed = lzfBlock(content);
  if (packed === undefined) return string(content);
  return bytes(0xc3, length(packed.length), length(content.length), packed);
}

/** A stream id, 16 bytes big-endian. */
export function streamId(ms: number | bigint, seq: number | bigint): Uint8Array {
  return bytes(bigEndian(ms, 8), bigEndian(seq, 8));
}
