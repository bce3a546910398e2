/**
 * The entries of a listpack (Redis' listpack.c) as bulk strings of RESP, compiled to WebAssembly by
 * AssemblyScript; `src/sinks/listpack-bulks.ts` calls it. It takes what nearly all entries are,
 * and stops before the first that is something else or damaged: the readers in TypeScript go on
 * from there, and say what is wrong.
 *
 * Bytes are copied sixteen at a time: input and output have slack for what that reads and writes
 * too far.
 */

/** Where the last call stopped: in the input, and in the output. */
const STATE: usize = 0;
/** The two digits of the numbers below 100. */
const DIGITS: usize = 64;
const INPUT: usize = 1024;
const INPUT_BYTES: usize = 256 * 1024;
const SLACK: usize = 64;
const OUTPUT: usize = INPUT + INPUT_BYTES + SLACK;

/** Where entries go. */
export function inputStart(): usize {
  return INPUT;
}

/** The most bytes of entries at once. */
export function inputBytes(): usize {
  return INPUT_BYTES;
}

/** Where bulk strings come out. */
export function outputStart(): usize {
  return OUTPUT;
}

/** Fills the table; call once. */
export function init(): void {
  for (let i: usize = 0; i < 100; i++) {
    store<u8>(DIGITS + 2 * i, <u8>(0x30 + i / 10));
    store<u8>(DIGITS + 2 * i + 1, <u8>(0x30 + (i % 10)));
  }
}

/**
 * Writes entries from `at` up to `end` as bulk strings, until `most` are written or `room` bytes
 * are full, and returns how many. With `turn` 2 they come in pairs, of which it never parts two.
 * @param areScores whether the second of a pair is a score, which goes before the first
 */
export function bulks(at: usize, end: usize, turn: u32, areScores: bool, most: u32, room: u32): u32 {
  let ip = at;
  let op = OUTPUT;
  let count: u32 = 0;
  const full = OUTPUT + room;
  do {
    const second = entryEnd(ip, end);
    if (second == 0) break;
    if (turn == 1) {
      op = bulk(ip, op);
      ip = second;
    } else {
      const behind = entryEnd(second, end);
      if (behind == 0) break;
      if (areScores) {
        if (!isScore(second)) break;
        op = bulk(ip, bulk(second, op));
      } else {
        op = bulk(second, bulk(ip, op));
      }
      ip = behind;
    }
    count += turn;
  } while (count < most && op < full);
  store<u32>(STATE, <u32>ip);
  store<u32>(STATE + 4, <u32>op);
  return count;
}

/** Bytes of an entry of a form that is taken, without its back length; else 0. */
// @ts-ignore: decorator of AssemblyScript
@inline
function entryBytes(at: usize): usize {
  const first = <usize>load<u8>(at);
  if (first < 0x80) return 1;
  if (first < 0xc0) return first - 0x7f;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 2 + (((first & 15) << 8) | load<u8>(at + 1));
  if (first == 0xf1) return 3;
  if (first == 0xf2) return 4;
  if (first == 0xf3) return 5;
  return first == 0xf4 ? 9 : 0;
}

/** The position behind an entry; 0 where it is none that is taken, at `end` also. */
// @ts-ignore: decorator of AssemblyScript
@inline
function entryEnd(at: usize, end: usize): usize {
  const size = entryBytes(at);
  const back = at + size;
  if (size == 0 || back >= end) return 0;
  if (size <= 127) return <usize>load<u8>(back) == size ? back + 1 : 0;
  if (back + 2 > end) return 0;
  return load<u16>(back) == <u16>((size >> 7) | ((size & 127) << 8) | 0x8000) ? back + 2 : 0;
}

/** An entry as a bulk string at `op`; the position behind it. */
function bulk(at: usize, op: usize): usize {
  const first = <usize>load<u8>(at);
  if (first >= 0x80 && first < 0xc0) return bulkString(at + 1, first & 63, op);
  if (first >= 0xe0 && first < 0xf0) {
    return bulkString(at + 2, ((first & 15) << 8) | load<u8>(at + 1), op);
  }
  return bulkInteger(integer(at, first), op);
}

// @ts-ignore: decorator of AssemblyScript
@inline
function bulkString(at: usize, size: usize, op: usize): usize {
  const from = header(size, op);
  for (let i: usize = 0; i < size; i += 16) v128.store(from + i, v128.load(at + i));
  const behind = from + size;
  store<u16>(behind, 0x0a0d);
  return behind + 2;
}

/** `$size\r\n` of a size below 10,000. */
// @ts-ignore: decorator of AssemblyScript
@inline
function header(size: usize, op: usize): usize {
  if (size < 10) {
    store<u32>(op, 0x0a0d3024 + (<u32>size << 8));
    return op + 4;
  }
  store<u8>(op, 0x24);
  const behind = op + 1 + (size < 100 ? 2 : digitCount(size));
  putDigits(size, behind);
  store<u16>(behind, 0x0a0d);
  return behind + 2;
}

function bulkInteger(value: i64, op: usize): usize {
  const isNegative = value < 0;
  const size: u64 = isNegative ? 0 - value : value;
  const length = digitCount(size) + <usize>isNegative;
  const from = header(length, op);
  const behind = from + length;
  store<u8>(from, 0x2d);
  putDigits(size, behind);
  store<u16>(behind, 0x0a0d);
  return behind + 2;
}

function digitCount(value: u64): usize {
  if (value >= 1_000_000_000) return 9 + digitCount(value / 1_000_000_000);
  const low = <u32>value;
  if (low < 10_000) return low < 100 ? (low < 10 ? 1 : 2) : low < 1000 ? 3 : 4;
  if (low < 1_000_000) return low < 100_000 ? 5 : 6;
  return low < 100_000_000 ? (low < 10_000_000 ? 7 : 8) : 9;
}

/** Writes the digits of a number so that the last stands before `behind`. */
function putDigits(value: u64, behind: usize): void {
  let at = behind;
  let high = value;
  while (high > 0xffff_ffff) {
    const next = high / 100;
    at -= 2;
    store<u16>(at, load<u16>(DIGITS + (<usize>(high - next * 100) << 1)));
    high = next;
  }
  let low = <u32>high;
  while (low >= 100) {
    const next = low / 100;
    at -= 2;
    store<u16>(at, load<u16>(DIGITS + (<usize>(low - next * 100) << 1)));
    low = next;
  }
  if (low < 10) store<u8>(at - 1, <u8>(0x30 + low));
  else store<u16>(at - 2, load<u16>(DIGITS + (<usize>low << 1)));
}

/** The integer of an entry whose first byte is no beginning of a string. */
// @ts-ignore: decorator of AssemblyScript
@inline
function integer(at: usize, first: usize): i64 {
  if (first < 0x80) return <i64>first;
  if (first < 0xe0) return <i64>((<i32>((first << 8) | load<u8>(at + 1)) << 19) >> 19);
  if (first == 0xf1) return <i64>load<i16>(at + 1);
  if (first == 0xf2) return <i64>(load<i32>(at) >> 8);
  return first == 0xf3 ? <i64>load<i32>(at + 1) : load<i64>(at + 1);
}

/**
 * Whether an entry is an integer, or text of digits with a point among them or without and
 * perhaps a minus. Others may be numbers, too, but seldom are.
 */
// @ts-ignore: decorator of AssemblyScript
@inline
function isScore(at: usize): bool {
  const first = <usize>load<u8>(at);
  if (first < 0x80 || (first >= 0xc0 && first < 0xe0) || first >= 0xf1) return true;
  const size = first & 63;
  if (first >= 0xe0 || size == 0 || size > 31) return false;
  const zeros = i8x16.splat(0x30);
  const ten = i8x16.splat(10);
  const low = i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.load(at + 1), zeros), ten));
  const high = i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.load(at + 17), zeros), ten));
  const all = (1 << <i32>size) - 1;
  const digits = (low | (high << 16)) & all;
  let others = all & ~digits;
  if (load<u8>(at + 1) == 0x2d) others &= ~1;
  if (digits == 0 || (others & (others - 1)) != 0) return false;
  return others == 0 || load<u8>(at + 1 + <usize>ctz(others)) == 0x2e;
}
