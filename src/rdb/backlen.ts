import { lzfDecompress } from '../codec/lzf.js';
import { withBacklenWidth } from '../encodings/listpack-width.js';
import { RdbkitError } from '../errors.js';
import { type Limits, withLimits } from '../limits.js';
import type { KeyRecord } from '../record.js';
import { ExtentWalker } from './extent.js';
import { Scanner, StringForm } from './scanner.js';
import { putLength, rawHeaderBytes } from './string-header.js';
import { valueTypeOf } from './values/decode.js';

/** Size of a listpack from which it can hold an entry whose back length servers disagree on. */
const SMALLEST = 0x3fff;

/**
 * The record's value with the back lengths that the target reads, or undefined when it has them.
 * Only a value that holds a listpack of 16 KiB or more is looked into.
 * @throws RdbkitError INPUT_CORRUPT when such a listpack is malformed
 */
export function valueWithBacklens(
  record: KeyRecord,
  wanted: 'old' | 'new',
  limits?: Partial<Limits>,
): Uint8Array | undefined {
  if (record.largestString < SMALLEST) return undefined;
  const type = valueTypeOf(record.type);
  const isListpack = type.program.layouts.some(({ encoding }) => encoding.endsWith('listpack'));
  return isListpack ? rewrite(record, wanted, withLimits(limits)) : undefined;
}

function rewrite(record: KeyRecord, wanted: 'old' | 'new', limits: Limits): Uint8Array | undefined {
  const { valueBytes, valueStart, valueEnd, templates } = record;
  const pieces: Uint8Array[] = [];
  let from = valueStart;
  const walker = new ExtentWalker(limits);
  walker.view(valueBytes, valueEnd, 0);
  walker.onBlob = (start, end) => {
    const blob = rewrittenBlob(valueBytes, start, end, wanted, limits);
    if (blob === undefined) return;
    pieces.push(valueBytes.subarray(from, start), blob);
    from = end;
  };
  walker.begin(valueTypeOf(record.type).program, valueStart, templates);
  if (!walker.walk()) throw new RdbkitError('INPUT_CORRUPT', 'the value ends too soon');
  if (pieces.length === 0) return undefined;
  pieces.push(valueBytes.subarray(from, valueEnd));
  return concat(pieces);
}

/** The packed string `[start, end)` as a raw string with the wanted back lengths. */
function rewrittenBlob(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: 'old' | 'new',
  limits: Limits,
): Uint8Array | undefined {
  const scan = new Scanner(limits);
  scan.view(bytes, end, 0);
  scan.at = start;
  if (!scan.readStringHeader() || scan.form === StringForm.integer || scan.size < SMALLEST) return undefined;
  if (scan.size > limits.maxPackedBlob) {
    throw new RdbkitError('LIMIT_EXCEEDED', `a listpack of ${scan.size} bytes is larger than may be held`);
  }
  const { at, size } = scan;
  const blob = scan.form === StringForm.lzf ? lzfDecompress(bytes, at, end, size) : bytes.subarray(at, end);
  if (blob === undefined) throw new RdbkitError('INPUT_CORRUPT', 'an LZF block is damaged');
  const changed = withBacklenWidth(blob, 0, size, wanted);
  if (changed === undefined) return undefined;
  const string = new Uint8Array(rawHeaderBytes(changed.length) + changed.length);
  string.set(changed, putLength(string, 0, changed.length));
  return string;
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
