import type { LogHead } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { heldArguments, integerArgument, wordIndex } from './command-arguments.js';
import { commandTable } from './command-table.js';

/** An argument of a command that says when something expires. */
export interface ExpiryArgument {
  /** Number of the argument; -1 with `unknown`. */
  readonly argument: number;
  readonly unit: 'ms' | 's';
  /**
   * Unix time, or counted from when the command is carried out; `unknown` where an expiry may stand
   * behind the arguments that are held of a large command, or in what is no shape of the command.
   */
  readonly kind: 'absolute' | 'relative' | 'unknown';
}

/** Conditions of EXPIRE and its like, as bits: they may stand together. */
export const ExpireCondition = { none: 0, nx: 1, xx: 2, gt: 4, lt: 8, unknown: 16 } as const;

type Unit = ExpiryArgument['unit'];
type Kind = ExpiryArgument['kind'];

const UNKNOWN: ExpiryArgument = { argument: -1, unit: 'ms', kind: 'unknown' };

/** How the expiry of a command stands in it. */
type Layout =
  /** As argument 2, always. */
  | { readonly shape: 'second'; readonly expiry: ExpiryArgument; readonly conditions: boolean }
  /** As the value of an option, from argument `from` on. */
  | { readonly shape: 'options'; readonly from: number }
  /** As an option behind the keys and values (MSETEX). */
  | { readonly shape: 'behind-pairs' }
  /** As an option before or behind FIELDS (HSETEX, HGETEX), of which each takes so many arguments. */
  | { readonly shape: 'around-fields'; readonly step: number }
  | { readonly shape: 'restore' }
  | { readonly shape: 'unknown' };

const absolute: Kind = 'absolute';
const relative: Kind = 'relative';

const OF_KEYS: readonly (readonly [string, Layout])[] = [
  ['EXPIRE', second('s', relative, true)],
  ['PEXPIRE', second('ms', relative, true)],
  ['EXPIREAT', second('s', absolute, true)],
  ['PEXPIREAT', second('ms', absolute, true)],
  ['SETEX', second('s', relative, false)],
  ['PSETEX', second('ms', relative, false)],
  ['SET', { shape: 'options', from: 3 }],
  ['GETEX', { shape: 'options', from: 2 }],
  ['MSETEX', { shape: 'behind-pairs' }],
  ['RESTORE', { shape: 'restore' }],
  ['RESTORE-ASKING', { shape: 'restore' }],
  ['INCREX', { shape: 'unknown' }],
];

const OF_FIELDS: readonly (readonly [string, Layout])[] = [
  ['HEXPIRE', second('s', relative, true)],
  ['HPEXPIRE', second('ms', relative, true)],
  ['HEXPIREAT', second('s', absolute, true)],
  ['HPEXPIREAT', second('ms', absolute, true)],
  ['HSETEX', { shape: 'around-fields', step: 2 }],
  ['HGETEX', { shape: 'around-fields', step: 1 }],
];

const keyLayouts = byIndex(OF_KEYS);
const fieldLayouts = byIndex(OF_FIELDS);

/** Options with a value that is an expiry, then others with one value, then those without. */
const OPTIONS = ['EX', 'PX', 'EXAT', 'PXAT', 'IFEQ', 'IFNE', 'IFDEQ', 'IFDNE', 'FIELDS'];
const FLAGS = ['NX', 'XX', 'GET', 'KEEPTTL', 'PERSIST', 'FNX', 'FXX'];
const EXPIRY_OPTIONS = 4;
const FIELDS = 8;

/** ABSTTL, and what may stand beside it; IDLETIME and FREQ have a value. */
const RESTORE_OPTIONS = ['ABSTTL', 'REPLACE', 'IDLETIME', 'FREQ'];

const CONDITIONS = ['NX', 'XX', 'GT', 'LT'];

/** Where a command says when a whole key expires; undefined where it does not, RESTORE's 0 included. */
export function expiryOf(command: LogHead): ExpiryArgument | undefined {
  return read(command, layoutIn(keyLayouts, command.spec));
}

/** Where a command says when fields of a hash expire; undefined where it does not. */
export function fieldExpiryOf(command: LogHead): ExpiryArgument | undefined {
  return read(command, layoutIn(fieldLayouts, command.spec));
}

/**
 * The conditions of EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT and of their like for fields, as bits of
 * `ExpireCondition`; 0 for none, and for other commands.
 */
export function conditionOf(command: LogHead): number {
  const ofKeys = layoutIn(keyLayouts, command.spec);
  const layout = ofKeys ?? layoutIn(fieldLayouts, command.spec);
  if (layout?.shape !== 'second' || !layout.conditions) return ExpireCondition.none;
  let conditions: number = ExpireCondition.none;
  const held = heldArguments(command);
  for (let i = 3; i < command.argumentCount; i++) {
    if (i >= held) return ExpireCondition.unknown;
    const condition = wordIndex(command, i, CONDITIONS);
    // FIELDS ends the conditions of a hash's commands.
    if (condition < 0) return ofKeys === undefined ? conditions : ExpireCondition.unknown;
    conditions |= 1 << condition;
  }
  return conditions;
}

function read(command: LogHead, layout: Layout | undefined): ExpiryArgument | undefined {
  if (layout === undefined) return undefined;
  switch (layout.shape) {
    case 'second':
      return heldArguments(command) > 2 ? layout.expiry : UNKNOWN;
    case 'options':
      return readOptions(command, layout.from, 0);
    case 'around-fields':
      return readOptions(command, 2, layout.step);
    case 'behind-pairs':
      return readPairs(command);
    case 'restore':
      return readRestore(command);
    case 'unknown':
      return UNKNOWN;
  }
}

/** @param fieldStep arguments of each of the FIELDS; 0 where there are none */
function readOptions(command: LogHead, from: number, fieldStep: number): ExpiryArgument | undefined {
  const { argumentCount } = command;
  if (argumentCount > from && heldArguments(command) < argumentCount) return UNKNOWN;
  let found: ExpiryArgument | undefined;
  for (let i = from; i < argumentCount; i++) {
    if (wordIndex(command, i, FLAGS) >= 0) continue;
    const option = wordIndex(command, i, OPTIONS);
    if (option < 0 || i + 1 === argumentCount) return UNKNOWN;
    i++;
    if (option === FIELDS) {
      const fields = fieldStep === 0 ? undefined : integerArgument(command, i);
      if (typeof fields !== 'number' || fields < 0) return UNKNOWN;
      i += fieldStep * fields;
    } else if (option < EXPIRY_OPTIONS) {
      if (found !== undefined) return UNKNOWN;
      found = expiryAt(i, option % 2 === 0 ? 's' : 'ms', option < 2 ? relative : absolute);
    }
  }
  return found;
}

function readPairs(command: LogHead): ExpiryArgument | undefined {
  if (heldArguments(command) < 2) return UNKNOWN;
  const pairs = integerArgument(command, 1);
  if (typeof pairs !== 'number' || pairs < 0 || 2 + 2 * pairs > command.argumentCount) return UNKNOWN;
  return readOptions(command, 2 + 2 * pairs, 0);
}

function readRestore(command: LogHead): ExpiryArgument | undefined {
  const { argumentCount } = command;
  const held = heldArguments(command);
  if (held < 3) return UNKNOWN;
  if (integerArgument(command, 2) === 0) return undefined;
  let kind = relative;
  for (let i = 4; i < argumentCount; i++) {
    if (i >= held) return UNKNOWN;
    const option = wordIndex(command, i, RESTORE_OPTIONS);
    if (option < 0) return UNKNOWN;
    if (option === 0) kind = absolute;
    if (option > 1) i++;
  }
  return expiryAt(2, 'ms', kind);
}

function second(unit: Unit, kind: Kind, conditions: boolean): Layout {
  return { shape: 'second', expiry: { argument: 2, unit, kind }, conditions };
}

function expiryAt(argument: number, unit: Unit, kind: Kind): ExpiryArgument {
  return { argument, unit, kind };
}

function byIndex(layouts: readonly (readonly [string, Layout])[]): readonly (Layout | undefined)[] {
  const named = new Map(layouts);
  return commandTable().map(({ name }) => named.get(name));
}

function layoutIn(layouts: readonly (Layout | undefined)[], spec: CommandSpec): Layout | undefined {
  return commandTable()[spec.index] === spec ? layouts[spec.index] : undefined;
}
