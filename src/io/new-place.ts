import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { RdbkitError } from '../errors.js';
import { syncFolder } from './file-output.js';
import { writeError } from './write-error.js';

/**
 * A place beside the one where a file or a folder is to stand, so that it appears there whole or
 * not at all.
 */
export class NewPlace {
  /** Where to build it. */
  readonly path: string;

  /** @param output where it is to stand; `folder` makes a folder */
  constructor(
    private readonly output: string,
    private readonly isFolder: boolean,
  ) {
    const target = resolve(output);
    this.path = join(
      dirname(target),
      `${basename(target)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`,
    );
    if (isFolder) this.guard(() => mkdirSync(this.path, 0o700));
  }

  /** Where a file of the folder is to be built; the file itself where it is no folder. */
  file(name: string): string {
    return this.isFolder ? join(this.path, name) : this.path;
  }

  /** Writes a small file that lasts. */
  put(name: string, bytes: Uint8Array): void {
    this.guard(() => {
      const file = openSync(this.file(name), 'wx', 0o600);
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    });
  }

  /** Puts it where it belongs. */
  appear(): void {
    this.guard(() => {
      const mask = ~process.umask();
      if (this.isFolder) {
        for (const name of readdirSync(this.path)) chmodSync(join(this.path, name), 0o666 & mask);
        chmodSync(this.path, 0o777 & mask);
        syncFolder(this.path);
        if (existsSync(this.output)) rmdirSync(this.output);
      } else {
        chmodSync(this.path, 0o666 & mask);
      }
      renameSync(this.path, this.output);
      syncFolder(dirname(resolve(this.output)));
    });
  }

  /** Removes what was built. */
  abandon(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      throw writeError(thrown, this.output);
    }
  }
}

/**
 * Makes sure before anything is read that an output is none of the source, and takes nothing's place.
 * @param source the file or folder that is read
 * @throws RdbkitError USAGE where it is the source or in it; IO where something stands there
 */
export function requireFreePlace(output: string, source: string): void {
  const target = realPlace(output);
  const read = realPlace(source);
  if (target === read || target.startsWith(read + sep)) {
    throw new RdbkitError(
      'USAGE',
      target === read ? 'the output is the source itself' : 'the output is in the source',
      {
        subject: output,
        hint: 'a repair is never made in place: name a new one beside it',
      },
    );
  }
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const isEmptyFolder = stat.isDirectory() && readdirSync(target).length === 0;
  if (isEmptyFolder && statSync(read).isDirectory()) return;
  throw new RdbkitError(
    'IO',
    stat.isDirectory() ? 'there is a folder already' : 'there is a file of this name already',
    {
      subject: output,
      hint: 'name a new one',
    },
  );
}

/** The path behind links, of what may not be there yet. */
function realPlace(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch {
    const folder = dirname(whole);
    return folder === whole ? whole : join(realPlace(folder), basename(whole));
  }
}
