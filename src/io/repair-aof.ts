import { closeSync, openSync, statSync } from 'node:fs';
import { CommandLookup } from '../aof/command-lookup.js';
import { newLogState } from '../aof/log-state.js';
import { formatManifest } from '../aof/manifest.js';
import { LogMend } from '../aof/mend.js';
import type { MendRules } from '../aof/mend-rules.js';
import type { LogPosition } from '../aof/position.js';
import { findCommands } from '../aof/resync.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import { type Preamble, readPreamble, type SalvageBase } from './aof-base.js';
import { type AofLayout, type AofPartFile, surveyAof } from './aof-parts.js';
import { type PlannedPart, planParts } from './aof-repair-plan.js';
import { type AofRepair, NO_BYTES } from './aof-repair-report.js';
import { rulesOf } from './aof-repair-rules.js';
import { repairNotes, requireSense } from './aof-repair-sense.js';
import { COMPRESSION_HEAD, type Compression, detectCompression } from './compression.js';
import { copyWhole } from './copy-whole.js';
import { FileReader, mendPart, turn } from './mend-part.js';
import { NewPlace, requireFreePlace } from './new-place.js';
import { PartCopy } from './part-copy.js';
import { readError } from './read-error.js';
import { readHead } from './read-head.js';
import { RepairBooks } from './repair-books.js';

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

/** One repair. */
class Repair {
  private readonly lookup = new CommandLookup();
  private readonly state = newLogState(Math.floor(Date.now() / 1000));
  private readonly mend: LogMend;
  private readonly books = new RepairBooks(this.lookup);
  private salvage: unknown;
  private isBehindLoss = false;

  constructor(
    private readonly layout: AofLayout,
    private readonly place: NewPlace,
    private readonly options: RepairAofOptions,
    private readonly rules: MendRules,
  ) {
    this.mend = new LogMend(rules);
  }

  async all(plan: readonly PlannedPart[], out: string, preamble: Preamble): Promise<AofRepair> {
    const { layout, mend, books, rules, state } = this;
    const sizes = plan.reduce((sum, { file }) => sum + (file?.size ?? 0), 0);
    const last = plan.findLast(({ file }) => file !== undefined)?.file;
    let known: Preamble | undefined = preamble;
    let done = 0;
    for (const { line, message, isUnread } of layout.manifest?.faults ?? []) {
      if (isUnread !== true) continue;
      books.loseWhole(`line ${line} of the manifest`, message);
    }
    for (const { name, file, reason } of plan) {
      if (file === undefined) {
        books.loseWhole(name, reason);
        this.isBehindLoss = true;
      } else if (mend.isEnded) books.leaveOut(file);
      else {
        const head = known ?? (await readPreamble(file.path, file.size, this.options.signal));
        known = undefined;
        await this.part(file, head, file === last);
      }
      done += file?.size ?? 0;
      this.options.onPart?.(done, sizes);
      await turn(this.options.signal);
    }
    const { bytes } = books;
    requireSense(layout.path, rules, mend, state, bytes);
    if (layout.kind === 'multi') this.place.put(`${layout.prefix}.manifest`, formatManifest(books.rows));
    const { kept, removed } = mend;
    const { lostRanges, lostCommands, doubtfulRanges } = books;
    return {
      source: layout.path,
      output: out,
      kind: layout.kind,
      parts: books.parts,
      bytes,
      commands: { kept, lost: lostCommands, removed },
      lost: books.lost,
      lostRanges,
      lostParts: books.lostParts,
      doubts: books.doubts,
      doubtfulRanges,
      inserted: books.inserted,
      end: mend.end,
      salvage: this.salvage,
      manifestFaults: (layout.manifest?.faults ?? []).map(({ line, message }) => `line ${line}: ${message}`),
      orphans: layout.orphans,
      notes: repairNotes(rules, mend, state),
    };
  }

  private async part(file: AofPartFile, preamble: Preamble, isLast: boolean): Promise<void> {
    const { size, name } = file;
    const target = this.place.file(name);
    const head = await this.head(file, preamble, target);
    const isDump = head.start === size && head.salvagedTo === 0;
    if (isDump && size > 0) {
      copyWhole(file.path, target);
      this.books.enter(file, { ...NO_BYTES, in: size, kept: size, out: size });
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
      this.books.enter(file, {
        ...{ in: size, kept, lost: lostBytes, removed, rewound },
        ...{ salvagedFrom, salvagedTo, inserted: insertedBytes, out },
      });
      this.books.tell(mend.findings, new FileReader(source, file.path), size);
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
