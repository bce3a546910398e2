import {
  Account,
  type AofLayout,
  type AofSource,
  aofLayout,
  aofSource,
  Checkpoint,
  expiryDialectOf,
  HeldExpiries,
  holdExpiries,
  type LogPosition,
  parseAddress,
  parsePosition,
  RdbkitError,
  RejectLog,
  type ReplayIdentity,
  type ReplayState,
  type RestoreSink,
  run,
  Spool,
  type Stage,
  type Target,
} from '../index.js';
import { commandStages } from './command-selection.js';
import { lateEnd } from './late-end.js';
import { showsDifference } from './log-differences.js';
import { note, reportError } from './output.js';
import { requireOwnFiles } from './own-files.js';
import { Progress } from './progress.js';
import { atBeginning, beginning, identityOf } from './replay-begin.js';
import { noteHeld, noteReached } from './replay-go-on.js';
import type { ReplayOptions } from './replay-options.js';
import { FollowProgress } from './replay-progress.js';
import { type ReplayFrame, reportReplay, reportReplayFailure } from './replay-report.js';
import { intoDb, requireSense } from './replay-sense.js';
import { replaySink } from './replay-sink.js';
import { beginsAt, ReadToEnd, StoppingStages } from './replay-stages.js';
import { ReplayTrack } from './replay-track.js';
import { requireReportFolder } from './report-file.js';
import { limitStages } from './selection.js';
import { targetNotes } from './target-notes.js';
import { addressOptions } from './target-options.js';

/** A log at rest is replayed within a day; one that is followed is never far behind. */
const HOLD_MS = { rest: 24 * 3_600_000, followed: 600_000 } as const;

/** How long a run that failed may take to give keys the expiries that were held back. */
const RELEASE_MS = 10_000;

/** Expiries that are due are released so often, ms, and for no more than one part in so many of the time. */
const DUE_MS = 1000;
const DUE_SHARE = 20;

/** `rdbkit replay`: sends the commands of a log. Exit code 1 when one was refused or had no effect, or the log is torn. */
export async function replayCommand(
  name: string,
  options: ReplayOptions,
  signal: AbortSignal,
): Promise<number> {
  requireSense(name, options);
  requireOwnFiles(
    { '--checkpoint': options.checkpoint, '--rejects': options.rejects, '--report': options.report },
    [name, options.afterRdb, options.keysFrom, options.passwordFile],
  );
  if (options.report !== undefined) requireReportFolder(options.report);
  const replay = new Replay(name, options, signal);
  try {
    return await replay.run();
  } catch (thrown) {
    return await replay.fail(thrown);
  } finally {
    replay.close();
  }
}

class Replay {
  private readonly account = new Account();
  private readonly startedAt = performance.now();
  private readonly options: ReplayOptions;
  private readonly layout: AofLayout;
  private readonly rejects: RejectLog | undefined;
  private readonly identity: ReplayIdentity;
  private readonly track = new ReplayTrack();
  private checkpoint: Checkpoint | undefined;
  private held: HeldExpiries | undefined;
  private readonly sink: RestoreSink;
  private readonly isFollowing: boolean;
  private readonly isDry: boolean;
  private source: AofSource | undefined;
  private hasEnded = false;
  private hasCaughtUp = false;
  private progress: FollowProgress | undefined;
  private dueAt = 0;

  constructor(
    private readonly name: string,
    given: ReplayOptions,
    private readonly signal: AbortSignal,
  ) {
    const { rejects, follow = false, dryRun = false, checkpoint: file } = given;
    const { label, db } = parseAddress(given.to, addressOptions(given));
    const options = db === undefined ? given : intoDb(given, db);
    this.options = options;
    this.isFollowing = follow;
    this.isDry = dryRun;
    this.layout = aofLayout(name);
    this.rejects = rejects === undefined ? undefined : new RejectLog(rejects);
    this.account.onReject = this.rejects?.add;
    this.identity = identityOf(this.layout, label, options);
    let id: string | undefined;
    if (file !== undefined && !dryRun) {
      const checkpoint = Checkpoint.open(file, this.identity);
      id = checkpoint.id;
      checkpoint.close();
    }
    this.sink = replaySink(options, id, this.track);
  }

  async run(): Promise<number> {
    const { account, layout, options, sink, isFollowing, isDry, signal } = this;
    const target = await this.connect();
    if (options.quiet !== true) for (const line of targetNotes(target)) note(line);
    const position = await sink.readPosition();
    if (!isDry) await HeldExpiries.requireRelease(sink.address);
    if (signal.aborted) throw interrupted();
    const state = this.openFiles();
    this.noteRestart(target);
    const before = { position, state, path: options.checkpoint };
    const start = await beginning(layout, options, before, () => commandStages(options), signal);
    // The notes of what a run before has held back are lost with it, where they were in no file.
    if (position !== undefined && state === undefined) await this.held?.recover(sink.address, signal);
    const source = this.open(start.from);
    this.source = source;
    this.progress = new FollowProgress(source, account, options.quiet === true);
    try {
      await this.send(source, target);
    } catch (thrown) {
      throw atBeginning(thrown, start);
    }
    await this.held?.release(sink.address, isFollowing ? undefined : signal);
    if (this.hasEnded) this.settle();
    reportReplay(target, this.frame());
    if (isFollowing && !this.hasCaughtUp) note('interrupted before it had caught up with the log');
    const isTorn = source.tail.torn !== undefined && !isFollowing;
    const differs = !start.repeats && showsDifference(account, options);
    return isTorn || differs || account.totals(() => true).failed > 0 ? 1 : 0;
  }

  /** Says what was done until then. A run that can be gone on with leaves expiries held. */
  async fail(thrown: unknown): Promise<number> {
    const { held, checkpoint, sink, isDry, options } = this;
    const goesOn = checkpoint !== undefined || options.transactional !== undefined;
    await sink.abort(RdbkitError.from(thrown));
    if (!goesOn && held !== undefined && held.size > 0) {
      await held.release(sink.address, AbortSignal.timeout(RELEASE_MS)).catch(() => undefined);
    }
    reportReplayFailure(thrown, this.frame());
    const code = reportError(thrown);
    const isKept = checkpoint !== undefined;
    if (!isDry) noteReached(RdbkitError.from(thrown), this.track, options, isKept);
    if (held !== undefined && held.size > 0) noteHeld(held.size, sink.address.label, goesOn);
    return code;
  }

  close(): void {
    this.rejects?.close();
    this.checkpoint?.close();
    this.held?.close();
  }

  /**
   * Opens what only one run may have open, once the target has let this one in, and returns what the
   * checkpoint says: a run before may have written to it until then.
   */
  private openFiles(): ReplayState | undefined {
    const { options, identity, isDry, track } = this;
    const { checkpoint: file } = options;
    if (isDry) return file === undefined ? undefined : Checkpoint.read(file, identity);
    if (file === undefined) {
      this.held = HeldExpiries.temporary(() => new Spool());
      return undefined;
    }
    this.checkpoint = Checkpoint.open(file, identity);
    this.held = HeldExpiries.inFile(`${file}.held`);
    track.keepIn(this.checkpoint, this.held);
    return this.checkpoint.resumed;
  }

  /** What a target has carried out and not saved is gone when it ends; a checkpoint does not know that. */
  private noteRestart({ label, runId }: Target): void {
    if (runId === undefined || this.checkpoint?.servedBy(runId) !== true || this.options.quiet === true)
      return;
    note(
      `warning: ${label} was started anew since the run before: what it had not saved by then is lost there, and is not sent again (--transactional keeps the position with the data)`,
    );
  }

  private async connect(): Promise<Target> {
    const { sink, signal } = this;
    try {
      return await sink.connect(signal);
    } catch (thrown) {
      throw signal.aborted ? interrupted() : thrown;
    }
  }

  /** Sends the commands of the log, to its end or until it is stopped. */
  private async send(source: AofSource, target: Target): Promise<void> {
    const { account, options, sink, isFollowing, signal } = this;
    const line = new Progress(source, account, options.quiet === true);
    const reading = new ReadToEnd(source);
    const stopping = new StoppingStages(commandStages(options));
    const end = isFollowing ? lateEnd(signal) : undefined;
    try {
      await run(reading, this.stages(target, stopping.stages), sink, {
        signal: end?.signal ?? signal,
        account,
        onProgress: isFollowing ? () => this.progress?.update() : line.update,
      });
    } finally {
      end?.cancel();
      line.clear();
      this.progress?.clear();
    }
    this.hasEnded = reading.hasEnded;
    if (stopping.reason !== undefined) throw stopping.reason;
  }

  private open(from: LogPosition): AofSource {
    const { until } = this.options;
    return aofSource(this.name, {
      from,
      ...(until === undefined ? {} : { until: parsePosition(until) }),
      ...(this.isFollowing
        ? {
            follow: {
              onCaughtUp: () => this.caughtUp(),
              onLag: (bytes) => {
                this.progress?.update(bytes);
                this.sink.keepAlive();
              },
              // A log that is followed has no end of its own: to be interrupted is how it ends.
              stop: this.signal,
            },
          }
        : {}),
    });
  }

  private stages(target: Target, stopping: readonly Stage[]): Stage[] {
    const { options, held } = this;
    const hold = {
      windowMs: this.isFollowing ? HOLD_MS.followed : HOLD_MS.rest,
      dialect: expiryDialectOf(target),
    };
    return [
      beginsAt(this.track),
      ...stopping,
      ...(held === undefined ? [] : [holdExpiries(held, hold)]),
      ...limitStages(options),
    ];
  }

  private async caughtUp(): Promise<void> {
    await this.sink.drain();
    this.settle();
    this.hasCaughtUp = true;
    this.rejects?.flush();
    const began = Date.now();
    if (began < this.dueAt) return;
    await this.held?.releaseDue(this.sink.address, began);
    this.dueAt = began + DUE_MS + DUE_SHARE * (Date.now() - began);
  }

  /** All that was read has come to its end, but for a transaction whose EXEC has not come. */
  private settle(): void {
    const place = this.source?.state.open ?? this.source?.reached;
    if (place !== undefined) this.track.settle(place.part, place.offset);
  }

  private frame(): ReplayFrame {
    const { account, source, options, track, hasEnded } = this;
    const seconds = (performance.now() - this.startedAt) / 1000;
    return { account, source, track, hasEnded, options, seconds };
  }
}

function interrupted(): RdbkitError {
  return new RdbkitError('ABORTED', 'interrupted before anything was sent');
}
