import type { TornTail } from '../aof/decoder.js';
import type { CommandPlace } from '../aof/log-cut.js';
import type { LogState } from '../aof/log-state.js';
import type { PartDecoder } from '../aof/part-decoder.js';
import type { PositionReader } from '../aof/position-window.js';
import { judgeTail } from '../aof/resync.js';
import { RdbkitError } from '../errors.js';
import type { AofPartFile } from './aof-parts.js';

/** How a log ended. */
export interface LogTail {
  /** The last part ends within a command: cut off there, which servers mend when they start. */
  readonly torn?: TornTail & { readonly part: AofPartFile };
  /** A transaction without EXEC: its commands were handed out and are none. */
  readonly open?: CommandPlace & {
    /** Commands of it that were handed out, MULTI included. */
    readonly commands: number;
  };
  /** The command before which `until` stopped reading. */
  readonly stoppedAt?: CommandPlace;
}

/** Of a log that ends where it is now: a transaction that has begun. */
export function openTail({ open, commands }: LogState): Pick<LogTail, 'open'> {
  if (open === undefined) return {};
  const { part, offset, index } = open;
  return { open: { part, offset, commands: commands - index + 1 } };
}

/**
 * Judges how a part ends. Only the last may end within a command or a transaction.
 * @param reader reads the part again
 * @throws RdbkitError INPUT_CORRUPT, INPUT_TRUNCATED
 */
export function tailOf(
  part: AofPartFile,
  reader: PositionReader,
  decoder: PartDecoder,
  state: LogState,
  isLast: boolean,
): LogTail {
  const { torn } = decoder;
  const { open } = state;
  if (torn !== undefined && judgeTail(reader, torn) === 'damage') {
    throw new RdbkitError('INPUT_CORRUPT', 'a length is damaged: whole commands stand in what it claims', {
      offset: torn.offset,
    });
  }
  if (!isLast && (torn !== undefined || open !== undefined)) {
    const what = torn === undefined ? 'a transaction' : 'a command';
    throw new RdbkitError('INPUT_TRUNCATED', `the part ends within ${what}, and is not the last`, {
      offset: torn?.offset ?? open?.offset,
      hint: 'rdbkit repair makes a log of what is whole',
    });
  }
  return {
    ...(torn === undefined ? {} : { torn: { ...torn, part } }),
    ...openTail(state),
  };
}
