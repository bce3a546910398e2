/** A repeatable source of numbers from 0 to below a limit. */
export class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((this.state >>> 0) / 0x1_0000_0000) * limit);
  }
}

export const DAMAGES = ['byte', 'bit', 'zeros', 'random', 'cut out', 'doubled', 'cut off'] as const;
export type DamageKind = (typeof DAMAGES)[number];

export interface Damaged {
  readonly bytes: Uint8Array;
  /** What of the file is no longer as it was. */
  readonly from: number;
  readonly to: number;
}

/** A file with one damage somewhere behind its magic and before its checksum. */
export function damage(file: Uint8Array, kind: DamageKind, random: Random): Damaged {
  const bytes = file.slice();
  const from = 9 + random.below(file.length - 18);
  const to = Math.min(file.length, from + 16 + random.below(4081));
  switch (kind) {
    case 'byte':
      bytes[from] = random.below(256);
      return { bytes, from, to: from + 1 };
    case 'bit':
      bytes[from] = (bytes[from] as number) ^ (1 << random.below(8));
      return { bytes, from, to: from + 1 };
    case 'zeros':
      return { bytes: bytes.fill(0, from, to), from, to };
    case 'random':
      for (let i = from; i < to; i++) bytes[i] = random.below(256);
      return { bytes, from, to };
    case 'cut out':
      return { bytes: joined(file.subarray(0, from), file.subarray(to)), from, to };
    case 'doubled':
      return { bytes: joined(file.subarray(0, to), file.subarray(from)), from: to, to };
    case 'cut off':
      return { bytes: file.slice(0, from), from, to: file.length };
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
