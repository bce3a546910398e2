import {
  expiryDialectOf,
  HeldExpiries,
  holdExpiries,
  RdbkitError,
  type RestoreSink,
  Spool,
  type Stage,
} from '../index.js';
import { formatCount } from './format.js';
import type { ImportOptions } from './import.js';
import { note } from './output.js';

/** So far ahead expiries are held back that the replay may prolong before they come. */
const HOLD_MS = 24 * 3_600_000;

/** Expiries that are held back by an import, for the replay that follows. */
interface HeldForReplay {
  /** Has to be the last. */
  readonly stage: Stage;
  /** Keeps the names of the keys, and says what is to be done with them. */
  end(): void;
}

/** @throws RdbkitError USAGE where `--before-replay` contradicts another option */
export function requireHoldOptions({ beforeReplay, expired }: ImportOptions): void {
  if (beforeReplay === undefined || expired !== 'keep') return;
  throw new RdbkitError('USAGE', '--before-replay keeps the expiries of keys, and --expired keep does not', {
    hint: 'give one of them',
  });
}

/**
 * Holds expiries back for the replay whose checkpoint `--before-replay` names: between the two
 * runs the target must not expire what the log prolongs. The names stand where the replay looks.
 */
export async function holdFor(
  { beforeReplay: file, dryRun, quiet }: ImportOptions,
  sink: RestoreSink,
): Promise<HeldForReplay | undefined> {
  if (file === undefined) return undefined;
  const isDry = dryRun === true;
  if (!isDry) await HeldExpiries.requireRelease(sink.address);
  const held = isDry ? HeldExpiries.temporary(() => new Spool()) : HeldExpiries.inFile(`${file}.held`);
  const stage = holdExpiries(held, { windowMs: HOLD_MS, dialect: expiryDialectOf(await sink.connect()) });
  return {
    stage,
    end() {
      held.sync();
      const { size } = held;
      held.close();
      if (size === 0 || isDry || quiet === true) return;
      note(
        `up to ${formatCount(size)} keys in ${sink.address.label} have their expiry held back: rdbkit replay --checkpoint ${file} releases them at its end`,
      );
    },
  };
}
