import { setTimeout } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RdbkitError } from '../errors.js';
import type { Link } from './link.js';
import { isErrorReply } from './probe.js';

const WAIT_MS = 15_000;
const POLL_MS = 50;

/**
 * Waits until no connection of a name is left: what a process had sent before it was killed is
 * still carried out, until the server has read it to its end.
 * @returns what a user should know when the server does not tell
 * @throws RdbkitError USAGE when one stays: another process uses the name
 */
export async function waitForPredecessor(client: Redis, name: string): Promise<string | undefined> {
  for (const end = Date.now() + WAIT_MS; ; ) {
    let list: string;
    try {
      list = String(await client.call('CLIENT', 'LIST'));
    } catch (thrown) {
      if (!isErrorReply(thrown)) throw RdbkitError.from(thrown, 'TARGET_LOST');
      return 'CLIENT LIST is not permitted: wait some seconds after a run was killed before the next';
    }
    if (!list.split('\n').some((line) => line.split(' ').includes(`name=${name}`))) return undefined;
    if (Date.now() > end) throw another();
    await setTimeout(POLL_MS);
  }
}

/**
 * Makes sure that of several connections of a name, which began at the same time, one goes on: the
 * oldest. A server that does not tell lets all.
 * @param link the connection that has the name
 * @throws RdbkitError USAGE for all others
 */
export async function requireFirst(client: Redis, link: Link, name: string): Promise<void> {
  const own = await link.call('CLIENT', 'ID');
  if (own.kind !== 'integer') return;
  let list: string;
  try {
    list = String(await client.call('CLIENT', 'LIST'));
  } catch (thrown) {
    if (isErrorReply(thrown)) return;
    throw RdbkitError.from(thrown, 'TARGET_LOST');
  }
  for (const line of list.split('\n')) {
    const words = line.split(' ');
    const [, id] = /^id=(\d+)$/.exec(words[0] ?? '') ?? [];
    if (words.includes(`name=${name}`) && Number(id) < own.value) throw another();
  }
}

function another(): RdbkitError {
  return new RdbkitError('USAGE', 'another process is replaying with this position into the target', {
    hint: 'end it first, or wait until the server has noticed that it is gone',
  });
}
