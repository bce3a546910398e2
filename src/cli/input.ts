import { type AnySource, type AnySourceOptions, anyFile, anyStream } from '../index.js';

/** A source of the command line: `-` is standard input, anything else a path. */
export function openSource(name: string, options: AnySourceOptions = {}): AnySource {
  return name === '-' ? anyStream(process.stdin, 'stdin', options) : anyFile(name, options);
}
