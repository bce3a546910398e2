import { parseCanonicalInteger } from '../bytes/ascii.js';
import type { Integer } from '../bytes/integer.js';
import type { LogBegin, LogHead } from '../record.js';

/** Arguments from the first that can be looked at; those behind stand in the parts of a large command. */
export function heldArguments(command: LogHead): number {
  if (command.kind === 'log-command') return command.argumentCount;
  return Math.min(command.argumentCount, (command as LogBegin).heldArguments);
}

/** True when argument `i`, which must be held, is this word in any case. @param word in upper case */
export function isWord(command: LogHead, i: number, word: string): boolean {
  const { bytes } = command;
  const start = command.argumentStart(i);
  if (command.argumentEnd(i) - start !== word.length) return false;
  for (let at = 0; at < word.length; at++) {
    const byte = bytes[start + at] as number;
    const folded = byte >= 0x61 && byte <= 0x7a ? byte - 32 : byte;
    if (folded !== word.charCodeAt(at)) return false;
  }
  return true;
}

/** Number of the word in `words` that argument `i`, which must be held, is in any case; -1 for none. */
export function wordIndex(command: LogHead, i: number, words: readonly string[]): number {
  for (let number = 0; number < words.length; number++) {
    if (isWord(command, i, words[number] as string)) return number;
  }
  return -1;
}

/** Argument `i`, which must be held, as servers read an integer; undefined when it is none. */
export function integerArgument(command: LogHead, i: number): Integer | undefined {
  return parseCanonicalInteger(command.bytes, command.argumentStart(i), command.argumentEnd(i));
}
