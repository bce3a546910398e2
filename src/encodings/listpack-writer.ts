import { putInt32LE } from '../bytes/integer.js';
import { backlenWidth, isWidthChanged } from './listpack.js';
import { putBacklen } from './listpack-width.js';
import { copyBytes, PackedWriter, putLow } from './packed-writer.js';

const HEADER = 6;
const END = 0xff;

/** The longest header of an entry and its back length. */
const MAX_FRAME = 10;

/** Builds listpacks (Redis' listpack.c) as a server does: every integer in its shortest form. */
export class ListpackWriter extends PackedWriter {
  /** @param backlen which width of back lengths the reader has, see `isWidthChanged` */
  constructor(private readonly backlen: 'old' | 'new') {
    super();
  }

  begin(): void {
    this.size = HEADER;
    this.count = 0;
  }

  addHalves(high: number, low: number): void {
    const bytes = this.reserve(MAX_FRAME);
    const at = this.size;
    this.count++;
    let size: number;
    if (high !== low >> 31) {
      bytes[at] = 0xf4;
      putInt32LE(bytes, at + 1, low);
      putInt32LE(bytes, at + 5, high);
      size = 9;
    } else if (low >= 0 && low < 0x80) {
      bytes[at] = low;
      size = 1;
    } else if (low >= -0x1000 && low < 0x1000) {
      bytes[at] = 0xc0 | ((low >> 8) & 0x1f);
      bytes[at + 1] = low;
      size = 2;
    } else {
      const width = low >= -0x8000 && low < 0x8000 ? 2 : low >= -0x80_0000 && low < 0x80_0000 ? 3 : 4;
      bytes[at] = 0xef + width;
      putLow(bytes, at + 1, low, width);
      size = 1 + width;
    }
    bytes[at + size] = size;
    this.size = at + size + 1;
  }

  addText(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const bytes = this.reserve(MAX_FRAME + length);
    let at = this.size;
    this.count++;
    if (length < 0x40) {
      bytes[at++] = 0x80 | length;
    } else if (length < 0x1000) {
      bytes[at++] = 0xe0 | (length >>> 8);
      bytes[at++] = length;
    } else {
      bytes[at] = 0xf0;
      putInt32LE(bytes, at + 1, length);
      at += 5;
    }
    copyBytes(bytes, at, source, start, end);
    at += length;
    const size = at - this.size;
    if (size < 0x80) {
      bytes[at] = size;
      this.size = at + 1;
      return;
    }
    const wider = this.backlen === 'old' && isWidthChanged(size) ? 1 : 0;
    this.size = putBacklen(bytes, at, size, backlenWidth(size) + wider);
  }

  finish(): void {
    const bytes = this.reserve(1);
    bytes[this.size++] = END;
    putInt32LE(bytes, 0, this.size);
    putLow(bytes, 4, this.headerCount(), 2);
  }
}
