import type { Readable } from 'node:stream';
import { CommandLookup } from '../aof/command-lookup.js';
import { type CommandPlace, LogCut } from '../aof/log-cut.js';
import type { LogState } from '../aof/log-state.js';
import { PartDecoder } from '../aof/part-decoder.js';
import type { FoundPlace } from '../aof/place-finder.js';
import type { LogPosition } from '../aof/position.js';
import { RdbkitError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { Source } from '../pipeline.js';
import type { Magic } from '../rdb/magic.js';
import type { RecordBatch } from '../record.js';
import { type FollowOptions, type FollowSteps, followParts } from './aof-follow.js';
import { type AofLayout, type AofPartFile, aofLayout } from './aof-parts.js';
import { findSpan, type LogSpan } from './aof-span.js';
import { type LogTail, openTail, tailOf } from './aof-tail.js';
import { COMPRESSION_HEAD, type Compression, detectCompression } from './compression.js';
import { clockNotes, liveState } from './log-clock.js';
import { logError } from './log-error.js';
import { PartFile, pending } from './part-file.js';
import { PartStream } from './part-stream.js';
import { readHead } from './read-head.js';
import { Spool } from './spool.js';

export interface AofSourceOptions {
  readonly limits?: Partial<Limits>;
  readonly checksum?: 'verify' | 'ignore';
  /** Where to begin; the base is left out then. A stream and a compressed file have no such places. */
  readonly from?: LogPosition;
  /** Where to stop: before the first command there, or the first that is later than a time. */
  readonly until?: LogPosition;
  /** `read` by default, `skip` with `from`. */
  readonly base?: 'read' | 'skip';
  /** Goes on as the server appends, until the signal aborts or `until` is reached. */
  readonly follow?: FollowOptions;
}

/** So many parts are opened before the first is read; a log of a server has two or three. */
const HELD_PARTS = 64;

/** A source of the records of an append-only log: the keys of its base, then its commands. */
export interface AofSource extends Source {
  /** The files; of a stream, one without a path. While a log is followed, as it was at first. */
  readonly layout: AofLayout;
  readonly compression: Compression;
  /** Whether another source of the same name would read the same again. */
  readonly isRepeatable: boolean;
  /** The header of the dump that the log begins with, once it was read. */
  readonly base: Magic | undefined;
  /** What was read so far: commands, transactions, times, the database selected. */
  readonly state: LogState;
  /** Where reading ended. Known once it has. */
  readonly tail: LogTail;
  /** The position behind the last command that was handed out. */
  readonly reached: CommandPlace | undefined;
  /** Rows of the commands: `spec.index` of each record counts in it. */
  readonly lookup: CommandLookup;
  /** Things about times and positions that a person should know, in words. */
  readonly notes: readonly string[];
}

/**
 * Reads a log from a folder, a manifest, or a single file, which may be compressed by gzip or zstd.
 * @throws RdbkitError as `aofLayout`
 */
export function aofSource(path: string, options: AofSourceOptions = {}): AofSource {
  return new AofReader(path, aofLayout(path), undefined, options);
}

/** Reads a log from a stream, which may be compressed by gzip or zstd. */
export function aofStream(stream: Readable, name: string, options: AofSourceOptions = {}): AofSource {
  const part: AofPartFile = { index: 0, name, path: name, role: 'single', seq: 0, size: 0 };
  const layout: AofLayout = {
    kind: 'single',
    path: name,
    prefix: name,
    parts: [part],
    orphans: [],
    missing: [],
  };
  return new AofReader(name, layout, stream, options);
}

class AofReader implements AofSource {
  readonly size: number | undefined;
  readonly lookup = new CommandLookup();
  readonly state: LogState = liveState();
  base: Magic | undefined;
  tail: LogTail = {};
  reached: CommandPlace | undefined;
  compression: Compression = 'none';
  private before = 0;
  private current: { readonly position: number } | undefined;
  private cut: LogCut | undefined;
  private foundNotes: string[] = [];

  constructor(
    readonly name: string,
    readonly layout: AofLayout,
    private readonly stream: Readable | undefined,
    private readonly options: AofSourceOptions,
  ) {
    const isKnown = stream === undefined && options.follow === undefined;
    this.size = isKnown ? layout.parts.reduce((sum, { size }) => sum + size, 0) : undefined;
  }

  get position(): number {
    return this.before + (this.current?.position ?? 0);
  }

  get isRepeatable(): boolean {
    return this.stream === undefined && this.options.follow === undefined;
  }

  get notes(): readonly string[] {
    return [...this.foundNotes, ...clockNotes(this.state)];
  }

  async *read(signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const { layout, options, stream } = this;
    const [first] = layout.parts;
    if (stream !== undefined || (layout.kind === 'single' && first !== undefined && isWrapped(first))) {
      yield* this.readStream(stream ?? layout.path, signal);
      return;
    }
    const span = await findSpan(
      layout,
      { ...options, isFollowed: options.follow !== undefined },
      this.lookup,
      signal,
    );
    this.foundNotes = [...span.notes];
    if (span.until !== undefined) this.cut = new LogCut(span.until);
    if (options.follow === undefined) yield* this.readParts(span, signal);
    else yield* this.readOn(span, options.follow, signal);
  }

  private async *readParts(span: LogSpan, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const parts = this.layout.parts.slice(span.firstPart);
    const held = new Map<AofPartFile, PartFile>();
    try {
      // A rewrite may remove them while the first is read.
      for (const part of parts.slice(0, HELD_PARTS)) held.set(part, openPart(part));
      for (const part of parts) {
        const file = held.get(part) ?? openPart(part);
        held.set(part, file);
        yield* this.readPart(file, span, part === parts.at(-1), signal);
        if (this.isCut) return;
        this.before += file.position;
        this.current = undefined;
        file.close();
      }
    } finally {
      for (const file of held.values()) file.close();
    }
  }

  private async *readPart(
    file: PartFile,
    span: LogSpan,
    isLast: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<RecordBatch> {
    const { part } = file;
    const start = part.index === span.start?.part.index ? span.start : undefined;
    let decoder: PartDecoder | undefined;
    try {
      file.position = start?.offset ?? 0;
      decoder = this.decoderFrom(part, file.position, start, file.freeze());
      this.current = file;
      yield* this.pass(part, file.batches(decoder, signal), decoder, span.skipsBase);
      if (this.isCut) return;
      decoder.end();
      yield* this.pass(part, pending(decoder, signal), decoder, span.skipsBase);
      if (!this.isCut) this.tail = tailOf(part, file, decoder, this.state, isLast);
    } catch (thrown) {
      throw logError(thrown, part.path);
    } finally {
      decoder?.close();
    }
  }

  private async *readOn(
    span: LogSpan,
    follow: FollowOptions,
    signal: AbortSignal,
  ): AsyncGenerator<RecordBatch> {
    const steps: FollowSteps = {
      decoder: (part, offset, start) => this.decoderFrom(part, offset, start),
      pass: (part, batches, decoder) => this.pass(part, batches, decoder, span.skipsBase),
      begin: (file) => {
        this.current = file;
      },
      finish: (part, file, decoder) => {
        this.tail = tailOf(part, file, decoder, this.state, false);
        this.before += file.position;
        this.current = undefined;
      },
      stop: () => {
        this.tail = openTail(this.state);
      },
      isCut: () => this.isCut,
      note: (text) => void this.foundNotes.push(text),
    };
    yield* followParts(this.layout, span, follow, steps, signal);
  }

  private async *readStream(origin: string | Readable, signal: AbortSignal): AsyncGenerator<RecordBatch> {
    const { from, until, follow, base } = this.options;
    if (from !== undefined || until !== undefined || follow !== undefined) {
      throw new RdbkitError('USAGE', 'positions and following need a file that is not compressed', {
        subject: this.name,
        hint: 'put it into a plain file first',
      });
    }
    const [part] = this.layout.parts as [AofPartFile];
    const decoder = this.decoderFrom(part, 0);
    const source = new PartStream(this.name, origin, decoder);
    this.current = source;
    try {
      yield* this.pass(part, source.read(signal), decoder, base === 'skip');
      this.tail = tailOf(part, decoder, decoder, this.state, true);
    } catch (thrown) {
      throw logError(thrown, this.name);
    } finally {
      this.compression = source.compression;
      decoder.close();
    }
  }

  private get isCut(): boolean {
    return this.cut?.stoppedAt !== undefined;
  }

  private decoderFrom(
    part: AofPartFile,
    offset: number,
    start?: FoundPlace,
    inputBytes?: number,
  ): PartDecoder {
    const { state, lookup } = this;
    const { limits, checksum } = this.options;
    if (start !== undefined) {
      state.db = start.db;
      state.timeSeconds = start.timeSeconds;
    }
    return new PartDecoder(part, state, lookup, () => new Spool(), {
      base: offset,
      ...(limits === undefined ? {} : { limits }),
      ...(checksum === undefined ? {} : { checksum }),
      ...(inputBytes === undefined ? {} : { inputBytes }),
    });
  }

  /** Hands batches on, up to where the log is cut. */
  private async *pass(
    part: AofPartFile,
    batches: AsyncIterable<RecordBatch>,
    decoder: PartDecoder,
    skipsBase: boolean,
  ): AsyncGenerator<RecordBatch> {
    for await (const batch of batches) {
      this.base ??= decoder.magic;
      if (decoder.isInDump) {
        if (!skipsBase) yield batch;
        continue;
      }
      const kept = this.cut?.take(batch) ?? batch;
      const stoppedAt = this.cut?.stoppedAt;
      this.reached = stoppedAt ?? { part, offset: decoder.offset };
      if (stoppedAt !== undefined) {
        const open = this.cut?.open;
        this.tail = { stoppedAt, ...(open === undefined ? {} : { open }) };
      }
      if (kept.records.length > 0 || batch.records.length === 0) yield kept;
      if (stoppedAt !== undefined) return;
    }
    this.base ??= decoder.magic;
    if (decoder.dumpEnd !== undefined) this.reached = { part, offset: decoder.offset };
  }
}

function openPart(part: AofPartFile): PartFile {
  try {
    return new PartFile(part);
  } catch (thrown) {
    throw logError(thrown, part.path);
  }
}

function isWrapped(part: AofPartFile): boolean {
  try {
    return detectCompression(readHead(part.path, COMPRESSION_HEAD)) !== 'none';
  } catch (thrown) {
    throw logError(thrown, part.path);
  }
}
