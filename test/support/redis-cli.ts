import { spawn } from 'node:child_process';
import type { RunningServer } from './servers.js';

/** Gives commands to `redis-cli --pipe` and returns what it says; the last line counts the errors. */
export function pipeCommands(running: RunningServer, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('redis-cli', ['-s', running.socket, '--pipe'], { stdio: 'pipe' });
    let said = '';
    const hear = (text: Buffer) => {
      said += text;
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('close', () => resolve(said));
    // What it says tells why it has ended before its input.
    child.stdin.on('error', () => {});
    child.stdin.end(bytes);
  });
}
