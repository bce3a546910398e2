import type { Stage } from '../pipeline.js';
import { keyTestStage } from './key-stage.js';
import { slotTest } from './key-tests.js';

/** Keeps the keys of these cluster slots, given as ranges with both ends included. */
export function selectSlot(ranges: readonly (readonly [first: number, last: number])[]): Stage {
  return keyTestStage('slot', slotTest(ranges));
}
