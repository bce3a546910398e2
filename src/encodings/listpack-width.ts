import { putInt32LE } from '../bytes/integer.js';
import { backlenWidth, isWidthChanged, ListpackReader } from './listpack.js';

/**
 * A listpack whose entries of the sizes at which servers differ have back lengths of the wanted
 * width; undefined when all have it already. See `isWidthChanged`.
 */
export function withBacklenWidth(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: 'old' | 'new',
): Uint8Array | undefined {
  const reader = new ListpackReader();
  reader.open(bytes, start, end);
  const cuts: { dataEnd: number; next: number; size: number }[] = [];
  for (let at = reader.at; reader.next(); at = reader.at) {
    const size = reader.isInteger ? 0 : reader.end - at;
    if (!isWidthChanged(size)) continue;
    const width = backlenWidth(size) + (wanted === 'old' ? 1 : 0);
    if (reader.at - reader.end !== width) cuts.push({ dataEnd: reader.end, next: reader.at, size });
  }
  if (cuts.length === 0) return undefined;
  const change = wanted === 'old' ? 1 : -1;
  const total = end - start + change * cuts.length;
  const output = new Uint8Array(total);
  let from = start;
  let to = 0;
  for (const { dataEnd, next, size } of cuts) {
    output.set(bytes.subarray(from, dataEnd), to);
    to = putBacklen(output, to + dataEnd - from, size, backlenWidth(size) + (wanted === 'old' ? 1 : 0));
    from = next;
  }
  output.set(bytes.subarray(from, end), to);
  putInt32LE(output, 0, total);
  return output;
}

/** Writes a back length of a given width: seven bits a byte, highest first, bit 7 set but in the first. */
export function putBacklen(target: Uint8Array, at: number, size: number, width: number): number {
  let rest = size;
  for (let i = at + width - 1; i >= at; i--) {
    target[i] = (rest & 0x7f) | (i === at ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return at + width;
}
