import type { CommandSpec } from '../resp/command-spec.js';

/** A position in one part. */
export interface PartPosition {
  /** Name of the part. */
  readonly part: string;
  readonly offset: number;
}

export interface MendRules {
  /** Unix seconds: the log ends before the first `#TS:` that is later. */
  readonly untilSeconds?: number | undefined;
  /** The log ends here, or before the command that this falls into. */
  readonly untilPosition?: PartPosition | undefined;
  /** Names of commands to leave out, in upper case; a container's for all its subcommands. */
  readonly withoutNames?: ReadonlySet<string>;
  /** Commands to leave out, by the position of their first byte. */
  readonly withoutPositions?: readonly PartPosition[];
}

/** Whether a name is that of a command, or of the container of a subcommand. */
export function isNamed(spec: CommandSpec, name: string): boolean {
  const own = spec.name.toUpperCase();
  return own === name || own.startsWith(`${name} `);
}
