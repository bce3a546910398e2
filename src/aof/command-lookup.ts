import { latin1Bytes } from '../bytes/ascii.js';
import { printable } from '../bytes/escape.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { commandTable, UNKNOWN_KEYS } from './command-table.js';
import { NameTable } from './name-table.js';

export { commandTable } from './command-table.js';

/** Names of unknown commands that are told apart. */
const MAX_LEARNED = 256;

/** Bytes of an unknown name that are kept; longer names that begin alike count as one. */
const LEARNED_BYTES = 64;

/** Containers of names that stand in none; those of learned names. */
const NONE = -1;
const WHOLE = -2;
const CUT = -3;

/**
 * Finds the row of a command by its name, in any case, and by its subcommand where the name is a
 * container's. Names that are in no table get rows of their own as they come, 256 at most, and then
 * share one. Nothing is allocated for names that came before.
 */
export class CommandLookup {
  private readonly specs: CommandSpec[];
  private readonly known: NameTable;
  private readonly learned = new NameTable(MAX_LEARNED, MAX_LEARNED * LEARNED_BYTES);
  /** Set by `index` for rows that hold subcommands. */
  private readonly isContainer: Uint8Array;
  private other: CommandSpec | undefined;

  constructor() {
    const specs = commandTable();
    this.specs = [...specs];
    this.isContainer = new Uint8Array(specs.length);
    this.known = new NameTable(
      specs.length,
      specs.reduce((sum, { name }) => sum + name.length, 0),
    );
    for (const { index, name } of specs) {
      const [container, subcommand] = name.split(' ') as [string, string?];
      const bytes = latin1Bytes(subcommand ?? container);
      const holder = subcommand === undefined ? NONE : this.indexOf(latin1Bytes(container));
      if (holder !== NONE) this.isContainer[holder] = 1;
      this.known.add(holder, bytes, 0, bytes.length, index);
    }
  }

  /** Rows, those of names that came and are in no table included: each `index` is less. */
  get size(): number {
    return this.specs.length;
  }

  /** Every row so far, by its `index`. */
  get rows(): readonly CommandSpec[] {
    return this.specs;
  }

  /**
   * The row of a command. A container's own row stands for its subcommands that are not known.
   *
   * @param marks start and end of argument `i` in `bytes` at `firstMark + 2 * i`
   * @param argumentCount arguments that `marks` tells; with none, the name is unknown
   */
  find(bytes: Uint8Array, marks: Int32Array, firstMark: number, argumentCount: number): CommandSpec {
    if (argumentCount < 1) return this.unnamed();
    const start = marks[firstMark] as number;
    const end = marks[firstMark + 1] as number;
    const index = this.known.find(NONE, bytes, start, end);
    if (index < 0) return this.learn(bytes, start, end);
    if (this.isContainer[index] === 1 && argumentCount > 1) {
      const inner = this.known.find(
        index,
        bytes,
        marks[firstMark + 2] as number,
        marks[firstMark + 3] as number,
      );
      if (inner >= 0) return this.specs[inner] as CommandSpec;
    }
    return this.specs[index] as CommandSpec;
  }

  private indexOf(name: Uint8Array): number {
    return this.known.find(NONE, name, 0, name.length);
  }

  private learn(bytes: Uint8Array, start: number, end: number): CommandSpec {
    const last = Math.min(end, start + LEARNED_BYTES);
    const container = last < end ? CUT : WHOLE;
    const index = this.learned.find(container, bytes, start, last);
    if (index >= 0) return this.specs[index] as CommandSpec;
    if (this.learned.size === MAX_LEARNED) return this.unnamed();
    this.learned.add(container, bytes, start, last, this.specs.length);
    return this.append(shownName(bytes.subarray(start, end)));
  }

  private unnamed(): CommandSpec {
    return (this.other ??= this.append('other unknown commands'));
  }

  private append(name: string): CommandSpec {
    const spec: CommandSpec = {
      index: this.specs.length,
      name,
      group: 'unknown',
      family: undefined,
      isWrite: true,
      arity: 0,
      keys: UNKNOWN_KEYS,
      role: 'plain',
    };
    this.specs.push(spec);
    return spec;
  }
}

/** An unknown name in upper case as it is, where it is a plain word; else quoted and escaped. */
function shownName(bytes: Uint8Array): string {
  const quoted = printable(bytes, LEARNED_BYTES);
  return /^"[\w.:-]+"…?$/.test(quoted) ? quoted.replaceAll('"', '').toUpperCase() : quoted;
}
