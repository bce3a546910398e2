import { randomFillSync } from 'node:crypto';
import {
  type AnySource,
  type ConflictPolicy,
  chainSources,
  findCollisions,
  firstOnly,
  type Limits,
  RdbkitError,
  readMagic,
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

export interface WrittenStages {
  readonly masks?: Masks | undefined;
  /**
   * The sources of a run that writes files, where nobody else tells that a key was written before,
   * as a server does.
   */
  readonly written?: readonly AnySource[];
}

/** Keys that are remembered of an input that cannot be read twice. */
const MAX_SEEN = 4_000_000;

/**
 * All stages between sources and sink: selection, changes, what to do with keys that come more
 * than once, and the limit. Collisions are looked for, in a pass of its own, where the changes on
 * the way or several sources can make some.
 */
export async function runStages(
  options: StageOptions,
  open: () => AnySource[],
  limits: Partial<Limits>,
  signal: AbortSignal,
  { masks, written }: WrittenStages = {},
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
  const changes = sources.length > 1 || mayMerge(options) || masks?.rules.masksKeys === true;
  const isRepeatable = sources.every((source) => source.isRepeatable);
  // A server writes no key twice into a dump, but lines can come from anywhere.
  const merges = changes || (written !== undefined && isRepeatable && (await hasLines(open(), signal)));
  if (!isRepeatable && written !== undefined) {
    if (changes) requireOneReading(options);
    stages.push(
      firstOnly({
        key: randomFillSync(new Int32Array(4)),
        conflict: options.conflict === 'skip' ? 'skip' : 'fail',
        isNeeded() {
          const hasLines = written.some(({ format }) => format === 'jsonl');
          if (hasLines) requireOneReading(options);
          return changes || hasLines;
        },
        maxKeys: MAX_SEEN,
      }),
    );
  } else if (merges && isRepeatable) {
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

/** Whether one of the sources is no dump; each is opened anew for it. */
async function hasLines(sources: readonly AnySource[], signal: AbortSignal): Promise<boolean> {
  const magics = await Promise.all(sources.map((source) => readMagic(source, signal)));
  return magics.some((magic) => magic === undefined);
}

/** @throws RdbkitError USAGE where the last of several records is to stay, which shows at the end only */
function requireOneReading({ conflict }: StageOptions): void {
  if (conflict !== 'replace') return;
  throw new RdbkitError('USAGE', '--conflict replace has to read its input twice', {
    hint: 'put standard input into a file first',
  });
}
