import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { log } from '../support/log-source.js';
import { rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Servers before 7.0 rewrite their log into a file of the same name.

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

  const sets = (count: number, prefix: string) =>
    log('SELECT 0', ...Array.from({ length: count }, (_, i) => `SET ${prefix}${100 + i} 1`));

  test('a checkpoint is not gone on with in a log that was written anew', async () => {
    const path = scratch.file('x.aof', sets(50, 'a'));
    const args = ['replay', path, '--to', running.url, '--checkpoint', scratch.path('checkpoint'), '--quiet'];
    expect(await rdbkit([...args, '--from', 'x.aof:0'])).toMatchObject({ code: 0, stderr: '' });
    expect(await running.client.dbsize()).toBe(50);

    // A command begins where the replay would go on, too.
    writeFileSync(path, sets(80, 'b'));
    const run = await rdbkit(args);
    expect(run.code).not.toBe(0);
    expect(run.stderr).toMatch(/x\.aof was written anew: .* says so; check that it is the same log/);
    expect(await running.client.dbsize()).toBe(50);

    writeFileSync(path, sets(60, 'a'));
    expect(await rdbkit(args)).toMatchObject({ code: 0, stderr: '' });
    expect(await running.client.dbsize()).toBe(60);
  });
});
