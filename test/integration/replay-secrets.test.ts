import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, log } from '../support/log-source.js';
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

  test('what scripts say of arguments and values is not shown', async () => {
    const failing = [
      command('EVAL', 'return redis.error_reply(ARGV[1])', '0', 'hidden1'),
      command('EVAL', 'error({err=ARGV[1]})', '0', 'hidden2'),
      command('EVAL', 'error(redis.call("GET", KEYS[1]))', '1', 'k'),
      command('EVAL', 'return hidden4(', '0'),
      command('EVAL', 'return redis.call(ARGV[1])', '0', 'hidden5'),
      command('FUNCTION', 'LOAD', '#!lua name=l\nhidden6('),
      command('OBJECT', 'hidden7', 'k'),
    ];
    const others = [command('FCALL', 'none', '0'), command('EVALSHA', 'none', '0')];
    const path = scratch.file('x.aof', Buffer.concat([log('SET k hidden3'), ...failing, ...others]));
    const rejects = scratch.path('rejects');
    const run = await rdbkit([
      ...['replay', path, '--to', running.url, '--from', 'x.aof:0', '--json', '--rejects', rejects],
    ]);
    expect(run.code).toBe(1);
    expect(run.stdout + run.stderr + readFileSync(rejects, 'utf8')).not.toContain('hidden');
    const { commands } = JSON.parse(run.stdout);
    expect(commands).toMatchObject({ written: 1, failed: failing.length + others.length });
    const causes = Object.keys(commands.failedBy).join('\n');
    expect(causes).toMatch(/^the script failed \(what it says is not shown\)$/m);
    expect(causes).toMatch(/Function not found/);
    expect(causes).toMatch(/^NOSCRIPT/m);
    expect(causes).toMatch(/Error compiling function$/m);
  });
});
