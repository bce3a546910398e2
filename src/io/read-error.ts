import { RdbkitError, type RdbkitErrorCode } from '../errors.js';

const ADVICE: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'check the path'],
  EACCES: ['reading it is not permitted', 'check the permissions of the file and its folders'],
  EPERM: ['reading it is not permitted', 'check the permissions of the file and its folders'],
  EISDIR: ['it is a folder, not a file', 'name the file in it'],
  ENOTDIR: ['a part of its path is no folder', 'check the path'],
};

/** What to do about input that is damaged, where the fault itself has no better advice. */
const DAMAGED: Readonly<Partial<Record<RdbkitErrorCode, string>>> = {
  INPUT_TRUNCATED: 'the dump is cut off, or still being written: get the whole of it',
  INPUT_CORRUPT: 'take another copy of the dump, and see rdbkit check for all that is damaged in this one',
  INPUT_CHECKSUM: 'take another copy of the dump, and see rdbkit check for all that is damaged in this one',
  INPUT_UNSUPPORTED: 'use the newest rdbkit, or take the dump from a server that it knows',
  LIMIT_EXCEEDED: 'check that the dump is not damaged',
};

/** The error for something the file system refused, in words for a person. */
export function readError(thrown: unknown, subject: string): RdbkitError {
  if (thrown instanceof RdbkitError) {
    thrown.subject ??= subject;
    thrown.hint ??= DAMAGED[thrown.code];
    return thrown;
  }
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  const [message, hint] = ADVICE[code] ?? [
    thrown instanceof Error ? thrown.message : String(thrown),
    undefined,
  ];
  return new RdbkitError('IO', message, { subject, hint, cause: thrown });
}
