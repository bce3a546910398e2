import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { isClosedPipe, pipeOutput } from '../../src/io/stdout-output.js';
import { Scratch } from '../support/scratch.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const MiB = new Uint8Array(1 << 20).fill(0x61);

/** A shell command that reads a named pipe, and our end of it, which does not block. */
async function reader(name: string, script: string): Promise<{ file: number; child: ChildProcess }> {
  const path = scratch.path(name);
  execFileSync('mkfifo', [path]);
  const child = spawn('sh', ['-c', script, 'sh', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  for (;;) {
    try {
      return { file: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK), child };
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENXIO') throw thrown;
      await setTimeout(5);
    }
  }
}

test('waits for a slow reader', async () => {
  const { file, child } = await reader('slow', 'exec 3<"$1"; sleep 0.2; wc -c <&3');
  let count = '';
  child.stdout?.on('data', (text) => {
    count += text;
  });
  const output = pipeOutput(file, 'stdout');
  for (let i = 0; i < 3; i++) output.write(MiB);
  output.close();
  closeSync(file);
  await once(child, 'close');
  expect(count.trim()).toBe(String(3 * MiB.length));
});

test('puts aside what is for a reader that has stalled, and sends it on', async () => {
  const { file, child } = await reader('stalled', 'exec 3<"$1"; sleep 1; cksum <&3');
  const [output, plain] = [pipeOutput(file, 'stdout'), pipeOutput(file, 'stdout')];
  let sum = '';
  child.stdout?.on('data', (text) => {
    sum += text;
  });
  expect(output.settle?.()).toBeUndefined();
  for (let i = 0; i < 6; i++) output.write(MiB.map((_, at) => (at * (i + 1)) % 251));
  const abort = new AbortController();
  const settled = output.settle?.(abort.signal);
  expect(settled).toBeInstanceOf(Promise);
  await settled;
  expect(output.settle?.()).toBeUndefined();
  // What nobody settles is waited for in the end.
  plain.write(MiB);
  plain.close();
  closeSync(file);
  await once(child, 'close');
  const all = [...Array(6).keys()].map((i) => MiB.map((_, at) => (at * (i + 1)) % 251));
  expect(sum).toBe(execFileSync('cksum', { input: Buffer.concat([...all, MiB]) }).toString());
});

test('gives up on a reader that has stalled when the run is interrupted', async () => {
  const { file, child } = await reader('never', 'exec 3<"$1"; exec sleep 60');
  const output = pipeOutput(file, 'stdout');
  output.write(MiB);
  const abort = new AbortController();
  const settled = output.settle?.(abort.signal);
  abort.abort();
  await expect(settled).rejects.toMatchObject({ code: 'ABORTED' });
  output.abort();
  closeSync(file);
  child.kill();
});

test('tells a reader that has gone from a fault', async () => {
  const { file } = await reader('head', 'head -c 10 "$1" >/dev/null');
  const output = pipeOutput(file, 'stdout');
  let thrown: unknown;
  try {
    for (;;) output.write(MiB);
  } catch (error) {
    thrown = error;
  }
  closeSync(file);
  expect(thrown).toBeInstanceOf(RdbkitError);
  expect(thrown).toMatchObject({ code: 'IO', subject: 'stdout' });
  expect(isClosedPipe(thrown)).toBe(true);
});

test('says what else is wrong with an output', () => {
  const file = openSync('/dev/null', 'r');
  const write = () => pipeOutput(file, 'stdout').write(MiB);
  expect(write).toThrow(expect.objectContaining({ code: 'IO', subject: 'stdout' }));
  closeSync(file);
  for (const other of [new Error('EPIPE'), undefined, new RdbkitError('IO', 'full')]) {
    expect(isClosedPipe(other)).toBe(false);
  }
});
