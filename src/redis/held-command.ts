import { KeyFinder } from '../aof/command-keys.js';
import { LogBegin } from '../record.js';
import type { CommandSpec } from '../resp/command-spec.js';

const CR = 0x0d;
const ZERO = 0x30;

/** Arguments that are looked at; keys of commands with more stand before. */
const MAX_ARGUMENTS = 1024;

/**
 * The first key of a command that was sent, as a copy; empty where it has none, where it cannot be
 * known, or stands behind what is held.
 * @param bytes holds the command, or its beginning, at `[start, end)`, as a RESP array
 */
export function firstKey(spec: CommandSpec, bytes: Uint8Array, start: number, end: number): Uint8Array {
  const command = new LogBegin();
  const marks = new Int32Array(2 * MAX_ARGUMENTS);
  const count = new Line(bytes, start, end);
  let held = 0;
  let at = count.next;
  while (held < Math.min(count.number, MAX_ARGUMENTS)) {
    const size = new Line(bytes, at, end);
    if (size.next < 0 || size.next + size.number > end) break;
    marks[2 * held] = size.next;
    marks[2 * held + 1] = size.next + size.number;
    held++;
    at = size.next + size.number + 2;
  }
  command.spec = spec;
  command.heldArguments = held;
  command.rewrite(bytes, start, end, count.number, marks, 0);
  const finder = new KeyFinder();
  if (finder.find(command) < 1) return new Uint8Array(0);
  return command.argument(finder.argumentOf(0)).slice();
}

/** `*3` or `$5` and its line end; `next` is -1 where it is not there whole. */
class Line {
  readonly number: number = 0;
  readonly next: number = -1;

  constructor(bytes: Uint8Array, start: number, end: number) {
    if (start < 0) return;
    for (let at = start + 1; at < end - 1; at++) {
      if (bytes[at] === CR) {
        this.next = at + 2;
        return;
      }
      this.number = 10 * this.number + (bytes[at] as number) - ZERO;
    }
  }
}
