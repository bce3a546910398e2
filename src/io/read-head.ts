import { closeSync, openSync, readSync } from 'node:fs';

/** The first bytes of a file, as many as there are of `size`. */
export function readHead(path: string, size: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const head = new Uint8Array(size);
    return head.subarray(0, readSync(file, head, 0, size, 0));
  } finally {
    closeSync(file);
  }
}
