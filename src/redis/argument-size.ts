import type { LogBegin, LogHead } from '../record.js';

const CR = 0x0d;
const BULK = 0x24;
const ZERO = 0x30;

/**
 * Whether an argument of a command is longer than a server takes, which would end the connection.
 * Of a command in parts those are looked at that are held, and the one that is cut off there.
 */
export function hasLongerArgument(command: LogHead, maxBytes: number): boolean {
  const isWhole = command.kind === 'log-command';
  if ((isWhole ? command.end - command.start : (command as LogBegin).size) <= maxBytes) return false;
  const held = isWhole ? command.argumentCount : (command as LogBegin).heldArguments;
  for (let i = 0; i < held; i++) {
    if (command.argumentEnd(i) - command.argumentStart(i) > maxBytes) return true;
  }
  return held < command.argumentCount && declaredSize(command, held) > maxBytes;
}

/** What the header of the argument says that is not held whole; 0 where that is not there either. */
function declaredSize(command: LogHead, i: number): number {
  const { bytes, end } = command;
  let at = i === 0 ? bytes.indexOf(CR, command.start) + 2 : command.argumentEnd(i - 1) + 2;
  if (at >= end || bytes[at] !== BULK) return 0;
  let size = 0;
  for (at++; at < end && bytes[at] !== CR; at++) size = 10 * size + (bytes[at] as number) - ZERO;
  return at < end ? size : 0;
}
