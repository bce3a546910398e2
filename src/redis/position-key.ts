import type { Redis } from 'ioredis';
import { latin1Text } from '../bytes/ascii.js';
import { printable } from '../bytes/escape.js';
import { RdbkitError } from '../errors.js';
import { isErrorReply } from './probe.js';
import type { TransactionalOptions } from './replay-hooks.js';

/** Longer values are no positions. */
const MAX_POSITION = 4096;

/**
 * The position that a run with `transactional` has left in the target; undefined when there is none.
 * @throws RdbkitError USAGE when the key holds something else, TARGET_REPLY when it may not be read
 */
export async function readPosition(
  client: Redis,
  { key, db }: Pick<TransactionalOptions, 'key' | 'db'>,
): Promise<string | undefined> {
  const name = printable(key, 60);
  try {
    await client.select(db);
    const value = await client.getBuffer(Buffer.from(key));
    if (value === null) return undefined;
    if (value.length <= MAX_POSITION) return latin1Text(value);
  } catch (thrown) {
    if (!isErrorReply(thrown)) throw RdbkitError.from(thrown, 'TARGET_LOST');
    const { message } = thrown as Error;
    if (!message.startsWith('WRONGTYPE')) {
      throw new RdbkitError('TARGET_REPLY', `the position in ${name} cannot be read (${message})`);
    }
  }
  throw new RdbkitError('USAGE', `the key ${name} holds something else than a position`, {
    hint: 'name a key that nothing else uses',
  });
}
