import type { Stage } from '../pipeline.js';

/** Drops what is no key: functions, aux fields, data that modules keep outside keys. */
export function keysOnly(): Stage {
  return {
    name: 'no key',
    write(record, emit) {
      if (record.kind.startsWith('key')) emit(record);
    },
  };
}
