import fc from 'fast-check';

// What property tests draw from.

/** Any bytes, up to that many. */
export function anyBytes(maxLength: number, minLength = 0): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

/** Bytes that repeat themselves near and far: pieces of a few, again and again. */
export function repetitiveBytes(maxPieces: number): fc.Arbitrary<Uint8Array> {
  return fc.array(anyBytes(12, 1), { minLength: 1, maxLength: 4 }).chain((pieces) =>
    fc
      .array(fc.tuple(fc.constantFrom(...pieces), fc.integer({ min: 1, max: 40 })), {
        maxLength: maxPieces,
      })
      .map((runs) =>
        Uint8Array.from(
          runs.flatMap(([piece, times]) => Array.from({ length: times }, () => [...piece]).flat()),
        ),
      ),
  );
}

/** Bytes without any pattern, the same in every run. */
export function noise(size: number): Uint8Array {
  let state = 0x2545f491;
  return Uint8Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 24;
  });
}

const WIDTHS = [7, 8, 12, 13, 15, 16, 23, 24, 31, 32, 48, 52, 53, 54, 62, 63];
const EDGES = [
  0n,
  ...WIDTHS.map((width) => 1n << BigInt(width)),
  ...Array.from({ length: 19 }, (_, digits) => 10n ** BigInt(digits)),
];

/** Signed 64-bit integers: any, and those next to the edges of every width in bits or digits. */
export const int64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc
    .tuple(fc.constantFrom(...EDGES), fc.bigInt({ min: -2n, max: 2n }), fc.constantFrom(1n, -1n))
    .map(([edge, beside, sign]) => BigInt.asIntN(64, sign * (edge + beside))),
);

/** Unsigned 64-bit integers. */
export const uint64: fc.Arbitrary<bigint> = int64.map((value) => BigInt.asUintN(64, value));

/** Sizes of chunks, to be used again and again. */
export const chunkSizes: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 24 }), {
  minLength: 1,
  maxLength: 5,
});

/** One byte changed to another, or the end cut off. */
export interface Damage {
  /** Where, as a share of the length. */
  readonly place: number;
  /** What the byte is changed by; 0 cuts the rest off. */
  readonly change: number;
}

export const damage: fc.Arbitrary<Damage> = fc.record({
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  change: fc.integer({ min: 0, max: 255 }),
});

export function damaged(bytes: Uint8Array, { place, change }: Damage): Uint8Array {
  const at = Math.floor(place * bytes.length);
  if (change === 0) return bytes.slice(0, at);
  return bytes.map((byte, i) => (i === at ? byte ^ change : byte));
}
