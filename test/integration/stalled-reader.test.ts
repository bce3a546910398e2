import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { string } from '../support/bytes.js';
import { noise } from '../support/large-samples.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { rdbkit } from '../support/rdbkit.js';
import { Scratch } from '../support/scratch.js';

// A reader of standard output that takes nothing more, as `less` does, and goes on later or never.

const scratch = new Scratch();
afterAll(() => scratch.remove());

const dumpOf = (name: string, count: number, size: number) => {
  const builder = new RdbBuilder().selectDb(0);
  for (let i = 0; i < count; i++) builder.key(0, `key ${i}`, string(noise(size, i)));
  return scratch.file(name, builder.build());
};
const dump = dumpOf('dump.rdb', 12, 1 << 20);
/** Of which all is written at the end. */
const small = dumpOf('small.rdb', 1, 100_000);

/** More than a run takes to fill the pipe, and longer than a full one is waited for. */
const STALL_MS = 1500;

let pipes = 0;

/** Runs `rdbkit` into a pipe that nobody reads for a while; the end to read is `pipe`. */
async function stalled(...args: string[]) {
  await rdbkit(['--version']);
  const path = scratch.path(`pipe ${pipes++}`);
  execFileSync('mkfifo', [path]);
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = openSync(path, 'w');
  const program = fileURLToPath(new URL('../../bin/rdbkit.js', import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', output, 'pipe'] });
  closeSync(output);
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  await setTimeout(STALL_MS);
  expect(child.exitCode).toBeNull();
  return { child, pipe, stderr: () => stderr };
}

test.each([
  ['SIGINT', dump],
  ['SIGTERM', dump],
  ['SIGHUP', dump],
  ['SIGTERM', small],
] as const)('%s ends a run that waits for it (%#)', async (signal, source) => {
  const { child, pipe, stderr } = await stalled('export', source, '--quiet');
  const ended = once(child, 'close');
  child.kill(signal);
  expect(await ended).toEqual([130, null]);
  expect(stderr()).toBe('rdbkit: interrupted\n');
  closeSync(pipe);
});

test.each([{ args: [] }, { args: ['--gzip'] }])(
  'gets everything when it goes on: $args',
  async ({ args }) => {
    const out = scratch.path(`out ${args.length}`);
    expect((await rdbkit(['export', dump, '-o', out, ...args])).code).toBe(0);
    const { child, pipe, stderr } = await stalled('export', dump, ...args);
    const ended = once(child, 'close');
    const chunks: Buffer[] = [];
    const chunk = Buffer.alloc(1 << 16);
    for (let size = -1; size !== 0; ) {
      try {
        size = readSync(pipe, chunk);
        chunks.push(Buffer.from(chunk.subarray(0, size)));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown;
        await setTimeout(1);
      }
    }
    closeSync(pipe);
    expect(await ended).toEqual([0, null]);
    expect(stderr()).toBe('');
    expect(Buffer.concat(chunks).equals(readFileSync(out))).toBe(true);
  },
);
