import { chmodSync, closeSync, constants, copyFileSync, fsyncSync, openSync, statSync } from 'node:fs';
import { KeyFinder } from '../aof/command-keys.js';
import { CommandLookup } from '../aof/command-lookup.js';
import { describeCommand } from '../aof/describe-command.js';
import { newLogState } from '../aof/log-state.js';
import type { Neighbour } from '../aof/lost-ranges.js';
import { formatManifest, type ManifestRow } from '../aof/manifest.js';
import { LogMend } from '../aof/mend.js';
import type { MendRules } from '../aof/mend-rules.js';
import { type LogPosition, timeText } from '../aof/position.js';
import { findCommands } from '../aof/resync.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { type Preamble, readPreamble, type SalvageBase } from './aof-base.js';
import { type AofLayout, type AofPartFile, surveyAof } from './aof-parts.js';
import { type PlannedPart, placeOf, planParts } from './aof-repair-plan.js';
import {
  type AofRepair,
  addBytes,
  type LostBytes,
  type NamedNeighbour,
  NO_BYTES,
  type RepairedBytes,
  type RepairedPart,
} from './aof-repair-report.js';
import { COMPRESSION_HEAD, type Compression, detectCompression } from './compression.js';
import { FileReader, mendPart, turn } from './mend-part.js';
import { NewPlace, requireFreePlace } from './new-place.js';
import { PartCopy } from './part-copy.js';
import { readError } from './read-error.js';
import { readHead } from './read-head.js';
import { writeError } from './write-error.js';

export interface RepairAofOptions {
  readonly limits?: Partial<Limits>;
  readonly signal?: AbortSignal;
  /** Where the log is to end. A command that the position falls into is left out, and its transaction. */
  readonly until?: LogPosition;
  /** Commands to leave out: by name, a container's for all its subcommands, or by position. */
  readonly without?: readonly (string | LogPosition)[];
  /** Makes a dump of what is whole in a damaged one; without it such a base is refused. */
  readonly salvageBase?: SalvageBase;
  /** Told of the bytes of the parts that are done. */
  readonly onPart?: (done: number, all: number) => void;
}

/** So much of a command is looked at to name it. */
const NAMED_BYTES = 4096;

/** Commands that are what others stand in. */
const FRAME: ReadonlySet<string> = new Set(['SELECT', 'MULTI', 'EXEC', 'DISCARD']);

/**
 * Makes a new append-only log of what can be read of another: a file of a file, a folder with a
 * manifest of a folder. The source is only read, and the result appears when it is whole. Bytes
 * that are kept are kept as they are; `LogMend` says what is.
 *
 * @param path a file, a folder with a manifest, or the manifest
 * @param out a file or folder that is not there yet
 * @throws RdbkitError USAGE for a place or a position that cannot be; IO; ABORTED; INPUT_* where
 *   nothing can be kept: no command, a damaged base without `salvageBase`, a base that is not there,
 *   no times to go by
 */
export async function repairAof(
  path: string,
  out: string,
  options: RepairAofOptions = {},
): Promise<AofRepair> {
  const layout = surveyAof(path);
  requireFreePlace(out, layout.folder ?? path);
  const plan = planParts(layout);
  const first = plan.find(({ file }) => file !== undefined)?.file;
  if (first === undefined) {
    throw new RdbkitError('INPUT_CORRUPT', 'the manifest names no file that is there', {
      subject: layout.manifest?.path ?? path,
      hint: 'get the whole folder, or name its parts one by one',
    });
  }
  requirePlain(first.path);
  const preamble = await readPreamble(first.path, first.size, options.signal);
  const place = new NewPlace(out, layout.kind === 'multi');
  try {
    const run = new Repair(layout, place, options, rulesOf(options, plan, preamble.end));
    const report = await run.all(plan, out, preamble);
    place.appear();
    return report;
  } catch (thrown) {
    place.abandon();
    throw thrown;
  }
}

/** A compressed log cannot be searched. @throws RdbkitError USAGE, IO */
function requirePlain(path: string): void {
  let compression: Compression;
  try {
    compression = detectCompression(readHead(path, COMPRESSION_HEAD));
  } catch (thrown) {
    throw readError(thrown, path);
  }
  if (compression === 'none') return;
  throw new RdbkitError(
    'USAGE',
    `the log is compressed (${compression}), and is repaired as it was written`,
    {
      subject: path,
      hint: 'decompress it into a file first',
    },
  );
}

/** @throws RdbkitError USAGE */
function rulesOf(
  { until, without = [] }: RepairAofOptions,
  plan: readonly PlannedPart[],
  preamble: number,
): MendRules {
  const names = without.filter((what) => typeof what === 'string').map((name) => name.toUpperCase());
  const frame = names.find((name) => FRAME.has(name));
  if (frame !== undefined) {
    throw new RdbkitError('USAGE', `${frame} cannot be left out: what other commands mean depends on it`, {
      hint: 'name the commands that changed data',
    });
  }
  const positions = without.filter((what) => typeof what !== 'string');
  if (positions.some(({ kind }) => kind === 'time')) {
    throw new RdbkitError('USAGE', 'a time is no command', { hint: 'give its name, or PART:OFFSET' });
  }
  return {
    untilSeconds: until?.kind === 'time' ? until.seconds : undefined,
    untilPosition: until === undefined || until.kind === 'time' ? undefined : placeOf(until, plan, preamble),
    withoutNames: new Set(names),
    withoutPositions: positions.map((position) => placeOf(position, plan, preamble)),
  };
}

/** One repair. */
class Repair {
  private readonly lookup = new CommandLookup();
  private readonly keys = new KeyFinder();
  private readonly state = newLogState(Math.floor(Date.now() / 1000));
  private readonly mend: LogMend;
  private readonly parts: RepairedPart[] = [];
  private readonly rows: ManifestRow[] = [];
  private readonly lost: LostBytes[] = [];
  private readonly lostParts: { name: string; reason: string }[] = [];
  private readonly doubts: AofRepair['doubts'][number][] = [];
  private readonly inserted: AofRepair['inserted'][number][] = [];
  private readonly counts = { lostRanges: 0, lostCommands: 0, doubtfulRanges: 0 };
  private salvage: unknown;
  private isBehindLoss = false;
  /** Replication offsets that the manifest tells hold no more behind the first change. */
  private isChanged = false;

  constructor(
    private readonly layout: AofLayout,
    private readonly place: NewPlace,
    private readonly options: RepairAofOptions,
    private readonly rules: MendRules,
  ) {
    this.mend = new LogMend(rules);
  }

  async all(plan: readonly PlannedPart[], out: string, preamble: Preamble): Promise<AofRepair> {
    const { layout, mend } = this;
    const sizes = plan.reduce((sum, { file }) => sum + (file?.size ?? 0), 0);
    const last = plan.findLast(({ file }) => file !== undefined)?.file;
    let known: Preamble | undefined = preamble;
    let done = 0;
    for (const { line, message, isUnread } of layout.manifest?.faults ?? []) {
      if (isUnread !== true) continue;
      this.lostParts.push({ name: `line ${line} of the manifest`, reason: message });
      this.isChanged = true;
    }
    for (const { name, file, reason } of plan) {
      if (file === undefined) this.loseWhole(name, reason);
      else if (mend.isEnded) this.leaveOut(file);
      else {
        const head = known ?? (await readPreamble(file.path, file.size, this.options.signal));
        known = undefined;
        await this.part(file, head, file === last);
      }
      done += file?.size ?? 0;
      this.options.onPart?.(done, sizes);
      await turn(this.options.signal);
    }
    const bytes = this.parts.reduce((sum, part) => addBytes(sum, part.bytes), NO_BYTES);
    this.requireSense(bytes);
    if (layout.kind === 'multi') this.place.put(`${layout.prefix}.manifest`, formatManifest(this.rows));
    const { kept, removed } = mend;
    const { lostRanges, lostCommands, doubtfulRanges } = this.counts;
    return {
      source: layout.path,
      output: out,
      kind: layout.kind,
      parts: this.parts,
      bytes,
      commands: { kept, lost: lostCommands, removed },
      lost: this.lost,
      lostRanges,
      lostParts: this.lostParts,
      doubts: this.doubts,
      doubtfulRanges,
      inserted: this.inserted,
      end: mend.end,
      salvage: this.salvage,
      manifestFaults: (layout.manifest?.faults ?? []).map(({ line, message }) => `line ${line}: ${message}`),
      orphans: layout.orphans,
      notes: this.notes(),
    };
  }

  private async part(file: AofPartFile, preamble: Preamble, isLast: boolean): Promise<void> {
    const { size, name } = file;
    const target = this.place.file(name);
    const head = await this.head(file, preamble, target);
    const isDump = head.start === size && head.salvagedTo === 0;
    if (isDump && size > 0) {
      copyWhole(file.path, target);
      this.enter(file, { ...NO_BYTES, in: size, kept: size, out: size });
      const { untilPosition } = this.rules;
      if (untilPosition?.part === name) this.mend.end = untilPosition;
      return;
    }
    const source = openPart(file.path);
    let copy: PartCopy | undefined;
    try {
      const { start, salvagedFrom, salvagedTo } = head;
      copy = new PartCopy(source, file.path, target, salvagedFrom, salvagedTo);
      const { mend, state, lookup } = this;
      const removedBefore = mend.removedBytes;
      // Servers load each file for itself, with database 0 selected at first.
      const dbBefore = state.db;
      state.db = 0;
      mend.begin(name, copy, state.db, start, this.isBehindLoss);
      this.isBehindLoss = false;
      const part = { index: file.index, name };
      const { limits = {}, signal } = this.options;
      await mendPart({ part, path: file.path, file: source, size, start, dbBefore, isLast }, copy, {
        lookup,
        state,
        mend,
        limits,
        signal,
      });
      copy.close();
      const { lostBytes, insertedBytes } = mend.findings;
      const removed = mend.removedBytes - removedBefore;
      const rewound = mend.end === undefined ? 0 : size - mend.end.offset;
      const kept = size - salvagedFrom - lostBytes - removed - rewound;
      const out = copy.bytes;
      if (out !== kept + salvagedTo + insertedBytes) {
        throw new RdbkitError('INTERNAL', `the copy of ${name} has ${out} bytes, which do not add up`);
      }
      this.enter(file, {
        ...{ in: size, kept, lost: lostBytes, removed, rewound },
        ...{ salvagedFrom, salvagedTo, inserted: insertedBytes, out },
      });
      this.tell(new FileReader(source, file.path), size);
    } finally {
      copy?.abort();
      closeSync(source);
    }
  }

  /** What stands before the commands: as it is, or salvaged. */
  private async head(
    file: AofPartFile,
    { end, fault }: Preamble,
    target: string,
  ): Promise<{ start: number; salvagedFrom: number; salvagedTo: number }> {
    if (fault === undefined) return { start: end, salvagedFrom: 0, salvagedTo: 0 };
    const { salvageBase, signal } = this.options;
    if (salvageBase === undefined) {
      fault.hint = 'repair the dump on its own, and put the result in its place';
      throw fault;
    }
    const { end: found, report } = await salvageBase(file.path, target, signal);
    this.salvage = report;
    // Where no command follows, all of it is the dump.
    if (found === undefined && file.role !== 'base' && holdsCommands(file.path, file.size)) {
      fault.hint =
        'where the dump ends and the commands begin cannot be known: cut the file there, and repair both';
      throw fault;
    }
    const start = found ?? file.size;
    return { start, salvagedFrom: start, salvagedTo: statSync(target).size };
  }

  private enter(file: AofPartFile, bytes: RepairedBytes): void {
    const { name, role, seq, startOffset, endOffset } = file;
    const isSame = bytes.kept === bytes.in && bytes.out === bytes.in;
    this.parts.push({ name, role, result: isSame ? 'unchanged' : 'mended', bytes });
    const wasChanged = this.isChanged;
    this.isChanged = wasChanged || !isSame;
    this.rows.push({
      name,
      seq,
      role: role === 'base' ? 'base' : 'increment',
      ...(startOffset === undefined || wasChanged ? {} : { startOffset }),
      ...(endOffset === undefined || this.isChanged ? {} : { endOffset }),
    });
  }

  private loseWhole(name: string, reason: string): void {
    this.lostParts.push({ name, reason });
    this.isBehindLoss = true;
    this.isChanged = true;
  }

  private leaveOut({ name, role, size }: AofPartFile): void {
    this.parts.push({ name, role, result: 'absent', bytes: { ...NO_BYTES, in: size, rewound: size } });
  }

  /** Takes what was found in a part into the report, with the names of the commands around it. */
  private tell(reader: FileReader, size: number): void {
    const { findings } = this.mend;
    findings.settle();
    const named = (place: Neighbour | undefined) => this.named(reader, size, place);
    for (const range of findings.lost) {
      this.lost.push({ ...range, before: named(range.before), after: named(range.after) });
    }
    this.doubts.push(...findings.doubts);
    this.inserted.push(...findings.inserted);
    this.counts.lostRanges += findings.lostRanges;
    this.counts.lostCommands += findings.lostCommands;
    this.counts.doubtfulRanges += findings.doubtfulRanges;
  }

  private named(reader: FileReader, size: number, place: Neighbour | undefined): NamedNeighbour | undefined {
    if (place === undefined) return undefined;
    const bytes = new Uint8Array(Math.min(NAMED_BYTES, size - place.offset));
    const count = reader.readAt(place.offset, bytes);
    const { name = '', key } = describeCommand(bytes.subarray(0, count), this.lookup, this.keys) ?? {};
    return { ...place, name, key };
  }

  /** @throws RdbkitError where the result would not be what was asked for, or nothing */
  private requireSense(bytes: RepairedBytes): void {
    const { layout, rules, mend, state } = this;
    const subject = layout.path;
    if (bytes.out === 0 && bytes.lost > 0) {
      throw new RdbkitError('INPUT_CORRUPT', 'not one whole command is in it', {
        subject,
        hint: 'check that it is an append-only file, and not compressed',
      });
    }
    if (
      rules.untilSeconds !== undefined &&
      mend.end === undefined &&
      state.times.first < 0 &&
      state.commands > 0
    ) {
      throw new RdbkitError('INPUT_UNSUPPORTED', 'the log tells no times, so it cannot end at one', {
        subject,
        hint: 'give --until PART:OFFSET; servers write times with aof-timestamp-enabled yes',
      });
    }
    const missed = rules.withoutPositions?.find((position) => !mend.hits.has(position));
    if (missed !== undefined) {
      throw new RdbkitError('USAGE', `no command that is kept begins at ${missed.part}:${missed.offset}`, {
        subject,
        hint: 'rdbkit export tells the position of each',
      });
    }
  }

  private notes(): string[] {
    const { mend, state, rules } = this;
    const { times } = state;
    const notes: string[] = [];
    if (times.backwards > 0)
      notes.push(`times go back ${times.backwards} times; the log is read in its own order`);
    if (times.future > 0) notes.push(`${times.future} times lie in the future`);
    const { untilSeconds } = rules;
    if (untilSeconds !== undefined && mend.end === undefined && times.last >= 0) {
      notes.push(`the last time is ${timeText(times.last)}: nothing is later than what was asked for`);
    }
    if (untilSeconds !== undefined && times.first > untilSeconds) {
      notes.push(
        `the first time is ${timeText(times.first)}: what stands before it may be later than asked for`,
      );
    }
    for (const [name, count] of mend.unknown) {
      notes.push(
        `${name} is in no table of commands (${count} times): kept, but a server that does not know it refuses the log`,
      );
    }
    for (const name of rules.withoutNames ?? []) {
      if (!mend.hasLeftOut(name)) notes.push(`no ${name} is in it`);
    }
    return notes;
  }
}

/** Whether commands stand anywhere in a file. */
function holdsCommands(path: string, size: number): boolean {
  const file = openPart(path);
  try {
    return findCommands(new FileReader(file, path), 0, size) !== undefined;
  } finally {
    closeSync(file);
  }
}

function openPart(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (thrown) {
    throw readError(thrown, path);
  }
}

/** Copies a file as it is; without copying bytes where the file system can. */
function copyWhole(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // It has the permissions of the source, which may be for reading only.
    chmodSync(to, 0o600);
    const file = openSync(to, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    throw writeError(thrown, to);
  }
}
