/**
 * CRC-64 of RDB files (Redis' crc64.c: the "Jones" polynomial, reflected), compiled to WebAssembly
 * by AssemblyScript; `src/codec/crc64.ts` calls it.
 *
 * Long inputs are first *folded*. The polynomial P of the CRC divides the sparse polynomial
 *
 *   x^(64·2312) + x^(64·2137) + x^(64·2123) + x^(64·1877) + x^(64·1123) + x^(64·974) + x^(64·711) + 1
 *
 * so adding the message's 64-bit word j to the words j + 175, 189, 435, 1189, 1338, 1601 and 2312
 * in its stead leaves the remainder as it is (the idea of the "Chorba" CRC, Russell 2024). Done for
 * all but the last 2312 words, which is plain XOR without a table, it leaves 18 KiB to be divided.
 * The exponents were found by a meet in the middle over pairs of powers x^(64k) mod P; a test
 * proves them against the plain bitwise CRC.
 */

/** The reflected polynomial. */
const POLYNOMIAL: u64 = 0x95ac9329ac4bc9b5;

const FOLD_WORDS: usize = 2312;
const FOLD_BYTES: usize = FOLD_WORDS << 3;

/** The checksum's two halves, in and out. */
const STATE: usize = 0;
const TABLE: usize = 64;
const TABLE_BYTES: usize = 16 * 256 * 8;

/** Zeros before the data stand for the words before its first. */
const DATA: usize = TABLE + TABLE_BYTES + FOLD_BYTES;
const DATA_BYTES: usize = 1 << 20;
/** What is read behind the data is not used. */
const LIST: usize = DATA + DATA_BYTES + 64;
const LIST_RUNS: usize = 1 << 13;

/** Where input goes. */
export function dataStart(): usize {
  return DATA;
}

/** Where the runs for `seal` are listed, each as its place in the data and its size. */
export function listStart(): usize {
  return LIST;
}

/** The most runs in the list. */
export function listRuns(): usize {
  return LIST_RUNS;
}

/** The most bytes `update` takes at once. */
export function dataBytes(): usize {
  return DATA_BYTES;
}

/** Fills the sixteen tables; call once. */
export function init(): void {
  for (let i: usize = 0; i < 256; i++) {
    let crc: u64 = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    store<u64>(TABLE + (i << 3), crc);
  }
  for (let i: usize = 0; i < 256; i++) {
    let crc = load<u64>(TABLE + (i << 3));
    for (let k: usize = 1; k < 16; k++) {
      crc = entry(0, crc) ^ (crc >> 8);
      store<u64>(TABLE + (k << 11) + (i << 3), crc);
    }
  }
}

/** Entry of table k for the lowest byte of a word. */
// @ts-ignore: decorator of AssemblyScript
@inline
function entry(k: usize, word: u64): u64 {
  return load<u64>(TABLE + (k << 11) + ((<usize>word & 0xff) << 3));
}

/** Brings the checksum at address 0 on by `size` bytes at `dataStart`, which are lost. */
export function update(size: usize): void {
  let crc = load<u64>(STATE);
  let from = DATA;
  const end = DATA + size;
  if (size >= 3 * FOLD_BYTES) {
    store<u64>(from, load<u64>(from) ^ crc);
    const words = DATA + (size & ~15);
    from = fold(words);
    crc = 0;
  }
  store<u64>(STATE, divide(crc, from, end));
}

/**
 * Writes behind each of the first `count` runs of the list its checksum. A step waits for the one
 * before it, so that two runs at a time take little more than one.
 */
export function seal(count: usize): void {
  let row = LIST;
  const end = LIST + (count << 3);
  for (; row + 16 <= end; row += 16) {
    let a = DATA + <usize>load<u32>(row);
    let b = DATA + <usize>load<u32>(row + 8);
    const sizeA = <usize>load<u32>(row + 4);
    const sizeB = <usize>load<u32>(row + 12);
    const endA = a + sizeA;
    const endB = b + sizeB;
    const both = a + (min(sizeA, sizeB) & ~15);
    let crcA: u64 = 0;
    let crcB: u64 = 0;
    for (; a < both; a += 16, b += 16) {
      crcA = divideWords(load<u64>(a) ^ crcA, load<u64>(a + 8));
      crcB = divideWords(load<u64>(b) ^ crcB, load<u64>(b + 8));
    }
    store<u64>(endA, divide(crcA, a, endA));
    store<u64>(endB, divide(crcB, b, endB));
  }
  if (row < end) {
    const from = DATA + <usize>load<u32>(row);
    const behind = from + <usize>load<u32>(row + 4);
    store<u64>(behind, divide(0, from, behind));
  }
}

/** Folds the data before `end`, a multiple of 16 bytes behind `DATA`, into its last words. */
function fold(end: usize): usize {
  const tail = end - FOLD_BYTES;
  for (let at = DATA; at < tail; at += 16) {
    let sum = v128.load(at);
    sum = v128.xor(sum, v128.load(at - 175 * 8));
    sum = v128.xor(sum, v128.load(at - 189 * 8));
    sum = v128.xor(sum, v128.load(at - 435 * 8));
    sum = v128.xor(sum, v128.load(at - 1189 * 8));
    sum = v128.xor(sum, v128.load(at - 1338 * 8));
    sum = v128.xor(sum, v128.load(at - 1601 * 8));
    sum = v128.xor(sum, v128.load(at - 2312 * 8));
    v128.store(at, sum);
  }
  // The last words take from the folded ones only, not from each other.
  addShifted(tail, 175);
  addShifted(tail, 189);
  addShifted(tail, 435);
  addShifted(tail, 1189);
  addShifted(tail, 1338);
  addShifted(tail, 1601);
  addShifted(tail, 2312);
  return tail;
}

function addShifted(tail: usize, words: usize): void {
  const distance = words << 3;
  for (let at = tail; at < tail + distance; at += 8) {
    store<u64>(at, load<u64>(at) ^ load<u64>(at - distance));
  }
}

/** The checksum by table, sixteen bytes a step. */
function divide(crc: u64, from: usize, end: usize): u64 {
  let at = from;
  for (; at + 16 <= end; at += 16) crc = divideWords(load<u64>(at) ^ crc, load<u64>(at + 8));
  if (at + 8 <= end) {
    crc = divideWord(load<u64>(at) ^ crc);
    at += 8;
  }
  if (at == end) return crc;
  // Zeros before a word change nothing: what is read behind the end is shifted out for them.
  const bits = <u64>(end - at) << 3;
  return (crc >> bits) ^ divideWord((load<u64>(at) ^ crc) << (64 - bits));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function divideWords(a: u64, b: u64): u64 {
  return (
    entry(15, a) ^
    entry(14, a >> 8) ^
    entry(13, a >> 16) ^
    entry(12, a >> 24) ^
    entry(11, a >> 32) ^
    entry(10, a >> 40) ^
    entry(9, a >> 48) ^
    entry(8, a >> 56) ^
    divideWord(b)
  );
}

// @ts-ignore: decorator of AssemblyScript
@inline
function divideWord(word: u64): u64 {
  return (
    entry(7, word) ^
    entry(6, word >> 8) ^
    entry(5, word >> 16) ^
    entry(4, word >> 24) ^
    entry(3, word >> 32) ^
    entry(2, word >> 40) ^
    entry(1, word >> 48) ^
    entry(0, word >> 56)
  );
}
