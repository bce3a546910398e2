import { latin1Text } from '../bytes/ascii.js';
import type { FunctionRecord } from '../record.js';

/** Bytes of a library in which its first line ends. */
const FIRST_LINE = 200;

/** The name of a function library, from its first line: `#!lua name=mylib`. */
export function libraryName({ code, preGa }: Pick<FunctionRecord, 'code' | 'preGa'>): string {
  if (preGa !== undefined) return latin1Text(preGa.name);
  const line = latin1Text(code.subarray(0, FIRST_LINE)).split('\n')[0] ?? '';
  return /\bname=(\S+)/.exec(line)?.[1] ?? 'a library without name';
}
