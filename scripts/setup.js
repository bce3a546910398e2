// What the two commands of the README need before they can do their work, on a clone where
// nothing was installed by hand.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const isWindows = process.platform === 'win32';

/** Installs the packages of the lockfile, unless that was done since it last changed. */
export function installPackages() {
  const mark = join(root, 'node_modules/.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(mark) && statSync(mark).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('Installing packages …');
  execFileSync(isWindows ? 'npm.cmd' : 'npm', ['ci'], { cwd: root, stdio: 'inherit', shell: isWindows });
}

export function build() {
  execFileSync(process.execPath, [join(root, 'scripts/build.js')], { cwd: root, stdio: 'inherit' });
}

/** Whether there is a redis-server, after trying to get one by apt where this runs as root. */
export function ensureServer() {
  if (hasServer()) return true;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && spawnSync('apt-get', ['--version']).status === 0) {
    console.log('Installing redis-server by apt …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = (...args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    apt('-qq', 'update');
    apt('-qq', '-y', '--no-install-recommends', 'install', 'redis-server', 'redis-tools');
    if (hasServer()) return true;
  }
  console.log(
    'There is no redis-server on the PATH. Install one (Debian, Ubuntu: apt install redis-server; ' +
      'Fedora: dnf install redis; macOS: brew install redis) and run this again for the whole of it.',
  );
  return false;
}

function hasServer() {
  return spawnSync('redis-server', ['--version']).status === 0;
}
