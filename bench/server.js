import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A redis-server of its own on a free port of 127.0.0.1. */
export async function startServer(...config) {
  const folder = mkdtempSync(join(tmpdir(), 'rdbkit-bench-'));
  const port = await freePort();
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...config],
    { stdio: 'ignore' },
  );
  const command = (...args) => {
    const { stdout } = spawnSync('redis-cli', ['-p', String(port), ...args], { encoding: 'utf8' });
    return stdout.trim();
  };
  for (let tries = 0; command('PING') !== 'PONG'; tries++) {
    if (tries > 200) throw new Error('redis-server does not start');
    await setTimeout(50);
  }
  return {
    folder,
    port,
    url: `redis://127.0.0.1:${port}`,
    command,
    async stop() {
      server.kill();
      await once(server, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}

/** Sends commands through redis-cli --pipe. */
export async function feed(server, commands) {
  const pipe = spawn('redis-cli', ['-p', String(server.port), '--pipe'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  let text = '';
  for (const command of commands) {
    text += `*${command.length}\r\n`;
    for (const argument of command) text += `$${Buffer.byteLength(argument)}\r\n${argument}\r\n`;
    if (text.length < 1 << 20) continue;
    if (!pipe.stdin.write(text)) await once(pipe.stdin, 'drain');
    text = '';
  }
  pipe.stdin.end(text);
  await once(pipe, 'exit');
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
