import { createHmac, createSecretKey, type Hmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RdbkitError } from '../errors.js';
import type { KeyedHash } from '../rdb/mask-method.js';
import { readError } from './read-error.js';

/** Fewer bytes than this are no key: 128 bits. */
const MIN_KEY_BYTES = 16;

const LF = 0x0a;
const CR = 0x0d;

/** HMAC-SHA-256 under a key; without one, under a random key that is gone with the process. */
export function keyedHash(key: Uint8Array = randomBytes(32)): KeyedHash {
  const secret = createSecretKey(key);
  let hmac: Hmac | undefined;
  return {
    begin() {
      hmac = createHmac('sha256', secret);
    },
    add(bytes, start, end) {
      hmac?.update(bytes.subarray(start, end));
    },
    end() {
      if (hmac === undefined) throw new RdbkitError('INTERNAL', 'a hash was ended that was not begun');
      const digest = hmac.digest();
      hmac = undefined;
      return digest;
    },
  };
}

/**
 * The key in a file: its bytes, without a line break at the end.
 * @throws RdbkitError IO, or USAGE for what is too short to be a key
 */
export function readMaskKey(path: string): Uint8Array {
  const bytes = readKeyFile(path);
  let end = bytes.length;
  if (bytes[end - 1] === LF) end--;
  if (end < bytes.length && bytes[end - 1] === CR) end--;
  if (end >= MIN_KEY_BYTES) return bytes.subarray(0, end);
  throw new RdbkitError('USAGE', `a mask key of ${end} bytes could be guessed`, {
    subject: path,
    hint: `give at least ${MIN_KEY_BYTES}, for example of: openssl rand -hex 32`,
  });
}

function readKeyFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw readError(thrown, path);
  }
}
