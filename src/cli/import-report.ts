import { type Account, type AofSource, type ImportReport, RdbkitError, type Target } from '../index.js';
import { accountJson, accountText } from './account-text.js';
import type { ImportOptions } from './import.js';
import { print, printJson } from './output.js';
import { logJson, tailNotes } from './replay-report.js';
import { writeReport } from './report-file.js';

/** What a report of an import is made from. */
export interface ImportFrame {
  readonly account: Account;
  /** The log, where it is one that was imported. */
  readonly log?: AofSource | undefined;
  readonly options: Pick<ImportOptions, 'dryRun' | 'report' | 'json'>;
  readonly seconds: number;
}

/** Prints the account of an import that came to its end, and writes it where `--report` says. */
export function reportImport({ target, dryRun }: ImportReport, frame: ImportFrame): void {
  const { account, options, seconds } = frame;
  const title = dryRun ? 'Dry run: nothing was written to' : 'Imported into';
  const json = {
    target: targetJson(target),
    dryRun,
    ...(frame.log === undefined ? {} : logJson(frame.log)),
    ...accountJson(account, { seconds }),
  };
  if (options.json === true) printJson(json);
  else print(`${title} ${target.label} (${target.server} ${target.version})`, ...lines(frame));
  if (options.report !== undefined) writeReport(options.report, json);
}

/** Prints what was done until an import failed. */
export function reportFailure(thrown: unknown, frame: ImportFrame): void {
  const { account, options, seconds } = frame;
  const { code, ...error } = describe(RdbkitError.from(thrown));
  const json = { error: { code, ...error }, ...accountJson(account, { seconds }) };
  if (options.json === true) printJson(json);
  else if (account.totals(() => true).read > 0) print('Not finished. Until then:', ...lines(frame));
  if (options.report !== undefined) writeReport(options.report, json);
}

function lines({ account, log, options, seconds }: ImportFrame): string[] {
  const text = accountText(account, {
    seconds,
    ...(options.dryRun === true ? { written: 'would be written' } : {}),
  });
  return log === undefined ? text : [...text, ...tailNotes(log).map((text) => `  note: ${text}`)];
}

function describe(error: RdbkitError) {
  const { code, offset, where, subject } = error;
  return { code, message: error.describe(), offset, where, subject };
}

function targetJson({ label, server, version, format, notes }: Target) {
  return { address: label, server, version, rdbVersion: format.rdbVersion, notes };
}
