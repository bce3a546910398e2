import { CommandLookup } from '../../src/aof/command-lookup.js';
import { LogBegin, LogCommand } from '../../src/record.js';

// Records of commands, for tests of what looks at their arguments.

type Argument = string | Uint8Array;

/** A command of these arguments, strings as Latin-1. @param before bytes that stand before it */
export function logCommand(
  args: readonly Argument[],
  lookup: CommandLookup = new CommandLookup(),
  before = 0,
): LogCommand {
  return fill(new LogCommand(), args, lookup, before);
}

/** A large command, of whose arguments `held` are there. */
export function logBegin(args: readonly Argument[], held: number, lookup = new CommandLookup()): LogBegin {
  const record = fill(new LogBegin(), args, lookup, 0);
  record.heldArguments = held;
  record.marks = record.marks.slice(0, 2 * held);
  record.spec = lookup.find(record.bytes, record.marks, 0, held);
  return record;
}

function fill<T extends LogCommand | LogBegin>(
  record: T,
  args: readonly Argument[],
  lookup: CommandLookup,
  before: number,
): T {
  const chunks: Uint8Array[] = [new Uint8Array(before), Buffer.from(`*${args.length}\r\n`)];
  const marks = new Int32Array(2 * args.length);
  let size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  args.forEach((argument, i) => {
    const bytes = typeof argument === 'string' ? Buffer.from(argument, 'latin1') : argument;
    const header = Buffer.from(`$${bytes.length}\r\n`);
    marks[2 * i] = size + header.length;
    size = (marks[2 * i + 1] = size + header.length + bytes.length) + 2;
    chunks.push(header, bytes, Buffer.from('\r\n'));
  });
  record.rewrite(new Uint8Array(Buffer.concat(chunks)), before, size, args.length, marks, 0);
  record.spec = lookup.find(record.bytes, marks, 0, args.length);
  return record;
}
