import type { Stage } from '../pipeline.js';

/** Lets `count` keys pass, then ends the run. What is no key passes until then. */
export function limit(count: number): Stage {
  let left = count;
  return {
    name: 'limit',
    write(record, emit) {
      if ((record.kind === 'key' || record.kind === 'key-begin') && left-- <= 0) return false;
      emit(record);
      const whole = record.kind === 'key' || record.kind === 'key-end';
      return whole && left <= 0 ? false : undefined;
    },
  };
}
