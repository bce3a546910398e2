import { CommandSearch, type FoundCommands, RUN } from './command-search.js';
import type { TornTail } from './decoder.js';
import type { PositionReader } from './position-window.js';

/**
 * The next position from `from` on at which a log goes on: a command whose header and whose every
 * argument check out, confirmed by what follows it.
 *
 * - The commands behind it are followed to the next fault (or for 512 MiB). Three or more in a row
 *   are believed. Fewer are believed when the first is one that servers write to a log, with as
 *   many arguments as it takes.
 * - RESP text in a value is no log. Such a run ends where the value ends: at a CR LF behind which
 *   an argument or a command begins, or nothing; or it ends within an argument that stands whole
 *   around it. What is in it is passed over then. A run that goes on behind the end which an
 *   argument claims shows that the argument's length is what is damaged.
 * - An argument that reaches beyond `end` makes no whole command, so a length that is damaged
 *   swallows nothing.
 *
 * Memory is two windows of 256 KiB. Arguments are passed over by position, and how many are passed
 * in vain is bounded by the bytes searched, so hostile bytes cost no more than time in proportion.
 *
 * @param from position to begin at; @param end position behind the last byte of the part
 */
export function findCommands(reader: PositionReader, from: number, end: number): FoundCommands | undefined {
  return new CommandSearch(reader, end).find(from);
}

/**
 * The same behind a command that is damaged. Commands in what its arguments claim are their text,
 * unless they go on behind the end of that: bytes were changed, and no length was.
 * @param command position of its first byte; @param from position to begin at
 */
export function findBehind(
  reader: PositionReader,
  command: number,
  from: number,
  end: number,
): FoundCommands | undefined {
  const search = new CommandSearch(reader, end);
  const claimed = search.claimedEnd(command);
  return search.find(from, claimed > end ? from : Math.max(from, claimed));
}

/**
 * Where the log goes on in input that ends within a command. Undefined when it was cut off there;
 * else the length of an argument is damaged and swallows what follows: three commands or more stand
 * behind the end of a line in it then, and go on to the very end of the input. Those of a value that
 * is cut off stop in the middle of one, or begin where the value does.
 */
export function findInTail(reader: PositionReader, torn: TornTail): number | undefined {
  const end = torn.offset + torn.size;
  const search = new CommandSearch(reader, end);
  const open = search.openArgument(torn.offset);
  if (open === undefined) return undefined;
  for (let found = search.find(open); found !== undefined; found = search.find(found.end)) {
    if (found.offset === open) return undefined;
    const goesOn = found.end === end && found.commands >= RUN;
    if (goesOn && search.isLineEnd(found.offset - 2)) return found.offset;
  }
  return undefined;
}

/** Whether input that ends within a command was cut off there, see `findInTail`. */
export function judgeTail(reader: PositionReader, torn: TornTail): 'torn' | 'damage' {
  return findInTail(reader, torn) === undefined ? 'torn' : 'damage';
}

/** Whether a whole argument stands at a position where a command should begin. */
export function startsWithArgument(reader: PositionReader, at: number, end: number): boolean {
  return new CommandSearch(reader, end).wholeArgument(at) > at;
}

/** Position behind the `#TS:` lines that stand at a position. */
export function afterTimes(reader: PositionReader, at: number, end: number): number {
  return new CommandSearch(reader, end).passAnnotations(at);
}
