import type { CommandLookup } from '../aof/command-lookup.js';
import type { CutAt } from '../aof/log-cut.js';
import { newLogState } from '../aof/log-state.js';
import { PartDecoder } from '../aof/part-decoder.js';
import { type FoundPlace, type Misfit, PlaceFinder } from '../aof/place-finder.js';
import { type LogPosition, positionText, timeText } from '../aof/position.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { AofLayout, AofPartFile } from './aof-parts.js';
import { logError } from './log-error.js';
import { PartFile, pending } from './part-file.js';
import { Spool } from './spool.js';

/** What of a log is read. */
export interface LogSpan {
  /** Where to begin; undefined for the beginning of the first part. */
  readonly start: FoundPlace | undefined;
  /** First part of `layout.parts` that is read. */
  readonly firstPart: number;
  /** The base is left out. */
  readonly skipsBase: boolean;
  readonly until: CutAt | undefined;
  readonly notes: readonly string[];
}

export interface SpanOptions {
  readonly limits?: Partial<Limits>;
  readonly from?: LogPosition;
  readonly until?: LogPosition;
  readonly base?: 'read' | 'skip';
  /** The log goes on: `until` may lie behind what is there. */
  readonly isFollowed: boolean;
}

/**
 * Finds the places that positions name, by reading what stands before them, so that a run begins
 * and ends between two commands and never within a transaction.
 * @throws RdbkitError USAGE for a position at which no command begins, with those beside it; for
 *   a time where the log has none; and as reading does
 */
export async function findSpan(
  layout: AofLayout,
  options: SpanOptions,
  lookup: CommandLookup,
  signal: AbortSignal,
): Promise<LogSpan> {
  const { from, until } = options;
  if (from !== undefined && options.base === 'read') {
    throw new RdbkitError('USAGE', 'a base cannot be read and then left for a later position');
  }
  const search = new SpanSearch(layout, options, lookup, signal);
  const start = from === undefined ? undefined : await search.startOf(from);
  const cut = until === undefined ? undefined : await search.cutOf(until);
  const skipsBase = from !== undefined || options.base === 'skip';
  const baseParts = layout.parts.filter(({ role }) => role === 'base').length;
  const firstPart = start?.part.index ?? (skipsBase ? baseParts : 0);
  if (cut?.kind === 'part-offset' && start !== undefined) {
    const { index } = start.part;
    if (cut.part < index || (cut.part === index && cut.offset < start.offset)) {
      throw new RdbkitError('USAGE', 'the position to stop at lies before the one to begin at');
    }
  }
  return { start, firstPart, skipsBase, until: cut, notes: search.notes };
}

class SpanSearch {
  readonly notes: string[] = [];
  /** Where the commands behind the base begin. */
  private readonly afterBase: number;

  constructor(
    private readonly layout: AofLayout,
    private readonly options: SpanOptions,
    private readonly lookup: CommandLookup,
    private readonly signal: AbortSignal,
  ) {
    this.afterBase = layout.parts.filter(({ role }) => role === 'base').length;
  }

  /** Undefined for the beginning of what follows the base. */
  async startOf(from: LogPosition): Promise<FoundPlace | undefined> {
    if (from.kind === 'end-of-base') return undefined;
    if (from.kind === 'part-offset') return this.placeAt(this.partOf(from), from.offset, from);
    const finder = await this.findTime(from.seconds, from);
    if (!finder.isLateEnough) this.notes.push(`no command is as late as ${timeText(from.seconds)}`);
    if (finder.timeless > 0) {
      this.notes.push(`${beforeFirst(finder)} left out`);
    }
    return finder.found;
  }

  async cutOf(until: LogPosition): Promise<CutAt | undefined> {
    if (until.kind === 'end-of-base') return { kind: 'part-offset', part: this.afterBase, offset: 0 };
    if (until.kind === 'part-offset') {
      const part = this.partOf(until);
      const { offset } = until;
      const isAhead = this.options.isFollowed && offset > part.size;
      const place = isAhead ? { offset } : await this.placeAt(part, offset, until, 'before');
      return { kind: 'part-offset', part: part.index, offset: place.offset };
    }
    const { seconds } = until;
    const finder = await this.findTime(seconds + 1, until);
    if (finder.timeless > 0) {
      this.notes.push(`${beforeFirst(finder)} taken for earlier than all times`);
    }
    const { found } = finder;
    if (found === undefined || !finder.isLateEnough) return { kind: 'time', seconds };
    return { kind: 'part-offset', part: found.part.index, offset: found.offset };
  }

  private partOf({ part }: { readonly part: string | number }): AofPartFile {
    const { parts } = this.layout;
    const found = parts.find(
      ({ name, seq, role }) => name === String(part) || (seq === part && role === 'increment'),
    );
    if (found !== undefined) return found;
    throw new RdbkitError('USAGE', `the log has no part ${JSON.stringify(part)}`, {
      subject: this.layout.path,
      hint: `its parts are ${parts.map(({ name }) => name).join(', ')}`,
    });
  }

  /** @param inTransaction `before` takes the place of the MULTI for one in its transaction */
  private async placeAt(
    part: AofPartFile,
    offset: number,
    position: LogPosition,
    inTransaction?: 'before',
  ): Promise<FoundPlace> {
    if (offset === 0) return { part, offset, db: 0, timeSeconds: -1 };
    const finder = new PlaceFinder({ kind: 'offset', offset });
    await this.scan(part, finder, true, newLogState());
    const { found, misfit } = finder;
    if (found !== undefined) return found;
    if (misfit?.why === 'inside a transaction' && misfit.before !== undefined && inTransaction === 'before') {
      return { part, offset: misfit.before, db: 0, timeSeconds: -1 };
    }
    throw this.refusal(part, position, misfit);
  }

  private refusal(part: AofPartFile, position: LogPosition, misfit: Misfit | undefined): RdbkitError {
    const beside = [misfit?.before, misfit?.after]
      .filter((offset) => offset !== undefined)
      .map((offset) => `${part.name}:${offset}`);
    return new RdbkitError(
      'USAGE',
      `${positionText(position)} lies ${misfit?.why ?? 'behind the end'}, where nothing can begin or end`,
      {
        subject: part.path,
        hint: beside.length === 0 ? undefined : `the nearest that can be used: ${beside.join(' and ')}`,
      },
    );
  }

  private async findTime(seconds: number, position: LogPosition): Promise<PlaceFinder> {
    const finder = new PlaceFinder({ kind: 'time', seconds });
    const parts = this.layout.parts.slice(this.afterBase);
    const state = newLogState();
    for (const part of parts) {
      await this.scan(part, finder, part === parts.at(-1), state);
      if (finder.isSettled) break;
    }
    if (!finder.hasTimes && finder.timeless > 0) {
      throw new RdbkitError('USAGE', `the log has no times, so ${positionText(position)} is nowhere in it`, {
        subject: this.layout.path,
        hint: 'give a position as PART:OFFSET; servers write times with aof-timestamp-enabled yes',
      });
    }
    return finder;
  }

  private async scan(
    part: AofPartFile,
    finder: PlaceFinder,
    isLast: boolean,
    state: ReturnType<typeof newLogState>,
  ): Promise<void> {
    const file = new PartFile(part);
    const { limits } = this.options;
    const decoder = new PartDecoder(part, state, this.lookup, () => new Spool(), {
      checksum: 'ignore',
      inputBytes: file.freeze(),
      ...(limits === undefined ? {} : { limits }),
    });
    let begun = false;
    const begin = () => {
      if (begun || decoder.dumpEnd === undefined) return;
      begun = true;
      finder.begin(decoder.dumpEnd);
    };
    try {
      for await (const batch of file.batches(decoder, this.signal)) {
        if (decoder.isInDump) continue;
        begin();
        if (!finder.isSettled) finder.take(batch);
        if (finder.isSettled) return;
      }
      decoder.end();
      for await (const batch of pending(decoder, this.signal)) {
        begin();
        if (!decoder.isInDump && !finder.isSettled) finder.take(batch);
      }
      begin();
      const { offset } = decoder;
      const place = { part, offset, db: state.db, timeSeconds: state.timeSeconds };
      finder.end(place, state.open !== undefined, isLast);
    } catch (thrown) {
      throw logError(thrown, part.path);
    } finally {
      decoder.close();
      file.close();
    }
  }
}

function beforeFirst({ timeless }: PlaceFinder): string {
  return timeless === 1
    ? '1 command before the first time was'
    : `${timeless} commands before the first time were`;
}
