import { RdbkitError } from '../errors.js';

const ADVICE: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ['the folder for it is not there', 'make the folder, or name another'],
  ENOTDIR: ['a part of its path is no folder', 'check the path'],
  EISDIR: ['it is a folder', 'name a file in it'],
  EACCES: ['writing it is not permitted', 'check the permissions of its folder'],
  EPERM: ['writing it is not permitted', 'check the permissions of its folder'],
  EROFS: ['the file system can only be read', 'name a file elsewhere'],
  ENOSPC: ['the disk is full', 'make room, or name a file on another disk'],
  EDQUOT: ['the quota of the disk is used up', 'make room, or name a file on another disk'],
  EFBIG: ['it is larger than a file may be there', 'split the output, or name a file elsewhere'],
  ENAMETOOLONG: ['its name is too long', 'give a shorter name'],
  EMFILE: ['too many files are open', 'raise the limit of open files: ulimit -n'],
};

/** The error for something the file system refused to write, in words for a person. */
export function writeError(thrown: unknown, subject: string): RdbkitError {
  if (thrown instanceof RdbkitError) {
    thrown.subject ??= subject;
    return thrown;
  }
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  const [message, hint] = ADVICE[code] ?? [
    `it cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    undefined,
  ];
  return new RdbkitError('IO', message, { subject, hint, cause: thrown });
}
