import { putInt32BE } from '../bytes/integer.js';

/** Bytes of the header of a raw string of that size. */
export function rawHeaderBytes(size: number): number {
  if (size < 0x40) return 1;
  if (size < 0x4000) return 2;
  return size <= 0xffff_ffff ? 5 : 9;
}

/** Writes a length in its shortest form and returns the position after it. */
export function putLength(target: Uint8Array, at: number, length: number): number {
  if (length < 0x40) {
    target[at] = length;
    return at + 1;
  }
  if (length < 0x4000) {
    target[at] = 0x40 | (length >>> 8);
    target[at + 1] = length;
    return at + 2;
  }
  if (length <= 0xffff_ffff) {
    target[at] = 0x80;
    putInt32BE(target, at + 1, length);
    return at + 5;
  }
  target[at] = 0x81;
  putInt32BE(target, at + 1, Math.floor(length / 0x1_0000_0000));
  putInt32BE(target, at + 5, length % 0x1_0000_0000);
  return at + 9;
}
