import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { log } from '../support/log-source.js';
import { rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// Commands that no server writes to a log, but that may stand in one that was made by hand, or by an
// attacker: none may reach the target.

const ON_SERVERS = [
  ...[
    'REPLICAOF 127.0.0.1 1',
    'CONFIG SET maxmemory 1gb',
    'ACL SETUSER default on >secret',
    'SHUTDOWN NOSAVE',
  ],
  ...['DEBUG SET-ACTIVE-EXPIRE 0', 'CLIENT KILL TYPE normal SKIPME no', 'CLIENT PAUSE 60000', 'BGSAVE'],
  ...['MIGRATE 127.0.0.1 1 kept 0 1', 'FAILOVER', 'SCRIPT KILL'],
];
const ON_CONNECTIONS = [
  ...[
    'CLIENT REPLY OFF',
    'SUBSCRIBE a',
    'PSUBSCRIBE a*',
    'MONITOR',
    'RESET',
    'QUIT',
    'HELLO 3',
    'WATCH kept',
  ],
  ...['AUTH secret', 'SYNC', 'CLIENT TRACKING ON', 'REPLCONF GETACK *', 'client reply skip'],
];
const WAITING = [
  ...['BLPOP none 0', 'BRPOP none 0', 'BLMOVE none other LEFT LEFT 0', 'BZPOPMIN none 0', 'WAIT 9 0'],
  ...['XREAD BLOCK 0 STREAMS none $', 'XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS stream >'],
];

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
  beforeEach(() => running.clear());

  test.each([
    ['a server', ON_SERVERS],
    ['a connection', ON_CONNECTIONS],
    ['nothing but wait', WAITING],
  ])('commands that act on %s are refused', async (_, commands) => {
    const before = ['SELECT 2', 'SET kept 1', 'XGROUP CREATE stream g $ MKSTREAM'];
    const after = ['INCR n', 'XREADGROUP GROUP block c STREAMS block >', 'PUBLISH c m', 'PING'];
    const path = scratch.file(
      'x.aof',
      log(...before, 'XGROUP CREATE block block 0 MKSTREAM', ...commands, ...after),
    );
    const run = await rdbkit(['replay', path, '--to', running.url, '--from', 'x.aof:0', '--json']);
    expect(run).toMatchObject({ code: 1, stderr: '' });
    const { commands: sums } = JSON.parse(run.stdout);
    expect(sums).toMatchObject({ failed: commands.length, written: 7 });
    const causes = Object.keys(sums.failedBy);
    expect(causes).toHaveLength(1);
    expect(causes[0]).toMatch(/servers write no such command to a log/);
    await running.client.select(2);
    expect(await running.client.get('n')).toBe('1');
    expect(await running.client.get('kept')).toBe('1');
    await running.client.select(0);
    expect(await running.client.dbsize()).toBe(0);
    expect(await running.client.role()).toMatchObject({ 0: 'master' });
  });
});
