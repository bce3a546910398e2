import type { TargetFormat } from '../compat.js';
import { type Family, typeTable, type ValueType } from '../types.js';

/** The value types that a target reads, by family and encoding. */
export class TargetTypes {
  private readonly types = new Map<string, ValueType>();

  constructor({ dialect, rdbVersion }: TargetFormat) {
    for (const type of typeTable(dialect, rdbVersion)) {
      const since = type?.[dialect];
      if (type === undefined || since === undefined || since > rdbVersion || type.fileOnly) continue;
      this.types.set(`${type.family} ${type.encoding}`, type);
    }
  }

  /** The first of these encodings that the target reads. */
  first(family: Family, ...encodings: readonly string[]): ValueType | undefined {
    for (const encoding of encodings) {
      const type = this.types.get(`${family} ${encoding}`);
      if (type !== undefined) return type;
    }
    return undefined;
  }

  /** Whether the target reads exactly this type. */
  has(type: ValueType): boolean {
    return this.types.get(`${type.family} ${type.encoding}`) === type;
  }
}
