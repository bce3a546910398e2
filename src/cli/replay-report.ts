import { type Account, type AofSource, RdbkitError, type Target } from '../index.js';
import { accountJson, accountText } from './account-text.js';
import { formatBytes } from './format.js';
import { print, printJson } from './output.js';
import type { ReplayOptions } from './replay-options.js';
import { type ReplayTrack, textOf } from './replay-track.js';
import { writeReport } from './report-file.js';

/** What a report of a replay is made from. */
export interface ReplayFrame {
  readonly account: Account;
  readonly source: AofSource | undefined;
  /** How far it came in the target. */
  readonly track: Pick<ReplayTrack, 'done' | 'sent'>;
  /** The log was read to its end, or to where it was told to stop. */
  readonly hasEnded: boolean;
  readonly options: Pick<ReplayOptions, 'dryRun' | 'report' | 'json'>;
  readonly seconds: number;
}

/** Prints the account of a replay that came to its end, and writes it where `--report` says. */
export function reportReplay(target: Target, frame: ReplayFrame): void {
  const { options } = frame;
  const { label, server, version } = target;
  const json = { target: { address: label, server, version }, ...content(frame) };
  const title = options.dryRun === true ? 'Dry run: nothing was sent to' : 'Replayed into';
  if (options.json === true) printJson(json);
  else print(`${title} ${label} (${server} ${version})`, ...lines(frame));
  if (options.report !== undefined) writeReport(options.report, json);
}

/** Prints what was done until a replay failed. */
export function reportReplayFailure(thrown: unknown, frame: ReplayFrame): void {
  const { options, account } = frame;
  const error = RdbkitError.from(thrown);
  const { code, offset, where, subject } = error;
  const json = { error: { code, message: error.describe(), offset, where, subject }, ...content(frame) };
  if (options.json === true) printJson(json);
  else if (account.totals(() => true).read > 0) print('Not finished. Until then:', ...lines(frame));
  if (options.report !== undefined) writeReport(options.report, json);
}

function content(frame: ReplayFrame) {
  const { account, source, track, options, seconds } = frame;
  const { done, sent } = track;
  return {
    dryRun: options.dryRun === true,
    ...(source === undefined ? {} : logJson(source)),
    ...(options.dryRun === true ? {} : { carriedOut: done && textOf(done), sent: sent && textOf(sent) }),
    ...accountJson(account, { seconds }),
  };
}

/** How far a log was read, and how it ended. */
export function logJson({ tail, reached }: AofSource) {
  const { torn, open } = tail;
  return {
    reached: reached === undefined ? undefined : `${reached.part.name}:${reached.offset}`,
    torn: torn === undefined ? undefined : { part: torn.part.name, offset: torn.offset, size: torn.size },
    unfinishedTransaction: open === undefined ? undefined : `${open.part.name}:${open.offset}`,
  };
}

function lines(frame: ReplayFrame): string[] {
  const { account, source, options, seconds } = frame;
  return [
    ...accountText(account, { seconds, ...(options.dryRun === true ? { written: 'would be sent' } : {}) }),
    ...reachedText(frame),
    ...(source === undefined ? [] : tailNotes(source).map((text) => `  note: ${text}`)),
  ];
}

/** What was read and was not sent is nothing to go on from. */
function reachedText({ source, track, hasEnded, options }: ReplayFrame): string[] {
  const { done } = track;
  const reached = source?.reached;
  if (hasEnded && reached !== undefined) return [`  came to ${reached.part.name}:${reached.offset}`];
  return done === undefined || options.dryRun === true ? [] : [`  came to ${textOf(done)}`];
}

/** How a log ended, where that is something to know, and what is odd about its times. */
export function tailNotes({ tail, notes }: AofSource): string[] {
  const lines: string[] = [];
  if (tail.torn !== undefined) {
    const { part, offset, size } = tail.torn;
    lines.push(
      `the log is cut off within a command at ${part.name}:${offset}: ${formatBytes(size)} of it are there`,
    );
  }
  if (tail.open !== undefined) {
    const { part, offset, commands } = tail.open;
    lines.push(
      `the transaction at ${part.name}:${offset} has no EXEC: its ${commands - 1} commands are none`,
    );
  }
  return [...lines, ...notes];
}
