import type { LogHead } from '../record.js';
import { heldArguments, integerArgument, isWord, wordIndex } from './command-arguments.js';
import { commandTable } from './command-table.js';

/** What of a command's shape decides. */
type How =
  | 'always'
  | 'no-options'
  | 'set'
  | 'mset-ex'
  | 'blind-add'
  | 'restore'
  | 'one-id'
  | 'stream-add'
  | 'group-id'
  | 'function-load'
  | 'function-restore';

const WHOLE = 'writes all of a key, or of the database: whatever came before it is gone';
const PLACE = 'writes places that its arguments name, and takes nothing away';
const ONCE = 'refused when it is there: only what writes all of the key takes it away';
const EXPIRY = 'writes the expiry only, an absolute one or none';
const NOTHING = 'changes no data itself';

/**
 * The commands that may be repeated, and why. Everything else may not:
 *
 * - it adds to what is there: INCR, APPEND, RPUSH, ZINCRBY, PFADD, BITFIELD, XADD with `*`, …;
 * - it reads what it writes: RENAME, COPY, MOVE, SWAPDB, LMOVE, SORT … STORE, SINTERSTORE, BITOP, EVAL, …;
 * - it has a condition: MSETNX, RESTORE without REPLACE, XX, GT, LT, IFEQ, …;
 * - its expiry is relative, and would be counted anew: EXPIRE, SETEX, SET … EX, …;
 * - what it takes away depends on the order of things: LPOP, SPOP, LREM, LTRIM, XTRIM, …;
 * - it takes elements away, and the key with the last of them: SREM, ZREM, HDEL, and HPEXPIREAT and
 *   HSETEX when their time has passed. Of a set {a, b} that expires, `SREM k a`, `SADD k a`,
 *   `SREM k b` leave {a} with its expiry; all again would delete the key, and make one without.
 */
const REPEATABLE: ReadonlyMap<string, readonly [how: How, reason: string]> = new Map([
  ['SET', ['set', `${WHOLE}, but for KEEPTTL the expiry; with NX ${ONCE}`]],
  ['SETNX', ['always', ONCE]],
  ['MSET', ['always', WHOLE]],
  ['MSETEX', ['mset-ex', WHOLE]],
  ['DEL', ['always', WHOLE]],
  ['UNLINK', ['always', WHOLE]],
  ['RESTORE', ['restore', WHOLE]],
  ['FLUSHDB', ['always', WHOLE]],
  ['FLUSHALL', ['always', WHOLE]],
  ['SETRANGE', ['always', PLACE]],
  ['SETBIT', ['always', PLACE]],
  ['LSET', ['always', `${PLACE}: nothing that may be repeated moves elements`]],
  ['SADD', ['always', PLACE]],
  ['HSET', ['always', PLACE]],
  ['HMSET', ['always', PLACE]],
  ['HSETNX', ['always', ONCE]],
  ['HPERSIST', ['always', 'takes expiries of fields away, which nothing here gives']],
  ['ZADD', ['blind-add', `${PLACE}; with NX ${ONCE}`]],
  ['GEOADD', ['blind-add', `${PLACE}; with NX ${ONCE}`]],
  ['PEXPIREAT', ['no-options', EXPIRY]],
  ['EXPIREAT', ['no-options', EXPIRY]],
  ['PERSIST', ['always', EXPIRY]],
  ['XADD', ['stream-add', 'refused when the stream has had the id, trimming included']],
  ['XDEL', ['one-id', 'an entry that was deleted does not come back: XADD of its id is refused']],
  ['XACK', ['always', 'nothing here makes an entry pending']],
  ['XGROUP CREATE', ['group-id', 'refused when the group is there']],
  ['XGROUP SETID', ['group-id', PLACE]],
  ['XGROUP DESTROY', ['always', 'writes all of a group']],
  ['XGROUP CREATECONSUMER', ['always', 'does nothing when the consumer is there']],
  ['XGROUP DELCONSUMER', ['always', 'writes all of a consumer']],
  ['FUNCTION LOAD', ['function-load', 'writes all of a library']],
  ['FUNCTION DELETE', ['always', 'refused when the library is not there']],
  ['FUNCTION FLUSH', ['always', 'writes all libraries']],
  ['FUNCTION RESTORE', ['function-restore', 'writes all libraries']],
  ['SCRIPT LOAD', ['always', 'a script is named by its digest']],
  ['SCRIPT FLUSH', ['always', 'writes all scripts']],
  ['SELECT', ['always', NOTHING]],
  ['MULTI', ['always', NOTHING]],
  ['EXEC', ['always', NOTHING]],
  ['DISCARD', ['always', NOTHING]],
]);

/** By the row's index. */
const HOW: readonly (How | undefined)[] = commandTable().map(({ name }) => REPEATABLE.get(name)?.[0]);

/**
 * Whether a command may be sent again: with any number of such commands after it, of which a first
 * part was carried out already, all of them in order lead to the state that they lead to once.
 *
 * That holds of logs as servers write them, where each command did something when it was written. A
 * command that is repeated may well be refused, and that is no harm: a SADD that meets a string, for
 * instance, comes before the DEL or SET that made way for the string, which comes again and leaves
 * the key as it left it before. XADD and XGROUP CREATE are refused whenever they were carried out.
 *
 * It holds while no expiry passes between the first time and the second: what is written behind
 * PEXPIREAT, or behind SET … PXAT, would then be written to a key that is gone. `expiryOf` tells when.
 */
export function isRepeatable(command: LogHead): boolean {
  const { spec, argumentCount } = command;
  const how = commandTable()[spec.index] === spec ? HOW[spec.index] : undefined;
  if (how === undefined) return false;
  switch (how) {
    case 'always':
      return true;
    case 'no-options':
      return argumentCount === 3;
  }
  if (argumentCount <= DECISIVE && how === 'set') return true;
  if (heldArguments(command) < argumentCount) return false;
  switch (how) {
    case 'set':
      return onlyHas(command, 3, SET_OPTIONS);
    case 'mset-ex':
      return isBlindMsetEx(command);
    case 'blind-add':
      return isBlindAdd(command);
    case 'restore':
      return isBlindRestore(command);
    case 'one-id':
      return argumentCount === 3;
    case 'stream-add':
      return isExplicitAdd(command);
    case 'group-id':
      return argumentCount > 4 && isStreamId(command, 4) && groupOptionsAreKnown(command);
    case 'function-load':
      return argumentCount === 4 && isWord(command, 2, 'REPLACE');
    case 'function-restore':
      return argumentCount === 4 && isWord(command, 3, 'FLUSH');
  }
}

/** Arguments of a SET without options. */
const DECISIVE = 3;

/** The first two have a value: an absolute expiry. */
const SET_OPTIONS = ['PXAT', 'EXAT', 'KEEPTTL', 'NX'];
const MSETEX_OPTIONS = ['PXAT', 'EXAT', 'KEEPTTL'];

/** True where from argument `from` on nothing stands but these options. */
function onlyHas(command: LogHead, from: number, options: readonly string[]): boolean {
  for (let i = from; i < command.argumentCount; i++) {
    const option = wordIndex(command, i, options);
    if (option < 0) return false;
    if (option < 2) i++;
  }
  return true;
}

function isBlindMsetEx(command: LogHead): boolean {
  const pairs = integerArgument(command, 1);
  return typeof pairs === 'number' && pairs > 0 && onlyHas(command, 2 + 2 * pairs, MSETEX_OPTIONS);
}

/** ZADD and GEOADD: options, of which CH changes the reply only, end where a number stands. */
function isBlindAdd(command: LogHead): boolean {
  let i = 2;
  while (i < command.argumentCount && wordIndex(command, i, ADD_OPTIONS) >= 0) i++;
  return i < command.argumentCount && startsNumber(command, i);
}

const ADD_OPTIONS = ['CH', 'NX'];

function startsNumber(command: LogHead, i: number): boolean {
  let at = command.argumentStart(i);
  const end = command.argumentEnd(i);
  if (at < end && (command.bytes[at] === MINUS || command.bytes[at] === PLUS)) at++;
  // What is left is a digit, a point, or the first letter of infinity, which begins no option but INCR.
  if (at === end || isWord(command, i, 'INCR')) return false;
  const byte = command.bytes[at] as number;
  return (byte >= ZERO && byte <= NINE) || byte === POINT || byte === 0x69 || byte === 0x49;
}

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

const RESTORE_OPTIONS = ['REPLACE', 'ABSTTL'];

/** RESTORE key ttl payload REPLACE, with ABSTTL or without an expiry. */
function isBlindRestore(command: LogHead): boolean {
  let replaces = false;
  let isAbsolute = integerArgument(command, 2) === 0;
  for (let i = 4; i < command.argumentCount; i++) {
    const option = wordIndex(command, i, RESTORE_OPTIONS);
    if (option < 0) return false;
    if (option === 0) replaces = true;
    else isAbsolute = true;
  }
  return replaces && isAbsolute;
}

/** XADD key [MAXLEN | MINID [=] threshold] ms-seq field value … */
function isExplicitAdd(command: LogHead): boolean {
  let i = 2;
  if (wordIndex(command, i, TRIMMINGS) >= 0) {
    i++;
    if (i < command.argumentCount && isWord(command, i, '=')) i++;
    if (i >= command.argumentCount || !isStreamId(command, i)) return false;
    i++;
  }
  return i < command.argumentCount && isStreamId(command, i) && hasDash(command, i);
}

const TRIMMINGS = ['MAXLEN', 'MINID'];

/** XGROUP CREATE … [MKSTREAM] [ENTRIESREAD n], XGROUP SETID … [ENTRIESREAD n]. */
function groupOptionsAreKnown(command: LogHead): boolean {
  for (let i = 5; i < command.argumentCount; i++) {
    const option = wordIndex(command, i, GROUP_OPTIONS);
    if (option < 0) return false;
    if (option === 1) i++;
  }
  return true;
}

const GROUP_OPTIONS = ['MKSTREAM', 'ENTRIESREAD'];

/** Digits, with a dash and digits behind them or not: no `*`, `$`, `-` or `+`. */
function isStreamId(command: LogHead, i: number): boolean {
  const start = command.argumentStart(i);
  const end = command.argumentEnd(i);
  let dashes = 0;
  for (let at = start; at < end; at++) {
    const byte = command.bytes[at] as number;
    if (byte === MINUS && at > start && at + 1 < end) dashes++;
    else if (byte < ZERO || byte > NINE) return false;
  }
  return end > start && dashes <= 1;
}

function hasDash(command: LogHead, i: number): boolean {
  for (let at = command.argumentStart(i); at < command.argumentEnd(i); at++) {
    if (command.bytes[at] === MINUS) return true;
  }
  return false;
}
