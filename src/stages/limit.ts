import type { Stage } from '../pipeline.js';

/**
 * Lets `count` keys and commands of a log pass, then ends the run. What is neither passes until
 * then. A transaction of a log that has begun to pass does so whole.
 */
export function limit(count: number): Stage {
  let left = count;
  /** The transaction whose commands pass, of which the first did before the count was full. */
  let transaction = 0;
  return {
    name: 'limit',
    write(record, emit) {
      switch (record.kind) {
        case 'key':
        case 'key-begin':
          if (left-- <= 0) return false;
          break;
        case 'log-command':
        case 'log-begin':
          if (record.transaction === 0 || record.transaction !== transaction) {
            if (left <= 0) return false;
            transaction = record.transaction;
          }
          if (record.spec.role === 'plain') left--;
      }
      emit(record);
      if (left > 0) return undefined;
      switch (record.kind) {
        case 'key':
        case 'key-end':
          return false;
        case 'log-command':
          return record.transaction === 0 || isEnd(record.spec.role) ? false : undefined;
        case 'log-end':
          return transaction === 0 ? false : undefined;
        default:
          return undefined;
      }
    },
  };
}

function isEnd(role: string): boolean {
  return role === 'exec' || role === 'discard';
}
