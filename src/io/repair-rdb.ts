import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Account, type Reject } from '../account.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { run } from '../pipeline.js';
import { targetOfMagic } from '../rdb/dump-target.js';
import type { Magic } from '../rdb/magic.js';
import { HEADER_BYTES, readHeader } from '../rdb/salvage/header.js';
import type { Excess, LostRange, SalvagePlan } from '../rdb/salvage/plan.js';
import { SalvagePlanner } from '../rdb/salvage/planner.js';
import { ExportSink } from '../sinks/export-sink.js';
import type { ByteOutput } from '../sinks/output-buffer.js';
import { rdbFormat } from '../sinks/rdb.js';
import { resolveCollisions } from '../stages/collisions.js';
import type { Compression } from './compression.js';
import { findCollisions } from './precheck.js';
import { openRandom, type RandomInput } from './random-input.js';
import { type PartialKey, SalvageSource } from './salvage-source.js';
import { Spool } from './spool.js';

export interface RepairRdbOptions {
  readonly limits?: Partial<Limits>;
  /** What the magic of the file was, where it is destroyed. */
  readonly magic?: Magic;
  /** Whether the whole elements of a value that is cut off by the end of the file are kept. */
  readonly partial?: boolean;
  readonly signal?: AbortSignal;
  /** Called now and then with the position in the input, of its size. */
  readonly onProgress?: (position: number, size: number) => void;
}

/** What became of a damaged dump. */
export interface RdbRepair {
  readonly file: string;
  /** The magic of what was written: that of the file, from RDB 6 on. */
  readonly format: string;
  /** True when nothing was lost and nothing is in doubt. */
  readonly isWhole: boolean;
  readonly compression: Compression;
  /** Set when the compression is damaged, too; what comes behind is lost. */
  readonly compressionFault: string | undefined;
  /** What is wrong with the magic of the file. */
  readonly headerDamage: string | undefined;
  /** Of the file: `bad` without any range lost means a change that cannot be seen, in a string. */
  readonly checksum: SalvagePlan['checksum'];
  /** False when the file ends before its end is said. */
  readonly hasEnd: boolean;
  /** Bytes of the input: `input` is the sum of the others. */
  readonly bytes: {
    readonly input: number;
    readonly kept: number;
    readonly lost: number;
    /** Header, EOF and checksum, which are written anew. */
    readonly frame: number;
    /** Behind the end of the dump, left out. */
    readonly trailing: number;
  };
  /** Keys: `read` is `written` and `refused` together. */
  readonly keys: {
    readonly read: number;
    readonly written: number;
    /** Not written: another of the same name stands before it, or no server reads it so. */
    readonly refused: number;
  };
  /** The first of those that were not written. */
  readonly refused: readonly Reject[];
  readonly lostRanges: number;
  /** The first thousand of them. */
  readonly lost: readonly LostRange[];
  /** Bytes of them in which nothing was looked for: too much before them came to nothing. */
  readonly unsearched: number;
  /** Databases in which more keys were kept than the dump says: some are none, or come twice. */
  readonly excess: readonly Excess[];
  readonly partial: PartialKey | undefined;
  readonly outputBytes: number;
  /** The books of the writing, functions and the like included. */
  readonly account: Account;
}

/**
 * Writes a new dump from all that can be kept of one that may be damaged, see `SalvagePlanner`.
 * Values are copied as they are. The input is read three times, once for what can be kept, once
 * for names that come twice, once to write; a compressed one or a stream goes into a temporary
 * file first. Fields of replication in the header are left out: a server that takes up replication
 * where this dump says would lack what was lost.
 * @param origin the path of a file, or a stream
 * @throws RdbkitError INPUT_CORRUPT and others when nothing can be kept, IO, ABORTED; the output is
 *   aborted then
 */
export async function repairRdb(
  origin: string | Readable,
  name: string,
  output: () => ByteOutput,
  options: RepairRdbOptions = {},
): Promise<RdbRepair> {
  const signal = options.signal ?? new AbortController().signal;
  const input = await openRandom(origin, name, signal);
  try {
    return await repair(input, name, output, options, signal);
  } catch (thrown) {
    const error = signal.aborted ? interrupted() : RdbkitError.from(thrown);
    if (error.code.startsWith('INPUT_')) error.subject ??= name;
    throw error;
  } finally {
    input.close();
  }
}

async function repair(
  input: RandomInput,
  name: string,
  output: () => ByteOutput,
  options: RepairRdbOptions,
  signal: AbortSignal,
): Promise<RdbRepair> {
  const { limits, partial } = options;
  if (input.size === 0) throw new RdbkitError('INPUT_TRUNCATED', 'the input is empty');
  const head = new Uint8Array(HEADER_BYTES);
  const header = readHeader(head.subarray(0, input.readAt(0, head)), options.magic);
  const plan = await makePlan(input, header.magic, header.damage, options, signal);
  const open = () =>
    new SalvageSource(name, input, plan, { ...(limits && { limits }), partial: partial === true });
  await requireSomething(plan, open, signal);
  const isSound = plan.lostRanges === 0 && plan.checksum === 'ok';
  const stages = isSound
    ? []
    : [resolveCollisions(await findCollisions(open(), [], { signal, ...(limits && { limits }) }), 'fail')];
  const account = new Account();
  const refused: Reject[] = [];
  account.onReject = (reject) => {
    if (refused.length < MOST_REFUSED) refused.push(reject);
  };
  const source = open();
  const format = rdbFormat({
    target: targetOfMagic({ ...header.magic, dialect: plan.dialect }),
    makeSpill: () => new Spool(),
    ...(limits && { limits }),
  });
  const sink = new ExportSink(format, output(), () => new Spool(), limits && { limits });
  const onProgress = () => options.onProgress?.(source.position, input.size);
  const { bytes: outputBytes } = await run(source, stages, sink, { signal, account, onProgress });
  const { read, written, skipped, failed } = account.totals();
  const isWhole =
    isSoundEnough(plan) && input.fault === undefined && header.damage === undefined && skipped + failed === 0;
  return {
    file: name,
    format: formatOf(header.magic, plan),
    isWhole,
    compression: input.compression,
    compressionFault: input.fault?.message,
    headerDamage: header.damage,
    checksum: plan.checksum,
    hasEnd: plan.hasEnd,
    bytes: {
      input: input.size,
      kept: plan.segments.bytes,
      lost: plan.lostBytes,
      frame: plan.frameBytes,
      trailing: plan.trailingBytes,
    },
    keys: { read, written, refused: skipped + failed },
    refused,
    lostRanges: plan.lostRanges,
    lost: plan.lost,
    unsearched: plan.unsearched,
    excess: plan.excess,
    partial: source.partial,
    outputBytes,
    account,
  };
}

const MOST_REFUSED = 1000;

async function makePlan(
  input: RandomInput,
  magic: Magic,
  damagedMagic: string | undefined,
  options: RepairRdbOptions,
  signal: AbortSignal,
): Promise<SalvagePlan> {
  const planner = new SalvagePlanner(input, magic, {
    ...(options.limits && { limits: options.limits }),
    ...(damagedMagic === undefined ? {} : { damagedMagic }),
  });
  const steps = planner.plan();
  let turnAt = performance.now() + TURN_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < turnAt) continue;
    options.onProgress?.(planner.position, input.size);
    await setImmediate();
    if (signal.aborted) throw interrupted();
    turnAt = performance.now() + TURN_MS;
  }
}

function interrupted(): RdbkitError {
  return new RdbkitError('ABORTED', 'interrupted');
}

/** How long the event loop waits for its turn. */
const TURN_MS = 50;

/** @throws RdbkitError INPUT_CORRUPT when something was lost and nothing is left */
async function requireSomething(
  plan: SalvagePlan,
  open: () => SalvageSource,
  signal: AbortSignal,
): Promise<void> {
  if (plan.keys > 0 || plan.lostRanges === 0) return;
  const source = open();
  let others = 0;
  for await (const { records } of source.read(signal)) {
    for (const { kind } of records) if (kind !== 'aux' && kind !== 'slot-info') others++;
  }
  if (others > 0) return;
  const { reason, code, from } = plan.lost[0] as LostRange;
  throw new RdbkitError(code, `no key of it can be kept: ${reason}`, {
    offset: from,
    hint: 'see that it is a dump, and of which version (--rdb-version); else take another copy',
  });
}

function isSoundEnough({ lostRanges, checksum, hasEnd, trailingBytes }: SalvagePlan): boolean {
  return lostRanges === 0 && checksum !== 'bad' && hasEnd && trailingBytes === 0;
}

function formatOf(magic: Magic, { dialect }: SalvagePlan): string {
  const { rdbVersion } = targetOfMagic({ ...magic, dialect });
  return rdbVersion === magic.version ? magic.text : `REDIS${String(rdbVersion).padStart(4, '0')}`;
}
