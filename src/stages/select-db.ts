import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/** Keeps the keys of these databases. */
export function selectDb(dbs: Iterable<number>): Stage {
  const wanted = new Set(dbs);
  return keyStage('database', (head) => wanted.has(head.db));
}

/** Drops the keys of these databases. */
export function dropDb(dbs: Iterable<number>): Stage {
  const unwanted = new Set(dbs);
  return keyStage('database', (head) => !unwanted.has(head.db));
}
