import { resolve } from 'node:path';
import { RdbkitError, refuseSameFile } from '../index.js';

/**
 * Makes sure, before anything is written, that every file a run writes has a name, and is none that
 * it reads, nor another that it writes.
 * @param written the files by their option, in the order in which they are spoken of
 * @param read paths; `-` is standard input
 * @throws RdbkitError USAGE
 */
export function requireOwnFiles(
  written: Readonly<Record<string, string | undefined>>,
  read: readonly (string | undefined)[],
): void {
  const inputs = read.filter((path) => path !== undefined);
  const before: (readonly [flag: string, path: string])[] = [];
  for (const [flag, path] of Object.entries(written)) {
    if (path === undefined) continue;
    requireName(path, flag);
    refuseSameFile(path, inputs);
    const other = before.find(([, taken]) => resolve(taken) === resolve(path));
    if (other !== undefined && !path.startsWith('/dev/')) {
      throw new RdbkitError('USAGE', `${other[0]} and ${flag} name the same file`, {
        subject: path,
        hint: 'give each a file of its own',
      });
    }
    before.push([flag, path]);
  }
}

/**
 * An empty name is mostly a variable of the shell that is not set.
 * @throws RdbkitError USAGE
 */
export function requireName(path: string, what: string): void {
  if (path !== '') return;
  throw new RdbkitError('USAGE', `the name given for ${what} is empty`, { hint: 'name a file' });
}
