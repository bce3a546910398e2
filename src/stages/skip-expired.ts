import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';
import { isExpired } from './select-expiry.js';

/** Drops the keys whose expiry is past, counted under the reason `expired`. */
export function skipExpired(nowMs: () => number = Date.now): Stage {
  return keyStage('expired', (head) => !isExpired(head, nowMs()));
}
