import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeyFinder } from '../../src/aof/command-keys.js';
import { CommandLookup, commandTable } from '../../src/aof/command-lookup.js';
import { logCommand } from '../support/log-commands.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// The keys that the finder sees are those that servers see.

const WORDS = [
  ...[
    '1',
    '2',
    '0',
    '3',
    'a',
    'b',
    'c',
    'STORE',
    'STOREDIST',
    'STREAMS',
    'KEYS',
    'GROUP',
    'COUNT',
    'BY',
    'GET',
  ],
  ...['LIMIT', 'AUTH', 'AUTH2', '', 'NOACK', 'BLOCK', 'COPY', 'ASC', 'LEFT', 'EX'],
];

/** Commands of each row, its name and words behind it, drawn by a fixed sequence. */
function samples(each: number): string[][] {
  let seed = 0x2545f491;
  const draw = (below: number) => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  return commandTable().flatMap(({ name, arity }) =>
    Array.from({ length: each }, () => {
      const start = name.split(' ');
      const more = arity > 0 ? 0 : draw(5);
      const rest = Math.max(0, Math.abs(arity) - start.length + more);
      return [...start, ...Array.from({ length: rest }, () => WORDS[draw(WORDS.length)] as string)];
    }),
  );
}

/** Positions of the keys and whether they are written, by the values of the arguments. */
function found(finder: KeyFinder, args: string[], lookup: CommandLookup): [string, boolean][] | undefined {
  const count = finder.find(logCommand(args, lookup));
  if (count < 0) return undefined;
  return Array.from({ length: count }, (_, i) => [args[finder.argumentOf(i)] as string, finder.isWritten(i)]);
}

describeServers((server) => {
  let running: RunningServer;
  const lookup = new CommandLookup();
  const finder = new KeyFinder();

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());

  /** What the server says: its keys, none, or that it takes no such command. */
  async function ask(commands: readonly string[][]): Promise<([string, boolean][] | undefined)[]> {
    const pipeline = running.client.pipeline();
    for (const args of commands) pipeline.call('COMMAND', 'GETKEYSANDFLAGS', ...args);
    const replies = (await pipeline.exec()) as [Error | null, [string, string[]][]][];
    return replies.map(([error, keys]) => {
      if (error === null) {
        return keys.map(([key, flags]) => [key, flags.some((flag) => /^(RW|OW|RM)$/.test(flag))]);
      }
      return /no key arguments/.test(error.message) ? [] : undefined;
    });
  }

  test('for any shape of any command that the server takes', async () => {
    const commands = samples(40);
    const told = await ask(commands);
    const wrong: unknown[] = [];
    let compared = 0;
    commands.forEach((args, i) => {
      const mine = found(finder, args, lookup);
      const theirs = told[i];
      if (mine === undefined || theirs === undefined) return;
      compared++;
      const names = (keys: [string, boolean][]) => keys.map(([key]) => key);
      if (JSON.stringify(names(mine)) !== JSON.stringify(names(theirs))) wrong.push({ args, mine, theirs });
    });
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(3000);
  });

  test('and misses none where the server sees keys, but where the command is malformed', async () => {
    const commands = samples(40);
    const told = await ask(commands);
    const unknown = new Set<string>();
    commands.forEach((args, i) => {
      const theirs = told[i];
      if (theirs !== undefined && theirs.length > 0 && found(finder, args, lookup) === undefined) {
        unknown.add(args[0] as string);
      }
    });
    // With options that they do not have or that lack a value, and with more streams than ids.
    const malformed = ['SORT', 'SORT_RO', 'MIGRATE', 'GEORADIUS', 'GEORADIUSBYMEMBER', 'XREAD', 'XREADGROUP'];
    expect([...unknown].filter((name) => !malformed.includes(name))).toEqual([]);
  });

  test('and knows which of them are written', async () => {
    const commands = [
      ...['SET a b', 'GET a', 'MSET a 1 b 2', 'RENAME a b', 'COPY a b', 'BITOP AND d a b', 'SINTERSTORE d a'],
      ...[
        'ZUNIONSTORE d 2 a b',
        'SMOVE a b m',
        'PFCOUNT a',
        'SORT a BY x STORE d',
        'EVAL s 1 a',
        'EVAL_RO s 1 a',
      ],
      ...[
        'XGROUP CREATE a g $',
        'GEOSEARCHSTORE d a FROMMEMBER m BYRADIUS 1 m',
        'LMPOP 2 a b LEFT',
        'TOUCH a',
      ],
      ...[
        'OBJECT ENCODING a',
        'MEMORY USAGE a',
        'DUMP a',
        'RESTORE a 0 p',
        'ZRANGESTORE d a 0 1',
        'FCALL f 1 a',
      ],
      ...['PFMERGE d a', 'XREAD STREAMS a 0', 'MIGRATE host 1 a 0 9', 'UNLINK a b', 'BLMOVE a b LEFT LEFT 0'],
    ].map((line) => line.split(' '));
    expect(commands.map((args) => found(finder, args, lookup))).toEqual(await ask(commands));
  });
});
