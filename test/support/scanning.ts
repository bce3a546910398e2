import fc from 'fast-check';
import { RdbkitError } from '../../src/errors.js';
import { withLimits } from '../../src/limits.js';
import { Scanner } from '../../src/rdb/scanner.js';
import { uint64 } from './arbitraries.js';
import { bigEndian, bytes } from './bytes.js';

// A scanner in the middle of an input, and all that can be seen of what it does.

export const GiB = 2 ** 30;
/** Longest string that `scannerOf` lets a header declare. */
export const LONGEST = 4 * GiB;

const BASE = 100_000;
const LEAD = 3;

/** A scanner that stands at the first of these bytes and sees as many of them as told. */
export function scannerOf(content: Uint8Array, seen = content.length, inputSize?: number): Scanner {
  const scan = new Scanner(withLimits({ maxDeclaredString: LONGEST }));
  scan.view(bytes(new Uint8Array(LEAD).fill(0xff), content, 0xff, 0xff), LEAD + seen, BASE);
  scan.at = LEAD;
  if (inputSize !== undefined) scan.inputEnd = BASE + LEAD + inputSize;
  return scan;
}

/** What one `read…` makes of its bytes: `needs more`, what it found, or its fault. */
export function outcome(scan: Scanner, read: 'readLength' | 'readCount' | 'readStringHeader'): unknown {
  try {
    const result = scan[read]();
    if (result === false || result === -1) return scan.at === LEAD ? 'needs more' : 'has moved';
    const { length, form, stored, size } = scan;
    return { result, taken: scan.at - LEAD, length, form, stored, size };
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    return { code: thrown.code, at: (thrown.offset as number) - BASE - LEAD };
  }
}

/** A length in any of the four forms that can hold it. */
export const anyForm = fc.tuple(uint64, fc.constantFrom(6n, 14n, 32n, 64n)).map(([wide, bits]) => {
  const value = BigInt.asUintN(Number(bits), wide);
  const form = {
    6: () => bytes(Number(value)),
    14: () => bytes(0x40 | Number(value >> 8n), Number(value & 0xffn)),
    32: () => bytes(0x80, bigEndian(value, 4)),
    64: () => bytes(0x81, bigEndian(value, 8)),
  }[Number(bits) as 6 | 14 | 32 | 64]();
  return { value, form };
});
