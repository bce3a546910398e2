import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { formatManifest, parseManifest, surveyManifest } from '../../src/aof/manifest.js';
import { aofSource } from '../../src/io/aof-source.js';
import { logOf } from '../support/log-bytes.js';
import { CommandCollector } from '../support/log-reader.js';
import { Scratch } from '../support/scratch.js';
import { describeServers, type Server, servers, startServer } from '../support/servers.js';

const scratch = new Scratch();
afterEach(() => {
  for (const name of readdirSync(scratch.folder))
    rmSync(scratch.path(name), { recursive: true, force: true });
});
afterAll(() => scratch.remove());

/** Starts a server on a folder with a manifest; undefined when it refuses to start. */
async function load(server: Server, manifest: Uint8Array | string, files: Record<string, Uint8Array>) {
  const folder = scratch.path('appendonlydir');
  rmSync(scratch.folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'appendonly.aof.manifest'), manifest);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  try {
    return await startServer(server, { config: ['--dir', scratch.folder, '--appendonly', 'yes'] });
  } catch {
    return undefined;
  }
}

describeServers((server) => {
  test('names that need quotes, in a manifest that we wrote', async () => {
    const names = ['a b.aof', 'quo"te\'s.aof', 'é☃.aof', 'tab\there.aof'];
    const rows = names.map(
      (name, i) => ({ name, seq: i + 1, role: i === 0 ? 'base' : 'increment' }) as const,
    );
    const files = Object.fromEntries(names.map((name, i) => [name, logOf(`SET key${i} value`)]));
    const running = await load(server, formatManifest(rows), files);
    expect(running).toBeDefined();
    try {
      expect((await running?.client.keys('*'))?.sort()).toEqual(['key0', 'key1', 'key2', 'key3']);
      const written = readFileSync(scratch.path('appendonlydir/appendonly.aof.manifest'));
      expect(parseManifest(written).map(({ name }) => name)).toEqual(names);
    } finally {
      await running?.stop();
    }
  });

  test('each increment is loaded with database 0 selected', async () => {
    const running = await load(server, 'file a seq 1 type i\nfile b seq 2 type i\n', {
      a: logOf('SELECT 5', 'SET a 1'),
      b: logOf('SET b 2'),
    });
    try {
      expect(await running?.client.keys('*')).toEqual(['b']);
    } finally {
      await running?.stop();
    }
    const collector = new CommandCollector();
    for await (const { records } of aofSource(scratch.folder).read(new AbortController().signal)) {
      collector.take(records);
    }
    expect(collector.commands.map(({ args, db }) => `${args[1]} ${db}`)).toEqual(['5 5', 'a 5', 'b 0']);
  });

  // Each is a start of a server: the oldest and the newest are asked.
  test
    .runIf(server === servers[0] || server === servers.at(-1))
    .each([
      'file a seq 1 type b\n',
      'file a seq 1 type b',
      '# comment\nfile a seq 1 type b\n',
      '\nfile a seq 1 type b\n',
      '',
      'FILE a SEQ 1 TYPE b\n',
      'type b new thing file a seq 1\n',
      'file a seq 1 type b new\n',
      'file a seq 1 type base\r\n',
      "file 'a' seq 1 type b\n",
      'file "\\x61" seq 1 type b\n',
      'file "a"x seq 1 type b\n',
      'file sub/a seq 1 type b\n',
      'file a seq 0 type b\n',
      'file a seq 1 type x\n',
      'file a seq 2 type i\nfile b seq 1 type i\n',
      'file a seq 1 type b\nfile b seq 1 type b\n',
      'file a seq 1 type b\nfile b seq 7 type i\n',
      `file a seq 1 type b note ${'x'.repeat(990)}\n`,
      `file a seq 1 type b note ${'x'.repeat(1010)}\n`,
    ])('takes a manifest as this server does: %j', async (manifest) => {
    const running = await load(server, manifest, { a: logOf('SET a 1'), b: logOf('SET b 2') });
    await running?.stop();
    const { faults } = surveyManifest(Buffer.from(manifest));
    expect(faults.map(({ message }) => message).join() || 'loads').toMatch(
      running === undefined ? /^(?!loads)/ : /^loads$/,
    );
  });
});
