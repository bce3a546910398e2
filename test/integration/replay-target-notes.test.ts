import { afterAll, beforeAll, expect, test } from 'vitest';
import { log } from '../support/log-source.js';
import { rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

describeServers((server) => {
  let running: RunningServer;
  let scratch: Scratch;

  beforeAll(async () => {
    running = await startServer(server);
    scratch = new Scratch();
  });
  afterAll(async () => {
    await running.stop();
    scratch.remove();
  });

  test('a replay says that the target evicts keys', async () => {
    const path = scratch.file('x.aof', log('SET a 1'));
    const args = ['replay', path, '--to', running.url, '--from', 'x.aof:0'];
    expect(await rdbkit(args)).toMatchObject({ code: 0, stderr: '' });
    await running.client.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    expect(await rdbkit(args)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/evicts keys when it is full \(allkeys-lru\)/),
    });
    expect(await rdbkit([...args, '--quiet'])).toMatchObject({ code: 0, stderr: '' });
  });

  test('a replay with a checkpoint says that the target was started anew', async () => {
    const path = scratch.file('x.aof', log('SET a 1', 'SET b 1'));
    const args = ['replay', path, '--to', running.url, '--checkpoint', scratch.path('checkpoint')];
    expect((await rdbkit([...args, '--from', 'x.aof:0'])).stderr).not.toContain('anew');
    expect((await rdbkit(args)).stderr).not.toContain('anew');
    await running.restart();
    expect(await rdbkit(args)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/was started anew since the run before: what it had not saved/),
    });
    expect((await rdbkit(args)).stderr).not.toContain('anew');
  });
});
