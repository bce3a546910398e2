import { backlenWidth, isWidthChanged } from '../../src/encodings/listpack.js';
import { type BytesLike, bigEndian, bytes, littleEndian } from './bytes.js';

// Builders of packed blobs, straight from the description of each encoding.

/** An entry: an integer is stored as one, anything else as a string. */
export type Entry = number | bigint | string | Uint8Array;

export interface ListpackOptions {
  readonly widths?: 'old' | 'new';
  /** What the header says instead of the number of entries. */
  readonly count?: number;
}

export function listpack(entries: readonly Entry[], options: ListpackOptions = {}): Uint8Array {
  const body = bytes(...entries.map((entry) => listpackEntry(entry, options.widths ?? 'new')));
  const count = options.count ?? Math.min(entries.length, 0xffff);
  return bytes(littleEndian(body.length + 7, 4), littleEndian(count, 2), body, 0xff);
}

function listpackEntry(entry: Entry, widths: 'old' | 'new'): Uint8Array {
  const data =
    typeof entry === 'number' || typeof entry === 'bigint'
      ? listpackInteger(BigInt(entry))
      : listpackString(bytes(entry));
  const size = data.length;
  const width = backlenWidth(size) + (widths === 'old' && isWidthChanged(size) ? 1 : 0);
  const back = new Uint8Array(width);
  let rest = size;
  for (let i = width - 1; i >= 0; i--) {
    back[i] = (rest & 0x7f) | (i === 0 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return bytes(data, back);
}

function listpackInteger(value: bigint): Uint8Array {
  if (value >= 0n && value <= 127n) return bytes(Number(value));
  if (value >= -4096n && value <= 4095n) {
    const bits = Number(BigInt.asUintN(13, value));
    return bytes(0xc0 | (bits >> 8), bits & 0xff);
  }
  for (const [mark, width] of [
    [0xf1, 2],
    [0xf2, 3],
    [0xf3, 4],
    [0xf4, 8],
  ] as const) {
    if (BigInt.asIntN(8 * width, value) === value) return bytes(mark, littleEndian(value, width));
  }
  throw new Error(`${value} has more than 64 bits`);
}

function listpackString(content: Uint8Array): Uint8Array {
  const size = content.length;
  if (size < 64) return bytes(0x80 | size, content);
  if (size < 4096) return bytes(0xe0 | (size >> 8), size & 0xff, content);
  return bytes(0xf0, littleEndian(size, 4), content);
}

export interface ZiplistOptions {
  readonly count?: number;
  /** Write every length of a previous entry in five bytes, as happens after deletions. */
  readonly widePrevious?: boolean;
}

export function ziplist(entries: readonly Entry[], options: ZiplistOptions = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  let previous = 0;
  let last = 10;
  let at = 10;
  for (const entry of entries) {
    const head =
      previous < 254 && options.widePrevious !== true
        ? bytes(previous)
        : bytes(254, littleEndian(previous, 4));
    const part = bytes(
      head,
      typeof entry === 'number' || typeof entry === 'bigint'
        ? ziplistInteger(BigInt(entry))
        : ziplistString(bytes(entry)),
    );
    last = at;
    at += part.length;
    previous = part.length;
    parts.push(part);
  }
  const count = options.count ?? Math.min(entries.length, 0xffff);
  return bytes(littleEndian(at + 1, 4), littleEndian(last, 4), littleEndian(count, 2), ...parts, 0xff);
}

function ziplistInteger(value: bigint): Uint8Array {
  if (value >= 0n && value <= 12n) return bytes(0xf1 + Number(value));
  for (const [mark, width] of [
    [0xfe, 1],
    [0xc0, 2],
    [0xf0, 3],
    [0xd0, 4],
    [0xe0, 8],
  ] as const) {
    if (BigInt.asIntN(8 * width, value) === value) return bytes(mark, littleEndian(value, width));
  }
  throw new Error(`${value} has more than 64 bits`);
}

function ziplistString(content: Uint8Array): Uint8Array {
  const size = content.length;
  if (size < 64) return bytes(size, content);
  if (size < 16_384) return bytes(0x40 | (size >> 8), size & 0xff, content);
  return bytes(0x80, bigEndian(size, 4), content);
}

/** Integers in ascending order, in the narrowest width that holds them all. */
export function intset(values: readonly (number | bigint)[]): Uint8Array {
  const sorted = values.map(BigInt).sort((a, b) => (a < b ? -1 : 1));
  const width =
    [2, 4, 8].find((size) => sorted.every((value) => BigInt.asIntN(8 * size, value) === value)) ?? 8;
  return bytes(
    littleEndian(width, 4),
    littleEndian(sorted.length, 4),
    ...sorted.map((value) => littleEndian(value, width)),
  );
}

export interface ZipmapOptions {
  /** Bytes of junk behind every value. */
  readonly free?: number;
  readonly count?: number;
}

export function zipmap(
  pairs: readonly (readonly [BytesLike, BytesLike])[],
  options: ZipmapOptions = {},
): Uint8Array {
  const size = (content: Uint8Array) =>
    content.length < 254 ? bytes(content.length) : bytes(254, littleEndian(content.length, 4));
  const free = options.free ?? 0;
  const parts = pairs.map(([field, value]) => {
    const [f, v] = [bytes(field), bytes(value)];
    return bytes(size(f), f, size(v), free, v, new Uint8Array(free).fill(0x2a));
  });
  return bytes(options.count ?? Math.min(pairs.length, 254), ...parts, 0xff);
}

export interface StreamEntry {
  /** Added to the master id. */
  readonly ms: number;
  readonly seq: number;
  readonly deleted?: boolean;
  /** Values of the master fields, or all fields and values. */
  readonly same?: readonly Entry[];
  readonly pairs?: readonly (readonly [Entry, Entry])[];
}

/** The listpack of one stream node. */
export function streamNode(
  fields: readonly Entry[],
  entries: readonly StreamEntry[],
  options: ListpackOptions = {},
): Uint8Array {
  const deleted = entries.filter((entry) => entry.deleted === true).length;
  const items: Entry[] = [entries.length - deleted, deleted, fields.length, ...fields, 0];
  for (const { ms, seq, same, pairs = [], deleted: isDeleted } of entries) {
    const flags = (isDeleted === true ? 1 : 0) | (same === undefined ? 0 : 2);
    if (same !== undefined) items.push(flags, ms, seq, ...same, fields.length + 3);
    else items.push(flags, ms, seq, pairs.length, ...pairs.flat(), 2 * pairs.length + 4);
  }
  return listpack(items, options);
}
