import { latin1Text } from '../bytes/ascii.js';
import { ByteSet } from '../bytes/byte-set.js';
import { escapeName } from '../bytes/file-name.js';
import { keySlot, SLOTS } from '../codec/crc16.js';
import { RdbkitError } from '../errors.js';
import type { KeyHead } from '../record.js';

/** Decides to which output a key goes. Outputs are numbered from 0, in the order of their labels. */
export interface SplitRule {
  /** What is cut by, for messages. */
  readonly name: string;
  /** Names of the outputs so far, such as a database or a prefix; fit for file names. */
  readonly labels: readonly string[];
  /** Whether all outputs are known from the start; they are made even if no key comes. */
  readonly isFixed: boolean;
  /** Whether an output gets nothing more once the next has begun. */
  readonly isSequential: boolean;
  /** Reason under which keys are skipped that belong nowhere. */
  readonly nowhere: string;
  /**
   * Index of the output of a key, new labels included; -1 when it belongs nowhere.
   * @param bytes size so far of the output that was begun last
   */
  route(head: KeyHead, bytes: number): number;
}

/** An inclusive range of cluster slots. */
export type SlotRange = readonly [first: number, last: number];

/**
 * An output for each range of cluster slots, hash tags honoured.
 * @throws RdbkitError USAGE when ranges overlap
 */
export function bySlots(ranges: readonly SlotRange[]): SplitRule {
  const outputOf = new Int16Array(SLOTS).fill(-1);
  for (const [index, [first, last]] of ranges.entries()) {
    for (let slot = first; slot <= last; slot++) {
      const taken = ranges[outputOf[slot] as number];
      if (taken !== undefined) {
        throw new RdbkitError(
          'USAGE',
          `the slot ranges ${rangeText(taken)} and ${rangeText([first, last])} overlap`,
          { hint: 'give each slot to one output only' },
        );
      }
      outputOf[slot] = index;
    }
  }
  return {
    name: 'slot',
    labels: ranges.map(rangeText),
    isFixed: true,
    isSequential: false,
    nowhere: 'its slot is in no range',
    route: ({ keyBytes, keyStart, keyEnd }) => outputOf[keySlot(keyBytes, keyStart, keyEnd)] as number,
  };
}

/** Ranges of slots of equal size, as `redis-cli --cluster create` deals them out. */
export function equalSlots(shards: number): SlotRange[] {
  if (!(shards >= 1 && shards <= SLOTS)) {
    throw new RdbkitError('USAGE', `a cluster cannot have ${shards} shards`, {
      hint: `give a number from 1 to ${SLOTS}`,
    });
  }
  const start = (shard: number) => Math.round((shard * SLOTS) / shards);
  return Array.from({ length: shards }, (_, shard) => [start(shard), start(shard + 1) - 1] as const);
}

/** An output for each database. */
export function byDb(): SplitRule {
  return byName('database', ({ db }) => String(db));
}

/** An output for each type of value. */
export function byType(): SplitRule {
  return byName('type', ({ type }) => type.family);
}

/** The output of keys that have fewer segments than the prefix. */
const NO_PREFIX = '_';

const SEPARATOR = 0x3a;

/**
 * An output for each prefix of so many segments, cut at `:`. Keys that have no separator behind
 * that many segments go together into one output, `_`.
 */
export function byPrefix(segments: number): SplitRule {
  const labels: string[] = [];
  const prefixes = new ByteSet();
  /** Index of the output of each prefix, and of keys without one. */
  const outputs: number[] = [];
  let rest = -1;
  const add = (label: string) => labels.push(unused(label, labels)) - 1;
  return {
    name: 'prefix',
    labels,
    isFixed: false,
    isSequential: false,
    nowhere: '',
    route({ keyBytes, keyStart, keyEnd }) {
      const end = prefixEnd(keyBytes, keyStart, keyEnd, segments);
      if (end < 0) {
        if (rest < 0) rest = add(NO_PREFIX);
        return rest;
      }
      const known = prefixes.indexOf(keyBytes, keyStart, end);
      if (known >= 0) return outputs[known] as number;
      prefixes.add(keyBytes.subarray(keyStart, end));
      return outputs[outputs.push(add(escapeName(latin1Text(keyBytes, keyStart, end)))) - 1] as number;
    },
  };
}

/** Begins another output once the last has this size, in bytes. */
export function bySize(maxBytes: number): SplitRule {
  const labels: string[] = [];
  return {
    name: 'size',
    labels,
    isFixed: false,
    isSequential: true,
    nowhere: '',
    route(_, bytes) {
      if (labels.length === 0 || bytes >= maxBytes) labels.push(String(labels.length + 1));
      return labels.length - 1;
    },
  };
}

function byName<T extends string>(name: string, nameOf: (head: KeyHead) => T): SplitRule {
  const labels: string[] = [];
  const indexes = new Map<string, number>();
  return {
    name,
    labels,
    isFixed: false,
    isSequential: false,
    nowhere: '',
    route(head) {
      const label = nameOf(head);
      let index = indexes.get(label);
      if (index === undefined) {
        index = labels.push(label) - 1;
        indexes.set(label, index);
      }
      return index;
    },
  };
}

function rangeText([first, last]: SlotRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}

/** Where the prefix of a key ends; -1 when no separator stands behind so many segments. */
function prefixEnd(bytes: Uint8Array, start: number, end: number, segments: number): number {
  let rest = segments;
  for (let at = start; at < end; at++) if (bytes[at] === SEPARATOR && --rest === 0) return at;
  return -1;
}

/** Labels must stay apart where file names do not tell capitals from small letters, too. */
function unused(label: string, labels: readonly string[]): string {
  const isTaken = (name: string) => labels.some((other) => other.toLowerCase() === name.toLowerCase());
  if (!isTaken(label)) return label;
  for (let i = 2; ; i++) if (!isTaken(`${label}~${i}`)) return `${label}~${i}`;
}
