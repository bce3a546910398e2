import { latin1Bytes, utf8Bytes } from '../bytes/ascii.js';
import { keySlot } from '../codec/crc16.js';

const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * A name under which a value is built before it gets its own: in the same cluster slot, and of a
 * length that does not grow with the key where a hash tag allows it.
 */
export function temporaryKey(key: Uint8Array, unique: string): Uint8Array {
  const tag = hashTag(key);
  const prefix = utf8Bytes(`rdbkit:tmp:${unique}:`);
  if (tag.length > 0 && !tag.includes(CLOSE))
    return join(prefix, Uint8Array.of(OPEN), tag, Uint8Array.of(CLOSE));
  // No tag can name the slot of such a key; about 16384 tries find a name that falls into it.
  const slot = keySlot(key);
  for (let i = 0; ; i++) {
    const name = join(prefix, latin1Bytes(String(i)));
    if (keySlot(name) === slot) return name;
  }
}

/** The part of a key that decides its slot. */
function hashTag(key: Uint8Array): Uint8Array {
  const open = key.indexOf(OPEN);
  const close = open < 0 ? -1 : key.indexOf(CLOSE, open + 1);
  return close > open + 1 ? key.subarray(open + 1, close) : key;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
