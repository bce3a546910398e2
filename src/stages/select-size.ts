import { RdbkitError } from '../errors.js';
import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/**
 * Keeps the keys whose serialized value has at least `min` and at most `max` bytes. A value in
 * parts needs a source that has looked ahead (`withSizes`) where its size decides.
 */
export function selectSize(min: number, max = Number.POSITIVE_INFINITY): Stage {
  return keyStage('size', (head) => {
    if (head.size === undefined) {
      if (min === 0 && max === Number.POSITIVE_INFINITY) return true;
      throw new RdbkitError('USAGE', 'the size of a value in parts is not known', {
        key: head.key.slice(),
        hint: 'read the source through withSizes()',
      });
    }
    return head.size >= min && head.size <= max;
  });
}
