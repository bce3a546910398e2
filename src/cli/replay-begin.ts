import {
  type AofLayout,
  type AofSource,
  afterRdb,
  aofSource,
  type DoubtReport,
  doubtReport,
  type LogPlace,
  type LogPosition,
  logIdentity,
  logWitness,
  parsePosition,
  printable,
  RdbkitError,
  type ReplayIdentity,
  type ReplayState,
  run,
  type Stage,
  utf8Bytes,
} from '../index.js';
import { formatCount } from './format.js';
import { note } from './output.js';
import type { ReplayOptions } from './replay-options.js';
import { textOf } from './replay-track.js';

/** What a checkpoint is of: the log, the target, and all that decides what is sent. */
export function identityOf(layout: AofLayout, target: string, options: ReplayOptions): ReplayIdentity {
  const words: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (NOT_DECIDING as readonly string[]).includes(name)) continue;
    words.push(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${textOfOption(value)}`);
  }
  return { source: logIdentity(layout), target, options: words.sort().join(' ') };
}

function textOfOption(option: unknown): string {
  return JSON.stringify(option, (_, value: unknown) => {
    if (value instanceof Map) return [...value];
    if (value instanceof Uint8Array) return printable(value);
    return value instanceof RegExp ? String(value) : value;
  });
}

/** Options that may differ from one run of a replay to the next. */
const NOT_DECIDING = [
  'to',
  'keyList',
  'from',
  'until',
  'afterRdb',
  'follow',
  'checkpoint',
  'onDoubt',
  'maxRate',
  'inFlight',
  'rejects',
  'report',
  'json',
  'quiet',
  'dryRun',
  'limit',
  // Says nothing of commands.
  'expired',
  // A run that has stopped at such a command goes on with another word on it.
  'allowFlush',
  'mixed',
  'user',
  'passwordFile',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'tlsServerName',
] as const satisfies readonly (keyof ReplayOptions)[];

/** What is known of where a replay has come to before. */
export interface Before {
  /** What the target says. */
  readonly position: string | undefined;
  /** What the checkpoint says, and its path. */
  readonly state: ReplayState | undefined;
  readonly path: string | undefined;
}

/** Where a replay begins, and who said so if it goes on. */
export interface Beginning {
  readonly from: LogPosition;
  readonly origin: string | undefined;
  /** Commands are sent that may have been carried out before. */
  readonly repeats: boolean;
}

/** Where a replay begins: where it was told to, or where it has come to before. */
export async function beginning(
  layout: AofLayout,
  options: ReplayOptions,
  before: Before,
  stages: () => Stage[],
  signal: AbortSignal,
): Promise<Beginning> {
  const { position, state, path } = before;
  if (position !== undefined) {
    const from = parsePosition(position);
    const origin = `the target says so in ${printable(utf8Bytes(options.transactional ?? ''), 60)}`;
    requirePart(layout, from, origin);
    say(options, `going on from ${position}: ${origin}`);
    return { from, origin, repeats: false };
  }
  if (state?.acknowledged === undefined || state.sent === undefined) {
    return { from: await told(layout, options, signal), origin: undefined, repeats: false };
  }
  const origin = `${path} says so`;
  requirePart(layout, positionOf(state.acknowledged), origin);
  for (const place of [state.acknowledged, state.sent]) requireSameLog(layout, place, origin);
  const place = await afterDoubt(layout.path, state, options, stages, signal);
  say(options, `going on from ${textOf(place)}: ${origin}`);
  return { from: positionOf(place), origin, repeats: place === state.acknowledged && !isSettled(state) };
}

/** Whether nothing was sent behind what was acknowledged. */
function isSettled({ acknowledged, sent }: ReplayState): boolean {
  return acknowledged?.part === sent?.part && acknowledged?.offset === sent?.offset;
}

/** @throws RdbkitError IO when the part is gone in which the replay would go on */
function requirePart({ parts, path }: AofLayout, position: LogPosition, origin: string): void {
  if (position.kind !== 'part-offset') return;
  const { part, offset } = position;
  if (parts.some(({ name, seq }) => name === part || (seq === part && seq > 0))) return;
  throw new RdbkitError(
    'IO',
    `the log has no part ${part} any more, where it would go on at ${offset}: ${origin}`,
    {
      subject: path,
      hint: 'what was written behind it is in no file any more, if the server has rewritten the log: import the log anew, or begin anew with --from, and another checkpoint or position key',
    },
  );
}

/** @throws RdbkitError USAGE when something else stands before a place than when it was kept */
function requireSameLog({ parts, path }: AofLayout, place: LogPlace, origin: string): void {
  const part = parts.find(({ name }) => name === place.part);
  const witness = part && logWitness(part.path, place.offset);
  if (place.witness === undefined || witness === undefined || witness === place.witness) return;
  throw new RdbkitError(
    'USAGE',
    `${place.part} was written anew: before ${place.offset} stands something else than when it was replayed up to there: ${origin}`,
    {
      subject: path,
      hint: 'check that it is the same log; what was written meanwhile may be in no file any more: import the log anew, or begin anew with --from and another checkpoint',
    },
  );
}

/** An error at the place where a replay would go on, with who has named it. */
export function atBeginning(thrown: unknown, { origin }: Beginning): unknown {
  if (!(thrown instanceof RdbkitError) || thrown.code !== 'USAGE' || origin === undefined) return thrown;
  const { message, hint, subject } = thrown;
  return new RdbkitError('USAGE', `${message}: ${origin}`, {
    subject,
    hint: `check that it is the same log; begin anew with --from and another checkpoint or position key${hint === undefined ? '' : ` (${hint})`}`,
    cause: thrown,
  });
}

/** Where the user has said. */
async function told(
  layout: AofLayout,
  { from, afterRdb: rdb }: ReplayOptions,
  signal: AbortSignal,
): Promise<LogPosition> {
  const [, named] = /^after-rdb[: ](.+)$/s.exec(from ?? '') ?? [];
  const dump = rdb ?? named;
  if (dump !== undefined) return afterRdb(layout, dump, signal);
  return parsePosition(from ?? 'end-of-base');
}

/**
 * Where to go on after a run that was killed: behind all that was acknowledged, once it is settled
 * what becomes of the commands that were sent, and may or may not have been carried out.
 * @throws RdbkitError TARGET_LOST when that is for the user to say
 */
async function afterDoubt(
  name: string,
  { acknowledged, sent }: ReplayState,
  options: ReplayOptions,
  stages: () => Stage[],
  signal: AbortSignal,
): Promise<LogPlace> {
  const [from, until] = [acknowledged as LogPlace, sent as LogPlace];
  if (from.part === until.part && from.offset === until.offset) return from;
  const source = aofSource(name, { from: positionOf(from), until: positionOf(until), base: 'skip' });
  const doubt = await run(source, stages(), doubtReport(), { signal });
  // All that was sent is the beginning of a transaction, of which nothing was carried out.
  if (doubt.commands === 0) return from;
  if (doubt.once === 0) {
    say(
      options,
      `${plural(doubt.commands, 'command')} may have been carried out before; sent again, which changes nothing`,
    );
    return from;
  }
  if (options.onDoubt === 'stop') throw inDoubt(doubt, from, until);
  say(options, `${summary(doubt)}: --on-doubt ${options.onDoubt}`);
  return options.onDoubt === 'send' ? from : behind(source, until);
}

/** The end of what was sent; a transaction that was sent in part was carried out in no part. */
function behind({ tail }: AofSource, until: LogPlace): LogPlace {
  const { stoppedAt } = tail;
  return stoppedAt === undefined ? until : { part: stoppedAt.part.name, offset: stoppedAt.offset };
}

function inDoubt(doubt: DoubtReport, from: LogPlace, until: LogPlace): RdbkitError {
  const lines = doubt.first.map(({ position, db, name, key }) => {
    return `\n  ${position} database ${db} ${name}${key === undefined ? '' : ` ${printable(key, 60)}`}`;
  });
  const more =
    doubt.once > doubt.first.length ? `\n  and ${formatCount(doubt.once - doubt.first.length)} more` : '';
  return new RdbkitError(
    'TARGET_LOST',
    `the run before was ended by force between ${textOf(from)} and ${textOf(until)}; ${summary(doubt)}:${lines.join('')}${more}\n`,
    {
      hint: 'look at these keys in the target, then give --on-doubt send or --on-doubt skip, to send all of them again or none',
    },
  );
}

function summary({ commands, once }: DoubtReport): string {
  const harm = once === commands ? (once === 1 ? 'it' : 'none of them') : `${formatCount(once)} of them`;
  const must = harm === 'none of them' ? 'may be carried out twice' : 'must not be carried out twice';
  return `${plural(commands, 'command')} may or may not have been carried out, and ${harm} ${must}`;
}

function plural(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}

export function positionOf({ part, offset }: LogPlace): LogPosition {
  return { kind: 'part-offset', part, offset };
}

function say({ quiet }: ReplayOptions, text: string): void {
  if (quiet !== true) note(text);
}
