/**
 * A 64-bit integer without loss: a `number` while it is a safe integer, a `bigint` beyond.
 * Comparisons work across both; arithmetic needs a look at `typeof` first.
 */
export type Integer = number | bigint;

const TWO_32 = 0x1_0000_0000;
const SAFE_HIGH = 0x20_0000;

/** Signed 64-bit integer from its two 32-bit halves. */
export function signedInteger(high: number, low: number): Integer {
  const h = high | 0;
  if (h < SAFE_HIGH && h >= -SAFE_HIGH) {
    const value = h * TWO_32 + (low >>> 0);
    if (Number.isSafeInteger(value)) return value;
  }
  return (BigInt(h) << 32n) | BigInt(low >>> 0);
}

/** Unsigned 64-bit integer from its two 32-bit halves. */
export function unsignedInteger(high: number, low: number): Integer {
  const h = high >>> 0;
  if (h < SAFE_HIGH) return h * TWO_32 + (low >>> 0);
  return (BigInt(h) << 32n) | BigInt(low >>> 0);
}

/** The value as a `number` when that loses nothing. */
export function normalInteger(value: bigint): Integer {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** Low 32 bits of the two's complement, as a signed 32-bit number. */
export function lowHalf(value: Integer): number {
  if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value));
  return (value % TWO_32) | 0;
}

/** High 32 bits of the two's complement, as a signed 32-bit number. */
export function highHalf(value: Integer): number {
  if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value >> 32n));
  return Math.floor(value / TWO_32) | 0;
}

export function readInt32LE(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

export function readInt32BE(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

export function readUint32LE(bytes: Uint8Array, at: number): number {
  return readInt32LE(bytes, at) >>> 0;
}

export function readUint32BE(bytes: Uint8Array, at: number): number {
  return readInt32BE(bytes, at) >>> 0;
}

export function readUint16LE(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

/** Signed 64-bit little-endian, as used for expiry times in ms. */
export function readInt64LE(bytes: Uint8Array, at: number): Integer {
  return signedInteger(readInt32LE(bytes, at + 4), readInt32LE(bytes, at));
}

export function putInt32LE(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function putInt32BE(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
