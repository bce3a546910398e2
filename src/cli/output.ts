import { exitCodeOf, RdbkitError } from '../index.js';

/** Writes lines to standard output. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Writes one JSON value on a line; integers beyond a double become strings of digits. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)));
}

/** Says an error on standard error, one sentence, and returns the exit code it stands for. */
export function reportError(thrown: unknown): number {
  const error = RdbkitError.from(thrown);
  process.stderr.write(`rdbkit: ${error.describe()}\n`);
  if (error.code === 'INTERNAL') {
    const trace = error.cause instanceof Error ? error.cause.stack : error.stack;
    process.stderr.write(`This is a bug in rdbkit. Please report it with this trace:\n${trace}\n`);
  }
  return exitCodeOf(error.code);
}
