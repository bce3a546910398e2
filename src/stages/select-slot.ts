import { keySlot } from '../codec/crc16.js';
import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/** Keeps the keys of these cluster slots, given as ranges with both ends included. */
export function selectSlot(ranges: readonly (readonly [first: number, last: number])[]): Stage {
  return keyStage('slot', ({ keyBytes, keyStart, keyEnd }) => {
    const slot = keySlot(keyBytes, keyStart, keyEnd);
    return ranges.some(([first, last]) => slot >= first && slot <= last);
  });
}
