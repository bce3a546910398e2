const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Hash slots of a cluster. */
export const SLOTS = 16_384;

function makeTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[i] = crc;
  }
  return table;
}

const table = makeTable();

/** CRC-16 XMODEM, by which clusters spread keys (Redis' crc16.c). */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc = ((crc << 8) ^ (table[((crc >> 8) ^ (bytes[i] as number)) & 0xff] as number)) & 0xffff;
  }
  return crc;
}

/**
 * The slot of a key: of what stands between the first `{` and the next `}`, or of the whole key
 * when there is nothing between them.
 */
export function keySlot(bytes: Uint8Array, start = 0, end = bytes.length): number {
  for (let open = start; open < end; open++) {
    if (bytes[open] !== OPEN) continue;
    let close = open + 1;
    while (close < end && bytes[close] !== CLOSE) close++;
    if (close < end && close > open + 1) return crc16(bytes, open + 1, close) & (SLOTS - 1);
    break;
  }
  return crc16(bytes, start, end) & (SLOTS - 1);
}
