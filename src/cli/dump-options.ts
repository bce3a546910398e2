import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type AnySource,
  type DumpTarget,
  NEWEST_VERSION,
  OLDEST_WRITTEN,
  RdbkitError,
  readMagic,
  targetOfMagic,
  targetOfMagics,
  targetOfServer,
  targetOfVersion,
} from '../index.js';

/** How a dump is written. */
export interface DumpOptions {
  target?: DumpTarget;
  rdbVersion?: DumpTarget;
  unsupported?: 'refuse' | 'drop';
}

/** Adds the options of commands that write dumps. */
export function addDumpOptions(command: Command): Command {
  return command
    .optionsGroup('Format of the dump:')
    .option(
      '--target <server>',
      'for this server: redis-6.2, redis-7.4, valkey-8, valkey-9.1, …',
      parseTarget,
    )
    .option(
      '--rdb-version <n>',
      "of this RDB version: 6 to 15, 80 and 81 (default: the source's)",
      parseVersion,
    )
    .addOption(
      new Option(
        '--unsupported <what>',
        'what the target cannot have: fail the key (refuse, the default), or drop it and count',
      ).choices(['refuse', 'drop']),
    );
}

/**
 * What the dump is for: as the options say, else as the sources are. A single source is asked when
 * it is read; of several, the headers are looked at before.
 */
export async function dumpTarget(
  { target, rdbVersion }: DumpOptions,
  sources: readonly AnySource[],
  open: () => AnySource[],
  signal: AbortSignal,
): Promise<DumpTarget | (() => DumpTarget)> {
  if (target !== undefined && rdbVersion !== undefined) {
    throw new RdbkitError('USAGE', '--target and --rdb-version exclude each other', {
      hint: 'give one of them',
    });
  }
  const chosen = target ?? rdbVersion;
  if (chosen !== undefined) return chosen;
  const [only, ...more] = sources as [AnySource, ...AnySource[]];
  if (more.length === 0) {
    return () => {
      if (only.magic !== undefined) return targetOfMagic(only.magic);
      return { ...(only.target ?? targetOfVersion(DEFAULT_VERSION)), asStored: false };
    };
  }
  const unasked = sources.find(({ isRepeatable }) => !isRepeatable);
  if (unasked !== undefined) {
    throw new RdbkitError('USAGE', `what ${unasked.name} is shows only when it is read`, {
      hint: 'say for which server the output is: --target redis-7.2',
    });
  }
  const magics = await Promise.all(open().map((source) => readMagic(source, signal)));
  const known = magics.filter((magic) => magic !== undefined);
  return known.length === 0 ? targetOfVersion(DEFAULT_VERSION) : targetOfMagics(known);
}

/** For sources that are no dumps: what every Redis since 7.2 and every Valkey loads. */
const DEFAULT_VERSION = 11;

/** `redis-6.2`, `valkey-9`: a server. */
function parseTarget(text: string): DumpTarget {
  const target = targetOfServer(text);
  if (target === undefined) {
    throw new InvalidArgumentError('Give a server as redis-6.2, redis-8.0, valkey-8.1 or valkey-9.1.');
  }
  return target;
}

function parseVersion(text: string): DumpTarget {
  const version = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  const isRedis = version >= OLDEST_WRITTEN && version <= NEWEST_VERSION.redis;
  if (!isRedis && !(version >= 80 && version <= NEWEST_VERSION.valkey)) {
    throw new InvalidArgumentError(
      `Give a version of Redis from ${OLDEST_WRITTEN} to ${NEWEST_VERSION.redis}, or of Valkey from 80 to ${NEWEST_VERSION.valkey}.`,
    );
  }
  return targetOfVersion(version);
}
