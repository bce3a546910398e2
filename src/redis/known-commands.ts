import type { Redis } from 'ioredis';
import type { Refusal } from '../account.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { isErrorReply } from './probe.js';

/** Where a command of Redis 7 or newer, as COMMAND tells it, has its subcommands. */
const SUBCOMMANDS = 9;

/** Which commands a server has, by what it says of itself. */
export class KnownCommands {
  /** By the row's index; null for a command that is known. */
  private readonly refusals: (Refusal | null | undefined)[] = [];

  /** @param names in upper case, subcommands as `XGROUP|CREATE`; undefined where the server does not say */
  constructor(private readonly names: ReadonlySet<string> | undefined) {}

  /** Asks a server; one that forbids COMMAND is taken to know all, and answers for each itself. */
  static async ask(client: Redis): Promise<KnownCommands> {
    try {
      const names = new Set<string>();
      addNames((await client.call('COMMAND')) as unknown[], names);
      return new KnownCommands(names);
    } catch (thrown) {
      if (isErrorReply(thrown)) return new KnownCommands(undefined);
      throw thrown;
    }
  }

  /** Why a command cannot be sent; undefined when it can. */
  refusal(spec: CommandSpec): Refusal | undefined {
    const known = this.refusals[spec.index];
    if (known !== undefined) return known ?? undefined;
    const refusal = this.knows(spec)
      ? null
      : ({
          code: 'TARGET_INCOMPATIBLE',
          cause: `the target does not know ${spec.name}`,
        } satisfies Refusal);
    this.refusals[spec.index] = refusal;
    return refusal ?? undefined;
  }

  private knows({ name, group }: CommandSpec): boolean {
    const { names } = this;
    if (names === undefined) return true;
    const [container, subcommand] = name.split(' ') as [string, string?];
    // Names that a lookup did not tell apart, or has quoted, are left to the server.
    if (group === 'unknown' && (subcommand !== undefined || container.startsWith('"'))) return true;
    if (!names.has(container)) return false;
    return subcommand === undefined || !names.has(`${container}|`) || names.has(`${container}|${subcommand}`);
  }
}

/** Enters the names of what COMMAND answers; `NAME|` for those whose subcommands are told. */
function addNames(commands: readonly unknown[], names: Set<string>): void {
  for (const command of commands) {
    if (!Array.isArray(command)) continue;
    const name = String(command[0]).toUpperCase();
    names.add(name);
    const subcommands: unknown = command[SUBCOMMANDS];
    if (!Array.isArray(subcommands) || subcommands.length === 0) continue;
    names.add(`${name}|`);
    addNames(subcommands, names);
  }
}
