import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { string } from '../support/bytes.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { importInto, rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';
import { writeLog } from '../support/written-log.js';

// A snapshot that is imported first, and a replay of what the log has since then. In between the
// target must not expire what the log prolongs.

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

  /** Sessions whose expiry is past by now, or comes in an hour, and one key without. */
  function dump(): string {
    const built = new RdbBuilder('REDIS0009')
      .selectDb(0)
      .expireMs(Date.now() - 1000)
      .key(0, 'prolonged', string('kept'))
      .expireMs(Date.now() - 1000)
      .key(0, 'ended', string('x'))
      .expireMs(later)
      .key(0, 'later', string('x'))
      .key(0, 'plain', string('x'));
    return scratch.file('dump.rdb', built.build());
  }

  const later = Date.now() + HOUR;
  const replay = (...args: readonly string[]) => {
    const { path, name } = writeLog(scratch.folder, [
      `PEXPIREAT prolonged ${later + 1}`,
      'APPEND prolonged !',
    ]);
    return rdbkit(['replay', path, '--to', running.url, '--from', `${name}:0`, ...args]);
  };
  const expiry = (key: string) => running.client.call('PEXPIRETIME', key);

  test('--before-replay keeps for the replay what has expired until then', async () => {
    const checkpoint = scratch.path('checkpoint');
    const run = await importInto(running.url, [dump()], ['--before-replay', checkpoint]);
    expect(run).toMatchObject({ code: 0, report: { read: 4, written: 4, skipped: 0 } });
    expect(run.stderr).toMatch(/up to 3 keys .* --checkpoint .* releases them at its end/);
    expect(Number(await expiry('later'))).toBeGreaterThan(later);

    expect(await replay('--checkpoint', checkpoint, '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expect(await running.client.get('prolonged')).toBe('kept!');
    expect(await expiry('prolonged')).toBe(later + 1);
    expect(await expiry('later')).toBe(later);
    expect(await expiry('plain')).toBe(-1);
    expect(await running.client.exists('ended')).toBe(0);
    expect(existsSync(`${checkpoint}.held`)).toBe(false);
  });

  test('without it the replay says that the target was in another state', async () => {
    expect((await importInto(running.url, [dump()])).report).toMatchObject({ written: 2, skipped: 2 });
    const run = await replay();
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/had no effect in the target/);
  });

  test('a dry run says what it would write, and leaves no notes', async () => {
    const checkpoint = scratch.path('checkpoint');
    const run = await importInto(running.url, [dump()], ['--before-replay', checkpoint, '--dry-run']);
    expect(run).toMatchObject({ code: 0, stderr: '', report: { read: 4, written: 4, skipped: 0 } });
    expect(await running.client.dbsize()).toBe(0);
    expect(existsSync(`${checkpoint}.held`)).toBe(false);
  });

  test('it is refused where it means nothing', async () => {
    const { path } = writeLog(scratch.folder, ['SET a 1']);
    const ofLog = await importInto(running.url, [path], ['--before-replay', scratch.path('c')]);
    expect([ofLog.code, ofLog.stderr]).toEqual([64, expect.stringMatching(/is its own replay/)]);
    const kept = await importInto(
      running.url,
      [dump()],
      ['--before-replay', scratch.path('c'), '--expired', 'keep'],
    );
    expect([kept.code, kept.stderr]).toEqual([64, expect.stringMatching(/--expired keep does not/)]);
    expect(existsSync(scratch.path('c.held'))).toBe(false);
  });
});
