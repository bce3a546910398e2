import { printable } from '../bytes/escape.js';
import { LogBegin } from '../record.js';
import type { KeyFinder } from './command-keys.js';
import type { CommandLookup } from './command-lookup.js';

/** What a command is, for a person. */
export interface CommandName {
  /** Upper case, with its subcommand; escaped where it is no plain word. */
  readonly name: string;
  /** Its first key, where that is among the bytes; a copy. */
  readonly key: Uint8Array | undefined;
}

const HEADER = /^[*$](\d{1,10})\r\n/;
const LONGEST_HEADER = 13;

/**
 * Names the command that begins with `bytes`, which may be cut anywhere.
 * @returns undefined where its name is not among them
 */
export function describeCommand(
  bytes: Uint8Array,
  lookup: CommandLookup,
  finder: KeyFinder,
): CommandName | undefined {
  const head = header(bytes, 0);
  if (head === undefined) return undefined;
  const marks: number[] = [];
  for (let at = head.end; 2 * head.number > marks.length; ) {
    const argument = header(bytes, at);
    if (argument === undefined || argument.end + argument.number > bytes.length) break;
    at = argument.end + argument.number + 2;
    marks.push(argument.end, at - 2);
  }
  if (marks.length === 0) return undefined;
  const command = new LogBegin();
  command.rewrite(bytes, 0, bytes.length, head.number, Int32Array.from(marks), 0);
  command.heldArguments = marks.length / 2;
  command.spec = lookup.find(bytes, command.marks, 0, command.heldArguments);
  const key = finder.find(command) > 0 ? command.argument(finder.argumentOf(0)).slice() : undefined;
  const { name, group } = command.spec;
  return { name: group === 'unknown' ? printable(command.argument(0), 64) : name, key };
}

function header(bytes: Uint8Array, at: number): { number: number; end: number } | undefined {
  const text = String.fromCharCode(...bytes.subarray(at, at + LONGEST_HEADER));
  const [all, digits] = HEADER.exec(text) ?? [];
  return all === undefined ? undefined : { number: Number(digits), end: at + all.length };
}
