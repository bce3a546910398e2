import {
  type LogPart,
  type ReplayHooks,
  type ReplayTracker,
  type RestoreSink,
  restoreSink,
  utf8Bytes,
} from '../index.js';
import type { ReplayOptions } from './replay-options.js';
import { addressOptions } from './target-options.js';

/**
 * The target of a replay, which keeps the track and says how to go on when it stops.
 * @param id of the checkpoint, if there is one
 */
export function replaySink(
  options: ReplayOptions,
  id: string | undefined,
  tracker: ReplayTracker,
): RestoreSink {
  const { to, dryRun, maxRate, inFlight } = options;
  const connectionName = dryRun === true ? undefined : connectionNameOf(options, id);
  return restoreSink(to, {
    ...addressOptions(options),
    ...hooks(options, id),
    tracker,
    dryRun: dryRun === true,
    ...(connectionName === undefined ? {} : { connectionName }),
    ...(maxRate === undefined ? {} : { maxRate }),
    limits: inFlight === undefined ? {} : { inFlightBytes: inFlight },
  });
}

/** What the connection of this replay is called, so that one of a run before can be told from others. */
function connectionNameOf(
  { transactional, positionDb = 0 }: ReplayOptions,
  id: string | undefined,
): string | undefined {
  if (transactional !== undefined) return `rdbkit-replay-${positionDb}-${encodeURIComponent(transactional)}`;
  return id === undefined ? undefined : `rdbkit-replay-${id}`;
}

function hooks({ transactional, positionDb = 0 }: ReplayOptions, id: string | undefined): ReplayHooks {
  const again = id !== undefined || transactional !== undefined;
  return {
    resumeHint: (position) =>
      position === ''
        ? 'mend what stood in the way, then run the same again'
        : again
          ? 'mend what stood in the way, then run the same again: it goes on from there'
          : `mend what stood in the way, then go on with --from ${position}`,
    ...(transactional === undefined
      ? {}
      : {
          transactional: {
            key: utf8Bytes(transactional),
            db: positionDb,
            positionOf: ({ name }: LogPart, endOffset: number) => `${name}:${endOffset}`,
          },
        }),
  };
}
