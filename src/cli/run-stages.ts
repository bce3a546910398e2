import {
  type ConflictPolicy,
  chainSources,
  findCollisions,
  type Limits,
  type RdbSource,
  resolveCollisions,
  type Stage,
  skipExpired,
} from '../index.js';
import type { Masks } from './mask-options.js';
import { note } from './output.js';
import {
  limitStages,
  mayMerge,
  type SelectionOptions,
  selectionStages,
  type TransformOptions,
  transformationStages,
  withSelection,
} from './selection.js';

export interface StageOptions extends SelectionOptions, TransformOptions {
  conflict: ConflictPolicy;
  quiet?: boolean;
}

/**
 * All stages between sources and sink: selection, changes, what to do with keys that come more
 * than once, and the limit. Collisions are looked for, in a pass of its own, where the changes on
 * the way or several sources can make some.
 */
export async function runStages(
  options: StageOptions,
  open: () => RdbSource[],
  limits: Partial<Limits>,
  signal: AbortSignal,
  masks?: Masks,
): Promise<Stage[]> {
  const startMs = Date.now();
  // The same keys must come through both times, whatever expires between.
  const moving = () => [
    ...selectionStages(options),
    // Mask rules name keys as they are in the dump.
    ...(masks?.stages() ?? []),
    ...transformationStages(options),
    ...(options.expired === 'keep' ? [] : [skipExpired(() => startMs)]),
  ];
  const stages = moving();
  const sources = open();
  const merges = sources.length > 1 || mayMerge(options) || masks?.rules.masksKeys === true;
  if (merges && sources.every((source) => source.isRepeatable)) {
    const found = await findCollisions(withSelection(chainSources(sources), options), moving(), {
      signal,
      limits,
    });
    if (found.keys > 0) {
      const { conflict } = options;
      const text = `${found.keys} keys would come more than once; --conflict ${conflict} decides`;
      if (options.quiet !== true) note(text);
      stages.push(resolveCollisions(found, conflict));
    }
  }
  return [...stages, ...limitStages(options)];
}
