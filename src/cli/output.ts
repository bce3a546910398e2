import { exitCodeOf, RdbkitError } from '../index.js';

/** Writes lines to standard output. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Writes one JSON value on a line. */
export function printJson(value: unknown): void {
  print(jsonOf(value));
}

/** A value as JSON; integers beyond a double become strings of digits. */
export function jsonOf(value: unknown, indent = 0): string {
  return JSON.stringify(
    value,
    (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part),
    indent,
  );
}

/** Says something that is no error on standard error. */
export function note(text: string): void {
  process.stderr.write(`rdbkit: ${text}\n`);
}

/** The error for standard output that takes no more, as on a full disk. */
export function unwritable(cause: Error): RdbkitError {
  return new RdbkitError('IO', `it cannot be written: ${cause.message}`, {
    subject: 'stdout',
    hint: 'make room, or send it elsewhere',
    cause,
  });
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
