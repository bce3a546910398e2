import type { Stage } from '../pipeline.js';
import { keyTestStage } from './key-stage.js';
import { sampleTest } from './key-tests.js';

/**
 * Keeps about this share of the keys, 0 to 1. Which ones depends on the key alone, so that every
 * run over the same keys, and over a newer dump of them, picks the same.
 */
export function sample(share: number): Stage {
  return keyTestStage('sample', sampleTest(share));
}
