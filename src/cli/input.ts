import { type RdbSource, type RdbSourceOptions, rdbFile, rdbStream } from '../index.js';

/** A source of the command line: `-` is standard input, anything else a path. */
export function openSource(name: string, options: RdbSourceOptions = {}): RdbSource {
  return name === '-' ? rdbStream(process.stdin, 'stdin', options) : rdbFile(name, options);
}
