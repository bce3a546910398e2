import { type Command, Option } from 'commander';
import {
  addPrefix,
  type ByteSet,
  dropDb,
  dropKey,
  type ExpirySelection,
  limit,
  mapDb,
  RdbkitError,
  rename,
  type Source,
  type Stage,
  sample,
  selectDb,
  selectExpiry,
  selectKey,
  selectKeyExpression,
  selectKeyList,
  selectSize,
  selectSlot,
  selectType,
  stripPrefix,
  type TtlRule,
  toDb,
  ttl,
  withSizes,
} from '../index.js';
import { readKeyList } from './key-list.js';
import {
  parseBytes,
  parseCount,
  parseDb,
  parseDbMap,
  parseDbs,
  parseExpression,
  parseShare,
  parseSize,
  parseSlots,
  parseSubstitution,
  parseTtl,
  parseTypes,
} from './parse.js';

export interface SelectionOptions {
  db?: number[];
  notDb?: number[];
  key?: Uint8Array[];
  notKey?: Uint8Array[];
  keyRegex?: RegExp;
  keysFrom?: string;
  /** What stood in it, once it was read. */
  keyList?: ByteSet;
  type?: string[];
  slot?: (readonly [number, number])[];
  minSize?: number;
  maxSize?: number;
  expiry?: ExpirySelection;
  limit?: number;
  sample?: number;
}

export interface TransformOptions {
  mapDb?: Map<number, number>;
  toDb?: number;
  stripPrefix?: Uint8Array;
  rename?: { expression: RegExp; replacement: string }[];
  addPrefix?: Uint8Array;
  ttl?: TtlRule;
  expired?: 'skip' | 'keep';
}

const list =
  <T>(parse: (text: string) => T) =>
  (text: string, before: T[] | undefined): T[] => [...(before ?? []), parse(text)];

/**
 * Adds the options that pick keys; the same in every command.
 * @param maxSize flag for the largest value, where `--max-size` is something else
 */
export function addSelection(command: Command, maxSize = '--max-size <size>'): Command {
  return command
    .optionsGroup('Which keys:')
    .option('--db <list>', 'only these databases: 0,3', parseDbs)
    .option('--not-db <list>', 'not these databases', parseDbs)
    .option('--key <glob>', "only keys that match, as in SCAN: 'user:*' (repeatable)", list(parseBytes))
    .option('--not-key <glob>', 'not the keys that match (repeatable)', list(parseBytes))
    .option('--key-regex <re>', 'only keys that the expression matches', (text) => parseExpression(text))
    .option('--keys-from <file>', 'only the keys listed, one a line; "quoted\\x00" as redis-cli prints them')
    .option('--type <list>', 'only these types: string,list,set,zset,hash,stream,module', parseTypes)
    .option('--slot <ranges>', 'only these cluster slots: 0-5460,7000', parseSlots)
    .option('--min-size <size>', 'only values of at least this serialized size: 10kb', parseSize)
    .option(maxSize, 'only values of at most this serialized size: 1mb', parseSize)
    .addOption(
      new Option('--expiry <which>', 'only keys by their expiry').choices([
        'any',
        'with',
        'without',
        'live',
        'expired',
      ]),
    )
    .option('--limit <n>', 'stop after this many keys or commands', parseCount)
    .option('--sample <share>', 'about this share of the keys, the same ones every time: 1%', parseShare);
}

/** Adds the options that change keys on their way. */
export function addTransformation(command: Command, expired: 'skip' | 'keep' = 'skip'): Command {
  return command
    .optionsGroup('Changes on the way:')
    .option('--map-db <map>', 'put keys of one database into another: 3:0,5:1', parseDbMap)
    .option('--to-db <n>', 'put all keys into one database', parseDb)
    .option('--strip-prefix <text>', 'take this prefix off the keys that have it', parseBytes)
    .option('--rename <s/a/b/>', "replace in keys: 's/^old:/new:/' (repeatable)", list(parseSubstitution))
    .option('--add-prefix <text>', 'put this prefix before every key', parseBytes)
    .option('--ttl <rule>', 'expiries: keep, drop, +1h, -5m, max:7d, jitter:10%', parseTtl)
    .addOption(
      new Option('--expired <what>', 'keys whose expiry is past, after --ttl')
        .choices(['skip', 'keep'])
        .default(expired),
    );
}

/** The source with what the selection needs to know of large values beforehand. */
export function withSelection(source: Source, { minSize, maxSize }: SelectionOptions): Source {
  return minSize === undefined && maxSize === undefined ? source : withSizes(source);
}

/** The keys of `--keys-from`, read once: a pipe gives them only once. */
export function keyListOf(options: SelectionOptions): ByteSet | undefined {
  if (options.keysFrom !== undefined) options.keyList ??= readKeyList(options.keysFrom);
  return options.keyList;
}

/** The stages that the selection options stand for; `--limit` comes behind all others. */
export function selectionStages(options: SelectionOptions): Stage[] {
  const stages: Stage[] = [];
  if (options.db !== undefined) stages.push(selectDb(options.db));
  if (options.notDb !== undefined) stages.push(dropDb(options.notDb));
  if (options.type !== undefined) stages.push(selectType(options.type));
  if (options.expiry !== undefined) stages.push(selectExpiry(options.expiry));
  if (options.minSize !== undefined || options.maxSize !== undefined) {
    if (options.minSize !== undefined && options.minSize > (options.maxSize ?? options.minSize)) {
      throw new RdbkitError('USAGE', '--min-size is above --max-size: no value has such a size');
    }
    stages.push(selectSize(options.minSize ?? 0, options.maxSize));
  }
  if (options.key !== undefined) stages.push(selectKey(options.key));
  if (options.notKey !== undefined) stages.push(dropKey(options.notKey));
  if (options.keyRegex !== undefined) stages.push(selectKeyExpression(options.keyRegex));
  const keyList = keyListOf(options);
  if (keyList !== undefined) stages.push(selectKeyList(keyList));
  if (options.slot !== undefined) stages.push(selectSlot(options.slot));
  if (options.sample !== undefined) stages.push(sample(options.sample));
  return stages;
}

/** The stages that the transformation options stand for, in the order of the help. */
export function transformationStages(options: TransformOptions): Stage[] {
  if (options.mapDb !== undefined && options.toDb !== undefined) {
    throw new RdbkitError('USAGE', '--map-db and --to-db exclude each other', { hint: 'give one of them' });
  }
  const stages: Stage[] = [];
  if (options.mapDb !== undefined) stages.push(mapDb(options.mapDb));
  if (options.toDb !== undefined) stages.push(toDb(options.toDb));
  if (options.stripPrefix !== undefined) stages.push(stripPrefix(options.stripPrefix));
  for (const { expression, replacement } of options.rename ?? [])
    stages.push(rename(expression, replacement));
  if (options.addPrefix !== undefined) stages.push(addPrefix(options.addPrefix));
  if (options.ttl !== undefined) stages.push(ttl(options.ttl));
  return stages;
}

/** Whether the changes on the way can put two keys of a dump under one name. */
export function mayMerge(options: TransformOptions): boolean {
  if (options.toDb !== undefined || options.rename !== undefined || options.stripPrefix !== undefined)
    return true;
  const map = options.mapDb ?? new Map<number, number>();
  const targets = [...map.values()];
  return targets.some((target, i) => targets.indexOf(target) !== i || !map.has(target));
}

export function limitStages(options: SelectionOptions): Stage[] {
  return options.limit === undefined ? [] : [limit(options.limit)];
}
