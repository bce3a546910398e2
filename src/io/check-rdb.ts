import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { type RunOptions, run, type Source, type Stage } from '../pipeline.js';
import type { ChecksumState } from '../rdb/reader.js';
import { checkReport, type Fault, FaultList } from '../reports/check.js';
import type { RdbSource } from './rdb-source.js';
import { trailerChecksum } from './trailer-checksum.js';

/** What a check of one dump found. */
export interface DumpCheck {
  readonly file: string;
  /** True when nothing is wrong. */
  readonly ok: boolean;
  readonly keys: number;
  /** Keys whose value is damaged though its frame is whole. */
  readonly damaged: number;
  /** `unknown` where the read ended before it and the file cannot tell. */
  readonly checksum: 'ok' | 'absent' | 'bad' | 'unknown';
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  /** Bytes of the file behind the dump. */
  readonly trailingBytes: number;
}

export interface CheckOptions extends RunOptions {
  readonly limits?: Partial<Limits>;
  readonly stages?: readonly Stage[];
  /** What the source is read through, such as `withSizes`. */
  readonly through?: (source: Source) => Source;
}

/**
 * Reads a whole dump, checksum and inside of every value included. Faults of values do not end
 * the check; one that hides where the next record begins does, and is the last in the list.
 * @throws RdbkitError when the input cannot be read at all: IO, ABORTED, INPUT_UNSUPPORTED of a
 *   compression
 */
export async function checkRdb(source: RdbSource, options: CheckOptions = {}): Promise<DumpCheck> {
  const sink = checkReport(options);
  const ending = new FaultList();
  let checksum: ChecksumState | 'unknown' = 'unknown';
  try {
    await run(options.through?.(source) ?? source, options.stages ?? [], sink, options);
    checksum = source.checksum;
  } catch (thrown) {
    const error = RdbkitError.from(thrown);
    if (!FINDINGS.has(error.code) || source.position === 0) throw error;
    ending.add(error);
    if (error.code === 'INPUT_CHECKSUM') checksum = 'bad';
    else if (source.magic !== undefined && source.compression === 'none' && source.size !== undefined) {
      checksum = await trailerChecksum(source.name);
    }
  }
  const { keys, damaged, faults, warnings } = sink.report();
  const all = [...faults, ...ending.faults];
  return {
    file: source.name,
    ok: all.length === 0,
    keys,
    damaged,
    checksum: checksum === 'pending' || checksum === 'ignored' ? 'unknown' : checksum,
    faults: all,
    warnings,
    trailingBytes: source.trailingBytes,
  };
}

const FINDINGS: ReadonlySet<string> = new Set([
  'INPUT_TRUNCATED',
  'INPUT_CORRUPT',
  'INPUT_CHECKSUM',
  'INPUT_UNSUPPORTED',
  'LIMIT_EXCEEDED',
]);
