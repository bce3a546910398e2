import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { unpackAof } from '../support/aof-corpus.js';
import { Scratch } from '../support/scratch.js';
import { type RunningServer, servers, startServer } from '../support/servers.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const DUMP = join(root, 'fixtures/corpus/r70/dump.rdb');

/** The code blocks of a language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code]) => code as string,
  );
}

const commands = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.includes('rdbkit '));

describe.skipIf(servers.length === 0)('the README', () => {
  const scratch = new Scratch();
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer(servers[0] as (typeof servers)[number]);
    copyFileSync(DUMP, scratch.path('dump.rdb'));
    writeFileSync(scratch.path('dump.rdb.gz'), gzipSync(readFileSync(DUMP)));
    writeFileSync(scratch.path('cut-off.rdb'), readFileSync(DUMP).subarray(0, 100_000));
    unpackAof('r70', scratch.folder);
    mkdirSync(scratch.path('node_modules'));
    symlinkSync(root, scratch.path('node_modules/rdbkit'));
    mkdirSync(scratch.path('bin'));
    writeFileSync(
      scratch.path('bin/rdbkit'),
      `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/rdbkit.js')}' "$@"\n`,
      { mode: 0o755 },
    );
  });
  afterAll(async () => {
    await server.stop();
    scratch.remove();
  });
  beforeEach(async () => {
    await server.client.flushall();
    await server.client.call('FUNCTION', 'FLUSH');
  });

  const here = (text: string) => text.replaceAll('127.0.0.1:6379', `127.0.0.1:${server.port}`);

  const run = (command: string) =>
    spawnSync('sh', ['-c', here(command)], {
      cwd: scratch.folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${scratch.path('bin')}:${process.env['PATH']}` },
    });

  test.each(commands)('%s', (command) => {
    // A replay goes on from what the line before it has imported.
    if (command.startsWith('rdbkit replay')) run(commands[commands.indexOf(command) - 1] as string);
    const { status, stderr } = run(command);
    expect(`${status} ${stderr}`).toMatch(command.includes('cut-off') ? /^1 / : /^0 /);
  });

  test.each(blocks('js').map((code, i) => [i + 1, code] as const))('library example %i', (i, code) => {
    const file = scratch.path(`example-${i}.mjs`);
    writeFileSync(file, here(code));
    expect(execFileSync(process.execPath, [file], { cwd: scratch.folder, encoding: 'utf8' })).not.toBe('');
  });

  test('names two commands that are scripts of the package', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['quickstart', 'test']));
    expect(readme).toMatch(/npm run quickstart/);
    expect(readme).toMatch(/npm test/);
  });
});
