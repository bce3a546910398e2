import type { Refusal } from '../account.js';
import type { LogHead } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { heldArguments, wordIndex } from './command-arguments.js';

const NO_DATA: Refusal = {
  code: 'INPUT_UNSUPPORTED',
  cause: 'it acts on a server or a connection, and servers write no such command to a log',
};

const WAITS: Refusal = {
  code: 'INPUT_UNSUPPORTED',
  cause: 'it may wait for ever, and servers write no such command to a log',
};

/**
 * Groups of commands that act on the server, or on the connection they come by, unless they write.
 * A live server they harm: REPLICAOF empties it, behind CLIENT REPLY OFF no command is answered.
 */
const OF_SERVERS = ['server', 'cluster', 'connection', 'pubsub', 'transactions', 'sentinel'];

/** Of these groups, but harmless. */
const HARMLESS = ['PING', 'ECHO', 'PUBLISH', 'SPUBLISH', 'UNWATCH'];

/** Of other groups. */
const HARMFUL = ['MIGRATE', 'SCRIPT KILL', 'SCRIPT DEBUG', 'FUNCTION KILL'];

/** A log holds what these did: LPOP for BLPOP, and the like. */
const WAITING = [
  ...['WAIT', 'WAITAOF', 'BLPOP', 'BRPOP', 'BLMOVE', 'BLMOVEM', 'BLMPOP', 'BRPOPLPUSH'],
  ...['BZPOPMIN', 'BZPOPMAX', 'BZMPOP'],
];

const READING = ['XREAD', 'XREADGROUP'];
const READ_WORDS = ['BLOCK', 'STREAMS', 'GROUP'];

/** Why a command must not be sent to a live server, whatever its arguments; undefined when it may be. */
export function refusalToReplay({ name, group, isWrite, role }: CommandSpec): Refusal | undefined {
  if (WAITING.includes(name)) return WAITS;
  if (HARMFUL.includes(name)) return NO_DATA;
  const isOfServer = role === 'plain' && !isWrite && OF_SERVERS.includes(group);
  return isOfServer && !HARMLESS.includes(name) ? NO_DATA : undefined;
}

/** The same of a command whose arguments decide. */
export function refusalByArguments(command: LogHead): Refusal | undefined {
  if (!READING.includes(command.spec.name)) return undefined;
  const held = heldArguments(command);
  for (let i = 1; i < held; i++) {
    const word = wordIndex(command, i, READ_WORDS);
    if (word === 0) return WAITS;
    if (word === 1) return undefined;
    if (word === 2) i += 2;
  }
  return undefined;
}
