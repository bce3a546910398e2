import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/** Keeps the keys whose value is of one of these families: `string`, `hash`, … */
export function selectType(families: Iterable<string>): Stage {
  const wanted = new Set(families);
  return keyStage('type', (head) => wanted.has(head.type.family));
}
