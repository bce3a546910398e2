import type { Stage } from '../pipeline.js';
import type { KeyHead } from '../record.js';

/** What the stage asks of a `Collisions` report. */
export interface Occurrences {
  occurrence(head: KeyHead): { readonly index: number; readonly total: number } | undefined;
}

/** Reason and cause under which records are counted that give way to another of the same key. */
export const COLLISION = 'collides with another record of the same key';

/**
 * Decides between records that end up under one key: with `replace` the last stays, else the
 * first; the others are skipped, or failed with `fail`.
 */
export function resolveCollisions(found: Occurrences, conflict: 'fail' | 'skip' | 'replace'): Stage {
  return {
    name: COLLISION,
    write(record, emit) {
      if (record.kind !== 'key' && record.kind !== 'key-begin') {
        emit(record);
        return;
      }
      const at = found.occurrence(record);
      const stays = at === undefined || (conflict === 'replace' ? at.index === at.total : at.index === 1);
      if (stays) emit(record);
      else if (conflict === 'fail') emit.fail(record, { code: 'CONFLICT', cause: COLLISION });
    },
  };
}
