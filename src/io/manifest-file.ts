import { readFileSync, statSync } from 'node:fs';
import { latin1Text } from '../bytes/ascii.js';
import { RdbkitError } from '../errors.js';

/** More is no manifest: a server's has some hundred bytes. */
const LARGEST_MANIFEST = 16 * 1024 * 1024;

/** Whether the first bytes of a file are those of a manifest: comments, then a line that names a file. */
export function looksLikeManifest(head: Uint8Array): boolean {
  return /^(?:#(?!TS:)[^\n]*\n)*file\s+\S/i.test(latin1Text(head.subarray(0, 4096)));
}

/** @throws the error of the file system; RdbkitError LIMIT_EXCEEDED, or IO where it is no file */
export function readManifest(path: string): Uint8Array {
  const stat = statSync(path);
  // A pipe would be waited for.
  if (!stat.isFile() && !stat.isDirectory())
    throw new RdbkitError('IO', 'the manifest is no file', { subject: path });
  const { size } = stat;
  if (size <= LARGEST_MANIFEST) return readFileSync(path);
  throw new RdbkitError('LIMIT_EXCEEDED', `a manifest of ${size} bytes`, { subject: path });
}
