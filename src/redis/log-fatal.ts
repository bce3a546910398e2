import { RdbkitError } from '../errors.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { fatalReply } from './probe.js';

/** What is said of a reply besides what stops an import of keys, too. */
const ALSO: readonly (readonly [RegExp, string, string])[] = [
  [
    /^NOPERM.*permissions to run/i,
    'the user may not run a command of the log',
    'grant it, or use another user',
  ],
  [
    /^(?:MOVED|ASK|CLUSTERDOWN|TRYAGAIN) /,
    'it is a node of a cluster',
    'this version writes to single servers only',
  ],
  [/^BUSY /, 'it is busy with a script', 'wait until the script has ended'],
];

/** Refusals of one command among others, though an import of keys would end by them. */
const OF_ONE = /^(?:NOPERM|ERR unknown command)/i;

const ABORTED = /^EXECABORT .*because of: (.*)$/;

/** Shows the arguments of a command, which are no business of a log's. */
const WITH_ARGUMENTS = /, with args beginning with: .*$/s;

/** The name of a subcommand that the server does not know is an argument, too. */
const UNKNOWN_SUBCOMMAND = /unknown subcommand '.*'\. /s;

/** What servers say of a script. Anything else it may have made itself, of arguments and of values. */
const OF_SERVER =
  /^(?:(?:NOSCRIPT|NOPERM|OOM|WRONGTYPE|READONLY|BUSY|NOGROUP|EXECABORT|ERR Function not found|ERR unknown command|ERR wrong number of arguments|ERR Number of keys)\b)/;

/** The code that could not be compiled is shown behind. */
const COMPILING = /(Error compiling (?:function|script)).*$/s;

const MAX_CAUSE = 300;

/** Where and how a run can go on. */
export interface StopContext {
  readonly label: string;
  readonly resumeHint: (position: string) => string;
}

/**
 * The error for a reply after which the commands that follow must not be sent, because they would
 * be refused as well, or would meet another state; undefined for any other reply.
 * @param position of the command, as `part:offset`
 */
export function stoppingReply(
  reply: string,
  position: string,
  context: StopContext,
): RdbkitError | undefined {
  const [, inner = reply] = ABORTED.exec(reply) ?? [];
  const also = ALSO.find(([pattern]) => pattern.test(inner));
  if (also !== undefined) return stopped(`${also[1]} (${causeOf(inner)})`, also[2], position, context);
  if (OF_ONE.test(inner)) return undefined;
  const fatal = fatalReply(inner, context.label);
  return fatal && stopped(fatal.message, fatal.hint as string, position, context);
}

/** The error that ends a run at a command. @param next what to do first, as an imperative phrase */
export function stopped(
  message: string,
  next: string | undefined,
  position: string,
  { label, resumeHint }: StopContext,
): RdbkitError {
  const resume = resumeHint(position);
  return new RdbkitError('TARGET_REPLY', message, {
    subject: label,
    where: position,
    hint: next === undefined ? resume : `${next}; then ${resume}`,
  });
}

/**
 * What an error reply says, without what the command holds: the same for the same kind of refusal.
 * @param spec of the command, where it is known
 */
export function causeOf(reply: string, spec?: CommandSpec): string {
  if (spec !== undefined && RUNS_SCRIPT.test(spec.name) && !OF_SERVER.test(reply)) {
    return 'the script failed (what it says is not shown)';
  }
  return reply
    .replace(WITH_ARGUMENTS, '')
    .replace(UNKNOWN_SUBCOMMAND, 'unknown subcommand. ')
    .replace(COMPILING, '$1')
    .slice(0, MAX_CAUSE);
}

const RUNS_SCRIPT = /^(?:EVAL|FCALL)/;
