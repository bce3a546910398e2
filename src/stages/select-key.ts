import { latin1Text } from '../bytes/ascii.js';
import type { ByteSet } from '../bytes/byte-set.js';
import { globMatches } from '../bytes/glob.js';
import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/** Keeps the keys that match one of the globs, byte by byte as Redis matches them. */
export function selectKey(globs: readonly Uint8Array[]): Stage {
  return keyStage('key', ({ keyBytes, keyStart, keyEnd }) =>
    globs.some((glob) => globMatches(glob, keyBytes, keyStart, keyEnd)),
  );
}

/** Drops the keys that match one of the globs. */
export function dropKey(globs: readonly Uint8Array[]): Stage {
  return keyStage(
    'key',
    ({ keyBytes, keyStart, keyEnd }) => !globs.some((glob) => globMatches(glob, keyBytes, keyStart, keyEnd)),
  );
}

/**
 * Keeps the keys that the expression matches somewhere. It sees each byte of the key as the
 * character of that number, so write bytes beyond 127 as `\xNN`; `byteExpression` does.
 */
export function selectKeyExpression(expression: RegExp): Stage {
  return keyStage('key', ({ keyBytes, keyStart, keyEnd }) => {
    expression.lastIndex = 0;
    return expression.test(latin1Text(keyBytes, keyStart, keyEnd));
  });
}

/** Keeps the keys of a list. */
export function selectKeyList(keys: ByteSet): Stage {
  return keyStage('key', ({ keyBytes, keyStart, keyEnd }) => keys.has(keyBytes, keyStart, keyEnd));
}
