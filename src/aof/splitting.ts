import type { CommandSpec } from '../resp/command-spec.js';

/** How a command divides into one for each of its keys. */
export interface SplitRule {
  /** The argument where the first key stands. */
  readonly first: number;
  /** Arguments that belong to a key, itself first. */
  readonly step: number;
}

const EACH_KEY: SplitRule = { first: 1, step: 1 };

/**
 * Commands that do to each key the same, whatever the others are, and so may lose some of their keys,
 * or be sent in several, without a change of meaning. The order of the keys has to stay: a key may
 * come twice in MSET. MSETNX and MSETEX are not among them (all keys or none), nor what reads many
 * keys for one result (SUNIONSTORE, BITOP, PFCOUNT, PFMERGE).
 */
const RULES: ReadonlyMap<string, SplitRule> = new Map([
  ['DEL', EACH_KEY],
  ['UNLINK', EACH_KEY],
  ['TOUCH', EACH_KEY],
  ['EXISTS', EACH_KEY],
  ['WATCH', EACH_KEY],
  ['MGET', EACH_KEY],
  ['MSET', { first: 1, step: 2 }],
]);

/** The rule of a command that can be split by key; undefined for others. */
export function splitRule(spec: CommandSpec): SplitRule | undefined {
  return spec.group === 'unknown' ? undefined : RULES.get(spec.name);
}
