import type { ByteSet } from '../bytes/byte-set.js';
import type { Stage } from '../pipeline.js';
import { keyTestStage } from './key-stage.js';
import { expressionTest, globTest, listTest, notTest } from './key-tests.js';

/** Keeps the keys that match one of the globs, byte by byte as Redis matches them. */
export function selectKey(globs: readonly Uint8Array[]): Stage {
  return keyTestStage('key', globTest(globs));
}

/** Drops the keys that match one of the globs. */
export function dropKey(globs: readonly Uint8Array[]): Stage {
  return keyTestStage('key', notTest(globTest(globs)));
}

/**
 * Keeps the keys that the expression matches somewhere. It sees each byte of the key as the
 * character of that number, so write bytes beyond 127 as `\xNN`; `byteExpression` does.
 */
export function selectKeyExpression(expression: RegExp): Stage {
  return keyTestStage('key', expressionTest(expression));
}

/** Keeps the keys of a list. */
export function selectKeyList(keys: ByteSet): Stage {
  return keyTestStage('key', listTest(keys));
}
