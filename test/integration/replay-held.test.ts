import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { log } from '../support/log-source.js';
import { rdbkit, startRdbkit, until } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Expiries that a replay holds back, when the run is not the one that releases them.

const HOUR = 3_600_000;

describeServers((server) => {
  let running: RunningServer;
  let scratch: Scratch;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());
  beforeEach(async () => {
    scratch = new Scratch();
    await running.clear();
  });
  afterEach(() => scratch.remove());

  const replay = (path: string, ...args: readonly string[]) => [
    ...['replay', path, '--to', running.url, '--from', 'x.aof:0', '--transactional', 'position', '--quiet'],
    ...args,
  ];
  const expiry = (key: string) => running.client.call('PEXPIRETIME', key);

  /** Commands that set expiries: of a key in database 3, and of one that is prolonged at the end. */
  function expiring(at: number): string[] {
    const fields = server.hasFieldExpiry
      ? ['HSET h kept 1 timed 2', `HPEXPIREAT h ${at} FIELDS 1 timed`, 'HSET other f 1']
      : [];
    return [
      ...['SELECT 3', `SET other 1 PXAT ${at}`, 'SELECT 0'],
      ...[`SET k 1 PXAT ${at}`, 'SET session 1 PXAT 1000', ...fields],
    ];
  }

  async function expectReleased(at: number): Promise<void> {
    expect(await expiry('k')).toBe(at);
    expect(await expiry('session')).toBe(at + 1);
    await running.client.select(3);
    expect(await expiry('other')).toBe(at);
    await running.client.select(0);
    if (!server.hasFieldExpiry) return;
    expect(await running.client.call('HPEXPIRETIME', 'h', 'FIELDS', '2', 'kept', 'timed')).toEqual([-1, at]);
  }

  test('--transactional releases what a run that was killed has held back', async () => {
    const at = Date.now() + HOUR;
    // More than one batch, of which the first is to be seen while the others are still to come.
    const slow = Array.from({ length: 6000 }, () => 'INCR n');
    const path = scratch.file('x.aof', log(...expiring(at), ...slow, `PEXPIREAT session ${at + 1}`));
    const { child, finished } = await startRdbkit(replay(path, '--max-rate', '2000'));
    await until(async () => Number(await running.client.get('n')) > 0, 'the replay has begun');
    child.kill('SIGKILL');
    await finished;
    expect(Number(await expiry('k'))).toBeGreaterThan(at);

    expect(await rdbkit(replay(path))).toMatchObject({ code: 0, stderr: '' });
    expect(await running.client.get('n')).toBe('6000');
    await expectReleased(at);
  });

  test('--transactional leaves held what another run goes on with', async () => {
    const at = Date.now() + HOUR;
    const path = scratch.file('x.aof', log(...expiring(at), 'FLUSHDB', `PEXPIREAT session ${at + 1}`));
    const stopped = await rdbkit(replay(path));
    expect(stopped.code).not.toBe(0);
    expect(stopped.stderr).toMatch(/have their expiry held back; run the same again/);
    expect(await running.client.exists('session')).toBe(1);

    expect(await rdbkit(replay(path, '--not-command', 'FLUSHDB'))).toMatchObject({ code: 0 });
    await expectReleased(at);
  });
});
