import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { command, log } from '../support/log-source.js';
import { startRdbkit, until } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Connections on which nothing happens: because nothing is appended to a log that is followed, or
// because the target does not answer.

describeServers((server) => {
  let running: RunningServer;
  let scratch: Scratch;

  beforeEach(async () => {
    scratch = new Scratch();
    running = await startServer(server, { config: ['--timeout', '1'] });
  });
  afterEach(async () => {
    await running.stop();
    scratch.remove();
  });

  const value = async (key: string) => {
    const client = running.connect();
    return client.get(key).finally(() => client.disconnect());
  };
  const follow = (path: string) =>
    startRdbkit(['replay', path, '--to', running.url, '--from', 'x.aof:0', '--follow', '--quiet']);

  test('a target that closes idle connections keeps this one', async () => {
    const path = scratch.file('x.aof', log('INCR n'));
    const { child, finished } = await follow(path);
    await until(async () => (await value('n')) === '1', 'the replay has caught up');
    await setTimeout(2500);
    // Of a transaction without EXEC nothing is carried out.
    appendFileSync(path, log('INCR n', 'MULTI', 'INCR n'));
    await until(async () => (await value('n')) === '2', 'what was appended has come');
    appendFileSync(path, log('INCR n', 'EXEC'));
    await until(async () => (await value('n')) === '4', 'the transaction has come');
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ code: 0, stderr: '' });
  });

  test('a target that has ended ends the run, though nothing is appended', async () => {
    const { finished } = await follow(scratch.file('x.aof', log('INCR n')));
    await until(async () => (await value('n')) === '1', 'the replay has caught up');
    await running.kill();
    const run = await finished;
    expect(run.stderr).toMatch(/the connection was lost/);
    expect(run.code).not.toBe(0);
  });

  test.each(['replay', 'import'])(
    '%s: what to do when a target ends before its first reply',
    async (name) => {
      const path = scratch.file('x.aof', command('EVAL', 'while true do end', '0'));
      const from = name === 'replay' ? ['--from', 'x.aof:0'] : [];
      const { finished } = await startRdbkit([name, path, '--to', running.url, ...from, '--quiet']);
      // The script keeps it busy.
      await setTimeout(1200);
      await running.kill();
      const { stderr } = await finished;
      expect(stderr).toMatch(
        name === 'replay'
          ? /the connection was lost.*then go on with --from x\.aof:0$/m
          : /the connection was lost.*empty the target, or the databases concerned, and import again$/m,
      );
      expect(stderr).not.toContain('--conflict');
    },
  );
});
