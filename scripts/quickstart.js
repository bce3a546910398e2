// `npm run quickstart`: installs, builds, and shows the main job on a private server.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build, ensureServer, installPackages, root } from './setup.js';

const DUMP = 'fixtures/corpus/r70/dump.rdb';

installPackages();
const hasServer = ensureServer();
build();

function rdbkit(...args) {
  console.log(`\n$ rdbkit ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, [join(root, 'bin/rdbkit.js'), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return status;
}

rdbkit('info', DUMP, '--largest', '3');
if (hasServer) await importIntoServer();
else showRecords();

async function importIntoServer() {
  const folder = mkdtempSync(join(tmpdir(), 'rdbkit-quickstart-'));
  const port = String(await freePort());
  const server = spawn(
    'redis-server',
    ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    {
      stdio: 'ignore',
    },
  );
  const cli = (...args) => spawnSync('redis-cli', ['-p', port, ...args], { encoding: 'utf8' }).stdout.trim();
  try {
    for (let tries = 0; cli('ping') !== 'PONG' && tries < 100; tries++) await setTimeout(50);
    console.log(`\nA private redis-server runs on port ${port}.`);
    rdbkit('import', DUMP, '--to', `redis://127.0.0.1:${port}`, '--map-db', '3:0', '--conflict', 'skip');
    console.log('\nWhat the server holds now:');
    for (const args of [
      ['dbsize'],
      ['get', 'str:int16'],
      ['lrange', 'list:small', '0', '3'],
      ['pexpiretime', 'list:small'],
      ['xlen', 'stream:big'],
    ]) {
      console.log(`$ redis-cli ${args.join(' ')}\n${cli(...args)}`);
    }
  } finally {
    server.kill();
    await new Promise((resolve) => server.once('exit', resolve));
    rmSync(folder, { recursive: true });
    console.log('\nThe private server is stopped.');
  }
}

/** Without a server: the same reading and remapping, as JSON Lines. */
function showRecords() {
  console.log('\nWithout a server nothing can be imported. What would be, database 3 mapped to 0:');
  rdbkit('export', DUMP, '--map-db', '3:0', '--conflict', 'skip', '--key', '*small', '--limit', '5');
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
