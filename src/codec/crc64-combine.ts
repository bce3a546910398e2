import { Crc64 } from './crc64.js';

/** The reflected polynomial of `Crc64`. */
const POLYNOMIAL = 0x95ac9329ac4bc9b5n;

const TOP = 1n << 63n;

/** x^8, which is what one more byte multiplies by; the power of x is counted from bit 63 down. */
const ONE_BYTE = TOP >> 8n;

/**
 * Corrects a checksum for bytes that were replaced after it was computed. The checksum begins with
 * zero and is not inverted at its end, so it is linear: that of a change is added to that of all.
 * @param crc of `total` bytes in which `before` stood at `position`; is brought up to date
 */
export function replaceInCrc(
  crc: Crc64,
  total: number,
  position: number,
  before: Uint8Array,
  after: Uint8Array,
): void {
  const change = new Crc64();
  change.update(before.map((byte, i) => byte ^ (after[i] as number)));
  const moved = times(joined(change), power(total - position - before.length));
  crc.low ^= Number(BigInt.asIntN(32, moved));
  crc.high ^= Number(BigInt.asIntN(32, moved >> 32n));
}

function joined({ low, high }: Crc64): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** x^(8 bytes) modulo the polynomial. */
function power(bytes: number): bigint {
  let result = TOP;
  let square = ONE_BYTE;
  for (let rest = BigInt(bytes); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = times(result, square);
    square = times(square, square);
  }
  return result;
}

/** The product modulo the polynomial. */
function times(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let bit = TOP; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= b;
    b = b & 1n ? (b >> 1n) ^ POLYNOMIAL : b >> 1n;
  }
  return product;
}
