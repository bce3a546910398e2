import { CommandSearch, type FoundCommands } from './command-search.js';
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
 * Whether input that ends within a command was cut off there, or whether the length of an argument
 * is damaged and swallows what follows: commands stand behind it then, and none of them where the
 * argument itself begins, as they would if they were its text.
 */
export function judgeTail(reader: PositionReader, torn: TornTail): 'torn' | 'damage' {
  const end = torn.offset + torn.size;
  const search = new CommandSearch(reader, end);
  const open = search.openArgument(torn.offset);
  if (open === undefined) return 'torn';
  const found = search.find(open);
  return found === undefined || found.offset === open ? 'torn' : 'damage';
}

/** Whether a whole argument stands at a position where a command should begin. */
export function startsWithArgument(reader: PositionReader, at: number, end: number): boolean {
  return new CommandSearch(reader, end).wholeArgument(at) > at;
}

/** Position behind the `#TS:` lines that stand at a position. */
export function afterTimes(reader: PositionReader, at: number, end: number): number {
  return new CommandSearch(reader, end).passAnnotations(at);
}
