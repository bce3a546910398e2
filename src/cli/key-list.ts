import { readFileSync, statSync } from 'node:fs';
import { ByteSet, defaultLimits, latin1Text, RdbkitError, readError, unquote } from '../index.js';
import { requireName } from './own-files.js';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/**
 * Reads the keys of `--keys-from`: one a line, as they are; a line in double quotes is unescaped
 * as redis-cli would. Empty lines are passed over.
 */
export function readKeyList(path: string): ByteSet {
  const keys = new ByteSet();
  const bytes = readList(path);
  for (let start = 0; start < bytes.length; ) {
    const next = bytes.indexOf(LF, start);
    const lineEnd = next < 0 ? bytes.length : next;
    const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    if (end > start) keys.add(keyOfLine(bytes.subarray(start, end)));
    start = lineEnd + 1;
  }
  return keys;
}

function keyOfLine(line: Uint8Array): Uint8Array {
  return (line[0] === QUOTE ? unquote(latin1Text(line)) : undefined) ?? line;
}

function readList(path: string): Uint8Array {
  requireName(path, '--keys-from');
  try {
    const { size } = statSync(path);
    if (size > defaultLimits.maxKeyList) {
      throw new RdbkitError('LIMIT_EXCEEDED', `a key list of ${size} bytes`, {
        subject: path,
        hint: `split it into lists of at most ${defaultLimits.maxKeyList} bytes`,
      });
    }
    return readFileSync(path);
  } catch (thrown) {
    throw readError(thrown, path);
  }
}
