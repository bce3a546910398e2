import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Account, RdbkitError } from '../index.js';
import { accountJson } from './account-text.js';
import { jsonOf } from './output.js';

/**
 * Makes sure before anything is written that there is a place for the report.
 * @throws RdbkitError IO
 */
export function requireReportFolder(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (thrown) {
    throw reportError(path, thrown);
  }
}

/**
 * A report is written beside its place and renamed, so that no half of one is ever there. What is
 * no plain file, a device or a pipe, is written to as it is: a rename would take its place.
 */
export function writeReport(path: string, report: unknown): void {
  const text = `${jsonOf(report, 2)}\n`;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile() && !there.isDirectory()) {
      writeFileSync(path, text);
      return;
    }
  } catch (thrown) {
    throw reportError(path, thrown);
  }
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, text, { mode: 0o600 });
    renameSync(beside, path);
  } catch (thrown) {
    rmSync(beside, { force: true });
    throw reportError(path, thrown);
  }
}

/** Writes what ended a run, with the account as far as it came. */
export function writeFailure(path: string, thrown: unknown, account: Account, seconds: number): void {
  const error = RdbkitError.from(thrown);
  writeReport(path, {
    error: { code: error.code, message: error.describe() },
    ...accountJson(account, { seconds }),
  });
}

function reportError(path: string, thrown: unknown): RdbkitError {
  return new RdbkitError('IO', `the report cannot be written: ${(thrown as Error).message}`, {
    subject: path,
    hint: 'check the folder, its permissions and the room on the disk',
    cause: thrown,
  });
}
