import type { Stage } from '../pipeline.js';
import { keyStage } from './key-stage.js';

/** Moves keys from one database to another; databases that are not named stay. */
export function mapDb(map: ReadonlyMap<number, number>): Stage {
  return keyStage('database', (head) => {
    head.db = map.get(head.db) ?? head.db;
    return true;
  });
}

/** Moves all keys to one database. */
export function toDb(db: number): Stage {
  return keyStage('database', (head) => {
    head.db = db;
    return true;
  });
}
