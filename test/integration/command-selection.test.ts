import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CommandSelectionOptions, commandStages } from '../../src/cli/command-selection.js';
import type { SelectionOptions, TransformOptions } from '../../src/cli/selection.js';
import { type OutCommand, throughLog } from '../support/log-through.js';
import { readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, type Server, startServer } from '../support/servers.js';
import type { Truth } from '../support/truth.js';

// What a server has logged of random commands, filtered or changed, and carried out by another one.

type Options = SelectionOptions & TransformOptions & CommandSelectionOptions;

/** A command, and the database it is given in. */
type Given = readonly [db: number, ...args: string[]];

const RUNS = { numRuns: 25 };

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** A server that logs, and how far its log was read. */
class Logging {
  private readonly path: string;

  constructor(
    readonly running: RunningServer,
    private readonly client: Redis,
  ) {
    this.path = join(running.folder, 'appendonlydir', 'appendonly.aof.1.incr.aof');
  }

  static async start(server: Server): Promise<Logging> {
    const config = ['--appendonly', 'yes', '--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0'];
    const running = await startServer(server, { config });
    return new Logging(running, running.connect());
  }

  /** What it logs of commands from when it is empty, those that it refuses left out. */
  async logOf(commands: readonly Given[]): Promise<Buffer> {
    const { client } = this;
    await client.flushall();
    // So that what is logged next begins with a SELECT.
    await client.select(9);
    await client.set('x', '1');
    await client.del('x');
    const from = this.read(0).length;
    for (const [db, ...args] of commands) {
      await client.select(db);
      await client.call(...(args as [string])).catch(() => {});
    }
    return this.read(from);
  }

  stop(): Promise<void> {
    this.client.disconnect();
    return this.running.stop();
  }

  private read(from: number): Buffer {
    const file = openSync(this.path, 'r');
    const log = Buffer.alloc(fstatSync(file).size - from);
    readSync(file, log, 0, log.length, from);
    closeSync(file);
    return log;
  }
}

/** What a server holds after it has carried out commands from when it was empty. */
async function stateOf(running: RunningServer, commands: readonly OutCommand[]): Promise<Truth[]> {
  const client = running.connect();
  try {
    await client.flushall();
    for (const { db, args } of commands) {
      await client.select(db);
      const [name, ...others] = args;
      await client.call(name as string, ...others.map(bytes));
    }
  } finally {
    client.disconnect();
  }
  return readKeys(running);
}

const nameOf = ({ key }: Truth) => Buffer.from(key, 'base64').toString('latin1');
const renamed = (truth: Truth, name: string): Truth => ({ ...truth, key: bytes(name).toString('base64') });

const number = fc.integer({ min: 0, max: 5 }).map(String);
const FAR = '4102444800000';

/** Commands that act on one key. */
const onOne = (key: fc.Arbitrary<string>): fc.Arbitrary<string[]>[] => [
  fc.tuple(fc.constantFrom('SET', 'APPEND', 'SADD', 'RPUSH', 'GETSET', 'SREM', 'INCRBYFLOAT'), key, number),
  fc.tuple(fc.constantFrom('HSET', 'ZADD', 'HINCRBY'), key, number, number).map(([...args]) => args),
  fc.tuple(fc.constantFrom('INCR', 'PERSIST', 'SPOP', 'LPOP', 'GETDEL'), key),
  fc.tuple(fc.constant('PEXPIREAT'), key, fc.constant(FAR)),
  fc.tuple(fc.constant('SET'), key, number, fc.constant('PXAT'), fc.constant(FAR)),
  fc.tuple(fc.constant('XADD'), key, fc.constant('*'), number, number),
];

/** Commands that do the same to each of some keys. */
const onEach = (key: fc.Arbitrary<string>): fc.Arbitrary<string[]>[] => [
  fc
    .tuple(fc.constantFrom('DEL', 'UNLINK'), fc.array(key, { minLength: 1, maxLength: 5 }))
    .map(([name, keys]) => [name, ...keys]),
  fc.array(fc.tuple(key, number), { minLength: 1, maxLength: 5 }).map((pairs) => ['MSET', ...pairs.flat()]),
];

/** Commands that read keys and write others. */
const onSome = (written: fc.Arbitrary<string>, read: fc.Arbitrary<string>): fc.Arbitrary<string[]>[] => [
  fc.tuple(fc.constantFrom('SINTERSTORE', 'SUNIONSTORE', 'PFMERGE'), written, read, read),
  fc.tuple(fc.constant('ZUNIONSTORE'), written, fc.constant('2'), read, read),
  fc.tuple(fc.constant('BITOP'), fc.constant('OR'), written, read, read),
  fc.tuple(fc.constant('COPY'), read, written, fc.constant('REPLACE')),
  fc.tuple(fc.constant('SORT'), read, fc.constant('ALPHA'), fc.constant('STORE'), written),
];

/** Commands that take something from one key to another. */
const moving = (from: fc.Arbitrary<string>, to: fc.Arbitrary<string>): fc.Arbitrary<string[]>[] => [
  fc.tuple(fc.constantFrom('LMOVE'), from, to, fc.constant('LEFT'), fc.constant('LEFT')),
  fc.tuple(fc.constant('SMOVE'), from, to, number),
];

const renames = (from: fc.Arbitrary<string>, to: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
  fc.tuple(fc.constantFrom('RENAME', 'RENAMENX'), from, to);

const a = fc.constantFrom('a1', 'a2', 'a3');
const b = fc.constantFrom('b1', 'b2', 'b3');
const any = fc.oneof(a, b);

const commandsIn = (dbs: number[], ...shapes: fc.Arbitrary<string[]>[]): fc.Arbitrary<Given[]> =>
  fc.array(
    fc.tuple(fc.constantFrom(...dbs), fc.oneof(...shapes)).map(([db, args]): Given => [db, ...args]),
    { minLength: 10, maxLength: 60, size: 'max' },
  );

describeServers((server) => {
  let logging: Logging;
  let target: RunningServer;
  /** Keys that came through, lest nothing be compared. */
  let seen = 0;

  beforeAll(async () => {
    logging = await Logging.start(server);
    target = await startServer(server);
  });

  beforeEach(() => {
    seen = 0;
  });

  afterEach(() => {
    expect(seen).toBeGreaterThan(RUNS.numRuns);
  });

  afterAll(async () => {
    await logging.stop();
    await target.stop();
  });

  /** The state a log comes to, and what its commands come to that pass. */
  const compared = async (commands: readonly Given[], options: Options) => {
    const log = await logging.logOf(commands);
    const whole = await readKeys(logging.running);
    const { commands: out, account } = await throughLog(commandStages(options), log);
    expect([...account.commandCauses]).toEqual([]);
    const passed = await stateOf(target, out);
    seen += passed.length;
    return { whole, passed };
  };

  test('selected keys come to what they were, whatever the others did', async () => {
    const shapes = [
      ...onOne(any),
      ...onEach(any),
      ...onSome(a, a),
      ...onSome(b, any),
      ...moving(a, a),
      ...moving(b, b),
      renames(a, any),
      renames(b, b),
    ];
    await fc.assert(
      fc.asyncProperty(commandsIn([0, 1], ...shapes), async (commands) => {
        const { whole, passed } = await compared(commands, { key: [bytes('a*')] });
        expect(passed).toEqual(whole.filter((truth) => nameOf(truth).startsWith('a')));
      }),
      RUNS,
    );
  });

  test('selected databases come to what they were, where they are mapped to', async () => {
    const into = (...dbs: string[]) => [
      fc.tuple(fc.constant('MOVE'), any, fc.constantFrom(...dbs)),
      fc.tuple(fc.constant('COPY'), any, any, fc.constant('DB'), fc.constantFrom(...dbs)),
    ];
    const inAny = [...onOne(any), ...onEach(any), fc.constant(['FLUSHDB'])];
    const commands = fc
      .array(
        fc.oneof(
          { weight: 10, arbitrary: fc.tuple(fc.constantFrom(0, 1, 2), fc.oneof(...inAny)) },
          { weight: 3, arbitrary: fc.tuple(fc.constantFrom(0, 1), fc.oneof(...into('0', '1', '2'))) },
          { weight: 1, arbitrary: fc.tuple(fc.constant(2), fc.oneof(...into('3'))) },
          { weight: 1, arbitrary: fc.constant<[number, string[]]>([2, ['SWAPDB', '0', '1']]) },
          { weight: 1, arbitrary: fc.constant<[number, string[]]>([2, ['FLUSHALL']]) },
        ),
        { minLength: 10, maxLength: 60, size: 'max' },
      )
      .map((list) => list.map(([db, args]): Given => [db, ...args]));
    const maps = fc.constantFrom<[number, number][]>(
      [],
      [[0, 5]],
      [
        [0, 1],
        [1, 0],
      ],
      [
        [0, 7],
        [1, 2],
      ],
    );
    await fc.assert(
      fc.asyncProperty(commands, maps, async (list, pairs) => {
        const mapDb = new Map(pairs);
        const { whole, passed } = await compared(list, { db: [0, 1], mapDb, allowFlush: true });
        const expected = whole
          .filter(({ db }) => db < 2)
          .map((truth) => ({ ...truth, db: mapDb.get(truth.db) ?? truth.db }))
          .sort((x, y) => x.db - y.db);
        expect(passed).toEqual(expected);
      }),
      RUNS,
    );
  });

  test('renamed keys come to what they were under their old names', async () => {
    const shapes = [
      ...onOne(any),
      ...onEach(any),
      ...onSome(any, any),
      ...moving(any, any),
      renames(any, any),
      fc.tuple(fc.constant('MOVE'), any, fc.constantFrom('0', '1')),
    ];
    await fc.assert(
      fc.asyncProperty(commandsIn([0, 1], ...shapes), async (commands) => {
        const rename = [{ expression: /^/, replacement: 'x:' }];
        const { whole, passed } = await compared(commands, { rename });
        expect(passed).toEqual(whole.map((truth) => renamed(truth, `x:${nameOf(truth)}`)));
      }),
      RUNS,
    );
  });

  test('without expiries, all is as it was but for them', async () => {
    const shapes = [...onOne(any), fc.tuple(fc.constant('SETEX'), any, fc.constant('9999'), number)];
    await fc.assert(
      fc.asyncProperty(commandsIn([0], ...shapes), async (commands) => {
        const dropped = await compared(commands, { ttl: { kind: 'drop' } });
        expect(dropped.passed).toEqual(dropped.whole.map((truth) => ({ ...truth, expireAt: null })));
        const shift = { kind: 'shift', ms: 60_000 } as const;
        const later = await compared(commands, { ttl: shift });
        expect(later.passed).toEqual(
          later.whole.map((truth) =>
            typeof truth.expireAt === 'number' ? { ...truth, expireAt: truth.expireAt + shift.ms } : truth,
          ),
        );
      }),
      RUNS,
    );
  });
});
