import { type AnySource, type AnySourceOptions, anyFile, anyStream } from '../index.js';
import { requireName } from './own-files.js';

/** A source of the command line: `-` is standard input, anything else a path. */
export function openSource(name: string, options: AnySourceOptions = {}): AnySource {
  requireName(name, 'a source');
  return name === '-' ? anyStream(process.stdin, 'stdin', options) : anyFile(name, options);
}
