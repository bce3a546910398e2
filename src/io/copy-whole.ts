import { chmodSync, closeSync, constants, copyFileSync, fsyncSync, openSync } from 'node:fs';
import { writeError } from './write-error.js';

/**
 * Copies a file as it is, and syncs it; without copying bytes where the file system can.
 * @throws RdbkitError IO
 */
export function copyWhole(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // It has the permissions of the source, which may be for reading only.
    chmodSync(to, 0o600);
    const file = openSync(to, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    throw writeError(thrown, to);
  }
}
