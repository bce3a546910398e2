import type { Source } from '../pipeline.js';
import type { RecordBatch } from '../record.js';

/** Several sources as one: each is read to its end before the next is begun. */
export function chainSources(sources: readonly Source[]): Source {
  const [first, ...rest] = sources;
  if (first !== undefined && rest.length === 0) return first;
  return {
    name: sources.map((source) => source.name).join(', '),
    get size() {
      const sizes = sources.map((source) => source.size);
      return sizes.some((size) => size === undefined)
        ? undefined
        : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    },
    get position() {
      return sources.reduce((sum, source) => sum + source.position, 0);
    },
    async *read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
      for (const source of sources) yield* source.read(signal);
    },
  };
}
