import { highHalf, type Integer, lowHalf, putInt32LE } from '../bytes/integer.js';
import { corruptBlob } from './packed.js';
import { putLow } from './packed-writer.js';

const HEADER = 8;

/** Builds intsets (Redis' intset.c), one after another in the same memory. */
export class IntsetWriter {
  /** The intset is `bytes[0, size)`, borrowed until the next. */
  bytes: Uint8Array = new Uint8Array(HEADER + 64);
  size = 0;

  /**
   * Builds the intset of these values, which are sorted in place.
   * @throws RdbkitError INPUT_CORRUPT when a value occurs twice
   */
  build(values: Integer[]): void {
    values.sort(ascending);
    const width = widthOf(values);
    this.size = HEADER + width * values.length;
    if (this.bytes.length < this.size) this.bytes = new Uint8Array(2 * this.size);
    const { bytes } = this;
    putInt32LE(bytes, 0, width);
    putInt32LE(bytes, 4, values.length);
    let at = HEADER;
    for (let i = 0; i < values.length; i++, at += width) {
      const value = values[i] as Integer;
      if (i > 0 && value === values[i - 1]) throw corruptBlob('intset', i + 1, 'a member occurs twice');
      putLow(bytes, at, lowHalf(value), Math.min(4, width));
      if (width === 8) putInt32LE(bytes, at + 4, highHalf(value));
    }
  }
}

function ascending(a: Integer, b: Integer): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Bytes that the smallest and the largest of sorted values need. */
function widthOf(values: readonly Integer[]): number {
  const lowest = values[0] as Integer;
  const highest = values[values.length - 1] as Integer;
  if (lowest >= -0x8000 && highest < 0x8000) return 2;
  return lowest >= -0x8000_0000 && highest < 0x8000_0000 ? 4 : 8;
}
