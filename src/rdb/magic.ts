import { latin1Text } from '../bytes/ascii.js';
import { printable } from '../bytes/escape.js';
import { RdbkitError } from '../errors.js';
import type { Dialect } from './types.js';

/** The first nine bytes of a file, understood. */
export interface Magic {
  /** As it stands in the file: `REDIS0011`, `VALKEY080`. */
  readonly text: string;
  readonly dialect: Dialect;
  readonly version: number;
}

const MAGIC_BYTES = 9;

/** Newest versions whose types are known; newer files are read as far as they use these. */
export const NEWEST_VERSION: Readonly<Record<'redis' | 'valkey', number>> = { redis: 15, valkey: 81 };

/** First version that ends with a checksum. */
export const FIRST_CHECKSUM_VERSION = 5;

const REDIS = /^REDIS(\d{4})$/;
const VALKEY = /^VALKEY(\d{3})$/;

/**
 * Understands the magic. `bytes` may be shorter than nine while the input goes on.
 * @returns undefined when more bytes are needed
 * @throws RdbkitError INPUT_CORRUPT when the input is no RDB file
 */
export function parseMagic(bytes: Uint8Array, start: number, end: number): Magic | undefined {
  const text = latin1Text(bytes, start, Math.min(end, start + MAGIC_BYTES));
  const known = ['REDIS', 'VALKEY'].some((name) =>
    text.length < name.length ? name.startsWith(text) : text.startsWith(name),
  );
  if (!known) throw notRdb(bytes.subarray(start, end));
  if (text.length < MAGIC_BYTES) return undefined;
  const redis = REDIS.exec(text);
  const valkey = VALKEY.exec(text);
  const version = Number((redis ?? valkey)?.[1]);
  if (!(version >= 1)) {
    throw new RdbkitError(
      'INPUT_CORRUPT',
      `${printable(bytes.subarray(start, start + MAGIC_BYTES))} is no RDB version`,
      {
        offset: 0,
      },
    );
  }
  return { text, dialect: redis === null ? 'valkey' : 'redis', version };
}

/** Says what a file that is no RDB looks like instead. */
function notRdb(bytes: Uint8Array): RdbkitError {
  const head = latin1Text(bytes, 0, Math.min(bytes.length, 64));
  const looks = LOOKS_LIKE.find(([pattern]) => pattern.test(head));
  return new RdbkitError(
    'INPUT_CORRUPT',
    `not an RDB file: it begins with ${printable(bytes, 12)}${looks === undefined ? '' : `, ${looks[1]}`}`,
    { offset: 0, hint: 'give a dump written by SAVE, BGSAVE or redis-cli --rdb' },
  );
}

const LOOKS_LIKE: readonly (readonly [RegExp, string])[] = [
  [/^(?:\*\d+\r\n\$|#TS:)/, 'which looks like an append-only file'],
  [/^file .* seq /, 'which looks like the manifest of an append-only folder'],
  [/^\s*[{[]/, 'which looks like JSON'],
  [/^VCS/, 'which looks like a whole-file compressed dump of Valkey 9.2'],
  [/^\x04"M\x18/, 'which looks like LZ4'],
  [/^PK\x03\x04/, 'which looks like a zip archive'],
  [/^[\x20-\x7e\s]+$/, 'which looks like text'],
];
