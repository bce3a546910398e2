import type { Stage } from '../pipeline.js';
import { beginsWith, type KeyChange, prefixing, substitution } from './key-changes.js';
import { keyStage } from './key-stage.js';

/**
 * Replaces what the expression matches in a key. Expression and replacement see bytes as
 * characters of the same number; `$1` and `$&` stand for what was matched, as in `String.replace`.
 */
export function rename(expression: RegExp, replacement: string): Stage {
  return renaming('rename', substitution(expression, replacement));
}

/** Puts a prefix before every key. */
export function addPrefix(prefix: Uint8Array): Stage {
  return renaming('prefix', prefixing(prefix));
}

/** Takes a prefix off the keys that begin with it; others stay as they are. */
export function stripPrefix(prefix: Uint8Array): Stage {
  return keyStage('prefix', (head) => {
    if (beginsWith(prefix, head.keyBytes, head.keyStart, head.keyEnd)) head.keyStart += prefix.length;
    return true;
  });
}

function renaming(name: string, change: KeyChange): Stage {
  return keyStage(name, (head) => {
    const renamed = change(head.keyBytes, head.keyStart, head.keyEnd);
    if (renamed !== undefined) head.rename(renamed);
    return true;
  });
}
