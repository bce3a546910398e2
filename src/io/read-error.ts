import { RdbkitError } from '../errors.js';

const ADVICE: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'check the path'],
  EACCES: ['reading it is not permitted', 'check the permissions of the file and its folders'],
  EPERM: ['reading it is not permitted', 'check the permissions of the file and its folders'],
  EISDIR: ['it is a folder, not a file', 'name the dump inside it'],
  ENOTDIR: ['a part of its path is no folder', 'check the path'],
};

/** The error for something the file system refused, in words for a person. */
export function readError(thrown: unknown, subject: string): RdbkitError {
  if (thrown instanceof RdbkitError) {
    thrown.subject ??= subject;
    return thrown;
  }
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  const [message, hint] = ADVICE[code] ?? [
    thrown instanceof Error ? thrown.message : String(thrown),
    undefined,
  ];
  return new RdbkitError('IO', message, { subject, hint, cause: thrown });
}
