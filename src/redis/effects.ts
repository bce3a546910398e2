import type { CommandSpec } from '../resp/command-spec.js';
import type { Reply } from '../resp/reply.js';

const EXPIRIES = 'expiries changed in the log that the target does not have';
const REMOVED = 'elements removed in the log that the target does not have';
const ADDED = 'elements added in the log that the target had already';
const MOVED = 'keys moved or copied in the log that the target does not have, or whose new place was taken';

/**
 * A log holds what had an effect at its source. Commands whose answer `0`, or none, shows that the
 * target was in another state, and what that is called. Not DEL: the key may have expired first.
 */
const EFFECTS: ReadonlyMap<string, string> = new Map([
  ...named(EXPIRIES, ['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT', 'PERSIST']),
  ...named(REMOVED, ['HDEL', 'SREM', 'ZREM', 'LREM', 'XDEL', 'LPOP', 'RPOP', 'ZREMRANGEBYRANK']),
  ...named(REMOVED, ['ZREMRANGEBYSCORE', 'ZREMRANGEBYLEX', 'SMOVE', 'LMOVE', 'RPOPLPUSH', 'XACK']),
  ...named(ADDED, ['SADD', 'SETNX', 'HSETNX', 'MSETNX']),
  ...named(MOVED, ['MOVE', 'COPY', 'RENAMENX']),
]);

/** What a reply shows of the target, as a note; undefined for what was to be expected. */
export function missedEffect({ name }: CommandSpec, reply: Reply): string | undefined {
  switch (reply.kind) {
    case 'integer':
      return reply.value === 0 ? EFFECTS.get(name) : undefined;
    case 'bulk':
    case 'array':
      return reply.size < 0 ? EFFECTS.get(name) : undefined;
    default:
      return undefined;
  }
}

function named(text: string, names: readonly string[]): [string, string][] {
  return names.map((name) => [name, text]);
}
