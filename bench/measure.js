import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const peakHook = fileURLToPath(new URL('peak.js', import.meta.url));

/**
 * Runs a command once and returns what it took: CPU seconds and wall seconds, by bash's `time`,
 * and for Node its peak memory in MiB.
 */
export async function measure(command, { input } = {}) {
  const peakFile = join(tmpdir(), `rdbkit-peak-${process.pid}`);
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r');
  const shell = spawn('bash', ['-c', `TIMEFORMAT='%U %S %R'; time ${quoted} >/dev/null 2>&1`], {
    stdio: [stdin, 'ignore', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: `--import=${peakHook}`, RDBKIT_PEAK_FILE: peakFile, LC_ALL: 'C' },
  });
  let times = '';
  shell.stderr.on('data', (text) => {
    times += text;
  });
  const [code] = await once(shell, 'close');
  if (typeof stdin === 'number') closeSync(stdin);
  const [user, system, wall] = times.trim().split(' ').map(Number);
  return { cpu: user + system, wall, peak: peakOf(peakFile), code };
}

function peakOf(file) {
  try {
    return Number(readFileSync(file, 'utf8')) / 1024;
  } catch {
    return Number.NaN;
  } finally {
    rmSync(file, { force: true });
  }
}

/** Runs two commands in turn, so that a machine that changes its pace changes it for both. */
export async function compare(ours, theirs, { runs = 5, before = async () => {} } = {}) {
  const pairs = [];
  for (let i = -1; i < runs; i++) {
    await before();
    const their = await theirs();
    await before();
    const our = await ours();
    if (i >= 0) pairs.push([our, their]);
  }
  const pick = (of) => median(pairs.map(of));
  return {
    ours: {
      cpu: pick(([our]) => our.cpu),
      wall: pick(([our]) => our.wall),
      peak: Math.max(...pairs.map(([our]) => our.peak)),
    },
    theirs: { cpu: pick(([, their]) => their.cpu), wall: pick(([, their]) => their.wall) },
    cpuRatio: pick(([our, their]) => their.cpu / our.cpu),
    wallRatio: pick(([our, their]) => our.wall / their.wall),
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
