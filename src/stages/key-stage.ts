import type { Stage } from '../pipeline.js';
import type { KeyBegin, KeyRecord } from '../record.js';
import type { KeyTest } from './key-tests.js';

/**
 * A stage that looks at keys only: `keep` may change the head and says whether the key goes on.
 * Everything that is no key passes.
 */
export function keyStage(name: string, keep: (head: KeyRecord | KeyBegin) => boolean): Stage {
  return {
    name,
    write(record, emit) {
      if ((record.kind !== 'key' && record.kind !== 'key-begin') || keep(record)) emit(record);
    },
  };
}

/** A stage that keeps the keys of which a test is true. */
export function keyTestStage(name: string, test: KeyTest): Stage {
  return keyStage(name, ({ keyBytes, keyStart, keyEnd }) => test(keyBytes, keyStart, keyEnd));
}
