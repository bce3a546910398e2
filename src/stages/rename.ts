import { latin1Bytes, latin1Text } from '../bytes/ascii.js';
import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/**
 * Replaces what the expression matches in a key. Expression and replacement see bytes as
 * characters of the same number; `$1` and `$&` stand for what was matched, as in `String.replace`.
 */
export function rename(expression: RegExp, replacement: string): Stage {
  return keyStage('rename', (head) => {
    const key = latin1Text(head.keyBytes, head.keyStart, head.keyEnd);
    const renamed = key.replace(expression, replacement);
    if (renamed !== key) head.rename(latin1Bytes(renamed));
    return true;
  });
}

/** Puts a prefix before every key. */
export function addPrefix(prefix: Uint8Array): Stage {
  return keyStage('prefix', (head) => {
    const size = head.keyEnd - head.keyStart;
    const key = new Uint8Array(prefix.length + size);
    key.set(prefix);
    key.set(head.key, prefix.length);
    head.rename(key);
    return true;
  });
}

/** Takes a prefix off the keys that begin with it; others stay as they are. */
export function stripPrefix(prefix: Uint8Array): Stage {
  return keyStage('prefix', (head) => {
    const { keyBytes, keyStart, keyEnd } = head;
    if (keyEnd - keyStart < prefix.length) return true;
    for (let i = 0; i < prefix.length; i++) if (keyBytes[keyStart + i] !== prefix[i]) return true;
    head.keyStart += prefix.length;
    return true;
  });
}
