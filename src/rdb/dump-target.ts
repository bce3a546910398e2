import { RdbkitError } from '../errors.js';
import { formatOfServer, type TargetFormat } from './compat.js';
import type { Magic } from './magic.js';

/** What a dump is written for. */
export interface DumpTarget extends TargetFormat {
  /**
   * True for the very format of the source: values, of whatever type, stay as they are stored.
   * Else they are brought to what servers of that version read.
   */
  readonly asStored: boolean;
}

/** The oldest version that is written: since then nothing about the frame has changed. */
export const OLDEST_WRITTEN = 6;

/** First version of Valkey's own numbering, whose files begin with its name. */
const FIRST_VALKEY = 80;

/** Last version that Redis and Valkey share. */
const LAST_COMMON = 11;

/** Redis 8.8 and Valkey 9.2 write these; from then on back lengths have the new width. */
const NEW_WIDTHS: Readonly<Record<'redis' | 'valkey', number>> = { redis: 14, valkey: 81 };

/** The format of a file that was read, kept. Files from before version 6 become 6. */
export function targetOfMagic({ dialect, version }: Magic): DumpTarget {
  return {
    ...targetOfVersion(Math.max(version, OLDEST_WRITTEN)),
    dialect: dialect === 'valkey' ? 'valkey' : 'redis',
    asStored: true,
  };
}

/**
 * The format in which dumps of these formats can be brought together: their own, if it is the same
 * for all, else the newest of them.
 * @throws RdbkitError USAGE for formats of Redis and Valkey that neither reads both of
 */
export function targetOfMagics(magics: readonly Magic[]): DumpTarget {
  const newest = magics.reduce((a, b) => (b.version > a.version ? b : a));
  if (magics.every(({ text }) => text === newest.text)) return targetOfMagic(newest);
  const foreign = magics.find(({ dialect, version }) => dialect === 'redis' && version > LAST_COMMON);
  if (newest.dialect === 'valkey' && foreign !== undefined) {
    throw new RdbkitError('USAGE', `the sources are of Redis (${foreign.text}) and Valkey (${newest.text})`, {
      hint: 'say for which server the output is: --target redis-8.0, --target valkey-9.0',
    });
  }
  return targetOfVersion(Math.max(newest.version, OLDEST_WRITTEN));
}

/** The format of an RDB version: of Valkey from 80 on, else of Redis. */
export function targetOfVersion(rdbVersion: number): DumpTarget {
  const dialect = rdbVersion >= FIRST_VALKEY ? 'valkey' : 'redis';
  const backlen = rdbVersion >= NEW_WIDTHS[dialect] ? 'new' : 'old';
  return { dialect, rdbVersion, backlen, asStored: false };
}

/**
 * The format that a server reads, by its name: `redis-6.2`, `valkey-9.1`; a version without a
 * point is its first, as in `redis-8`. Undefined for what is no such name.
 */
export function targetOfServer(name: string): DumpTarget | undefined {
  const [, dialect, version] = /^(redis|valkey)-(\d{1,3}(?:\.\d{1,3}){0,2})$/.exec(name.toLowerCase()) ?? [];
  if (version === undefined) return undefined;
  if (dialect === 'redis' ? isBefore(version, 2, 6) : isBefore(version, 7, 2)) return undefined;
  return { ...formatOfServer(dialect as 'redis' | 'valkey', version), asStored: false };
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

/** The first nine bytes of a file of that format. */
export function magicOf({ dialect, rdbVersion }: TargetFormat): string {
  return dialect === 'valkey' && rdbVersion >= FIRST_VALKEY
    ? `VALKEY${String(rdbVersion).padStart(3, '0')}`
    : `REDIS${String(rdbVersion).padStart(4, '0')}`;
}
