import type { RdbkitError } from '../index.js';
import { formatCount } from './format.js';
import { note } from './output.js';
import type { ReplayOptions } from './replay-options.js';
import { type ReplayTrack, textOf } from './replay-track.js';

/** Says of a run that has failed where another can go on. */
export function noteReached(
  { code }: RdbkitError,
  { done, sent }: Pick<ReplayTrack, 'done' | 'sent'>,
  { transactional }: ReplayOptions,
  hasCheckpoint: boolean,
): void {
  if (done === undefined || sent === undefined || transactional !== undefined) return;
  const isClear = done.part === sent.part && done.offset === sent.offset;
  const doubt = isClear ? '' : `, and what follows up to ${textOf(sent)} may have been, too`;
  const from = `--from ${textOf(done)} goes on there`;
  const next =
    code.startsWith('INPUT_') && code !== 'INPUT_UNSUPPORTED'
      ? `of a repaired log, ${from}`
      : hasCheckpoint
        ? 'the same run again goes on there'
        : from;
  note(`all up to ${textOf(done)} was carried out${doubt}; ${next}`);
}

/**
 * Says of a run that has failed that expiries are held back still.
 * @param size of how many keys, at most
 * @param label of the target
 * @param goesOn whether another run can go on
 */
export function noteHeld(size: number, label: string, goesOn: boolean): void {
  const next = goesOn
    ? 'run the same again, to its end, to release them'
    : 'with --checkpoint another run could have released them';
  note(`up to ${formatCount(size)} keys in ${label} have their expiry held back; ${next}`);
}
