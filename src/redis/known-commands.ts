import type { Redis } from 'ioredis';
import type { Refusal } from '../account.js';
import { refusalToReplay } from '../aof/replayable.js';
import type { CommandSpec } from '../resp/command-spec.js';
import { isErrorReply } from './probe.js';

/** Where a command of Redis 7 or newer, as COMMAND tells it, has its subcommands. */
const SUBCOMMANDS = 9;

/** Which commands of logs can be sent to a server: those that act on data, and that it says it has. */
export class KnownCommands {
  /** By the row's index; null for a command that is known. */
  private readonly refusals: (Refusal | null | undefined)[] = [];

  /**
   * @param names in upper case, subcommands as `XGROUP|CREATE`; undefined where the server does not say
   * @param isWhole false while subcommands are not among them
   */
  constructor(
    private names: ReadonlySet<string> | undefined,
    private isWhole = true,
  ) {}

  /**
   * Asks a server for names, which is soon done; for subcommands `askAll` has to. One that forbids
   * COMMAND is taken to know all, and answers for each itself.
   */
  static async ask(client: Redis): Promise<KnownCommands> {
    const known = new KnownCommands(undefined, false);
    try {
      const names = (await client.call('COMMAND', 'LIST')) as unknown[];
      known.names = new Set(names.map((name) => String(name).toUpperCase()));
    } catch (thrown) {
      // COMMAND LIST came with 7.0.
      if (!isErrorReply(thrown)) throw thrown;
      await known.askAll(client);
    }
    return known;
  }

  /** Whether enough was asked to say of a command whether the server has it. */
  isAsked({ name }: CommandSpec): boolean {
    return this.isWhole || !name.includes(' ');
  }

  /** Asks for subcommands, too: 60 KB or more, which takes 20 ms to take apart. */
  async askAll(client: Redis): Promise<void> {
    this.isWhole = true;
    try {
      const names = new Set<string>();
      addNames((await client.call('COMMAND')) as unknown[], names);
      this.names = names;
    } catch (thrown) {
      if (!isErrorReply(thrown)) throw thrown;
      this.names = undefined;
    }
  }

  /** Why a command cannot be sent; undefined when it can. */
  refusal(spec: CommandSpec): Refusal | undefined {
    const known = this.refusals[spec.index];
    if (known !== undefined) return known ?? undefined;
    const refusal = refusalToReplay(spec) ?? (this.knows(spec) ? undefined : unknown(spec));
    this.refusals[spec.index] = refusal ?? null;
    return refusal;
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

function unknown({ name }: CommandSpec): Refusal {
  return { code: 'TARGET_INCOMPATIBLE', cause: `the target does not know ${name}` };
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
