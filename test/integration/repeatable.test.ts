import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { isRepeatable } from '../../src/aof/repeatable.js';
import { logCommand } from '../support/log-commands.js';
import { readFunctions, readKeys } from '../support/server-state.js';
import { describeServers, type RunningServer, startServer } from '../support/servers.js';

// What may be repeated leads to the same state when a first part of it is carried out twice.

const ROUNDS = 100;
const FUTURE = 4_102_444_800_000;
const LIBRARY = (name: string, text: string) =>
  `#!lua name=${name}\nredis.register_function('${name}_${text}', function() return '${text}' end)`;

/**
 * Tries every log of up to ARGV[1] commands that did something, on every beginning, and every first
 * part of it that is carried out twice. Answers with what leads elsewhere, and how many were tried.
 */
const EVERY_LOG = `
  local most, starts, commands = tonumber(ARGV[1]), cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
  local always = { SET = true, HSET = true, LSET = true, SETRANGE = true, SETBIT = true, EXPIREAT = true }
  local tried, wrong = 0, {}
  local function run(command)
    local reply = redis.pcall(unpack(command))
    return not (type(reply) == 'table' and reply.err)
  end
  -- Of streams not the times at which consumers were seen, which DUMP has.
  local function stream()
    local info = redis.call('XINFO', 'STREAM', 'k')
    local parts = { redis.call('XRANGE', 'k', '-', '+') }
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' or info[i] == 'max-deleted-entry-id' or info[i] == 'entries-added' then
        parts[#parts + 1] = info[i + 1]
      end
    end
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', 'k')) do
      parts[#parts + 1] = group
      for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', 'k', group[2])) do
        parts[#parts + 1] = { consumer[2], consumer[4] }
      end
      parts[#parts + 1] = redis.call('XPENDING', 'k', group[2])
    end
    return cjson.encode(parts)
  end
  local function state()
    local kind = redis.call('TYPE', 'k').ok
    local value = kind == 'stream' and stream() or redis.call('DUMP', 'k') or ''
    return kind .. value .. redis.call('PEXPIRETIME', 'k')
  end
  local function begin(start)
    redis.call('DEL', 'k')
    for _, command in ipairs(start) do run(command) end
  end
  local function try(start, log)
    begin(start)
    local before
    for i, command in ipairs(log) do
      before = state()
      if not run(command) then return end
    end
    local once = state()
    local last = log[#log]
    if last and before == once and not always[last[1]] then return end
    for done = 1, #log do
      begin(start)
      for i = 1, done do run(log[i]) end
      for i = 1, #log do run(log[i]) end
      tried = tried + 1
      if state() ~= once then wrong[#wrong + 1] = { start = start, log = log, done = done } end
    end
    if #log == most or #wrong > 0 then return end
    for _, command in ipairs(commands) do
      local longer = { unpack(log) }
      longer[#longer + 1] = command
      try(start, longer)
      if #wrong > 0 then return end
    end
  end
  for _, start in ipairs(starts) do try(start, {}) end
  return { tried, cjson.encode(wrong) }
`;

/** Commands of a family, and what there is before them; then commands that break them. */
const FAMILIES: readonly {
  readonly name: string;
  readonly starts: string;
  readonly commands: string;
  readonly not: readonly string[];
}[] = [
  {
    name: 'strings',
    starts: '/SET k 1/SET k abc PXAT 4102444800000',
    commands:
      'SET k 5/SET k 6 KEEPTTL/SET k 7 PXAT 4102444801000/SET k 8 NX/SETRANGE k 1 x/SETBIT k 3 1/PERSIST k',
    not: ['APPEND k x', 'INCR k', 'SET k v XX'],
  },
  {
    name: 'lists',
    starts: 'RPUSH k a b c/RPUSH k a b+PEXPIREAT k 4102444800000',
    commands: 'LSET k 0 x/LSET k -1 y/LSET k 1 z/DEL k/PEXPIREAT k 4102444801000/PERSIST k',
    not: ['RPUSH k a', 'LPOP k', 'LTRIM k 0 1', 'LREM k 0 x', 'LINSERT k BEFORE x q'],
  },
  {
    name: 'sets',
    starts: '/SADD k 1 2/SADD k 1+PEXPIREAT k 4102444800000/SADD k 1 2+PEXPIREAT k 4102444800000',
    commands: 'SADD k 1/SADD k 2/SADD k 3 4/DEL k/PEXPIREAT k 4102444801000/PERSIST k',
    not: ['SREM k 1/SREM k 2', 'SREM k 1 2'],
  },
  {
    name: 'sorted sets',
    starts: '/ZADD k 1 a/ZADD k 1 a 2 b+PEXPIREAT k 4102444800000',
    commands: 'ZADD k 1 a/ZADD k CH 2 a/ZADD k NX 3 b/ZADD k 4 c/DEL k/PEXPIREAT k 4102444801000',
    not: ['ZREM k a/ZREM k b', 'ZINCRBY k 1 a', 'ZADD k INCR 1 a'],
  },
  {
    name: 'hashes',
    starts: '/HSET k a 1/HSET k a 1 b 2+PEXPIREAT k 4102444800000',
    commands: 'HSET k a 1/HSET k b 2/HSETNX k a 3/HSETNX k c 4/DEL k/PEXPIREAT k 4102444801000/PERSIST k',
    not: ['HDEL k a/HDEL k b', 'HINCRBY k a 1'],
  },
  {
    name: 'streams',
    starts: '/XADD k 1-1 f v/XADD k 1-1 f v+XADD k 2-1 f v',
    commands:
      'XADD k 1-1 f a/XADD k 2-1 f a/XADD k 3-1 f a/XADD k MAXLEN = 1 4-1 f a/XDEL k 1-1/XDEL k 3-1/DEL k',
    not: ['XTRIM k MAXLEN 2/XADD k 5-1 f a', 'XTRIM k MINID 5-1', 'XDEL k 1-1 3-1', 'XADD k * f a'],
  },
  {
    name: 'groups',
    starts: '/XADD k 1-1 f v/XADD k 1-1 f v+XGROUP CREATE k g 0+XREADGROUP GROUP g c STREAMS k >',
    commands:
      'XADD k 2-1 f v/XACK k g 1-1/XGROUP CREATE k g 0 MKSTREAM/XGROUP SETID k g 1-1/XGROUP DESTROY k g/XGROUP CREATECONSUMER k g c/XGROUP DELCONSUMER k g c',
    not: ['XREADGROUP GROUP g d STREAMS k >', 'XCLAIM k g c 0 1-1 FORCE JUSTID/XDEL k 1-1'],
  },
  {
    name: 'kinds that follow each other',
    starts: '/SET k 1 PXAT 4102444800000/SADD k 1',
    commands:
      'SET k 5/SETRANGE k 1 x/SADD k 1/HSET k a 1/XADD k 1-1 f v/DEL k/PEXPIREAT k 1/PEXPIREAT k 4102444801000',
    not: ['RPUSH k a'],
  },
];

const LOG_LENGTH = 3;

const lookup = new CommandLookup();

type Command = readonly (string | Buffer)[];

const repeats = (command: Command) => isRepeatable(logCommand([...command], lookup));
const words = (line: string): string[] => line.split(' ');

describeServers((server) => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await startServer(server);
  });
  afterAll(() => running.stop());

  async function state(): Promise<unknown> {
    return [await readKeys(running), await readFunctions(running)];
  }

  async function send(commands: readonly Command[]): Promise<void> {
    const pipeline = running.client.pipeline();
    for (const [name, ...args] of commands) pipeline.call(name as string, ...args);
    await pipeline.exec();
  }

  /** Sends a command, and says whether the server would have written it to its log. */
  async function changes([name, ...args]: Command): Promise<boolean> {
    const before = await changeCount();
    try {
      await running.client.call(name as string, ...args);
    } catch {
      return false;
    }
    return (await changeCount()) > before;
  }

  async function changeCount(): Promise<number> {
    const info = await running.client.info('persistence');
    return Number(/rdb_changes_since_last_save:(\d+)/.exec(info)?.[1]);
  }

  async function payloads(): Promise<Buffer[]> {
    await running.clear();
    await send(['SADD p a c', 'HSET q f 1', 'SET r text', 'RPUSH s a b c'].map(words));
    return Promise.all(
      ['p', 'q', 'r', 's'].map(async (key) => (await running.client.dumpBuffer(key)) as Buffer),
    );
  }

  test('random logs of them, from any state', async () => {
    const dumps = await payloads();
    let seed = 0x9e3779b9;
    const draw = (below: number) => {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      return (seed >>> 0) % below;
    };
    const pick = <T>(items: readonly T[]): T => items[draw(items.length)] as T;
    // Mostly one key, of which much comes about.
    const key = () => pick(['k', 'k', 'k', 'l']);
    const member = () => pick(['a', 'b', 'c']);
    const id = () => `${1 + draw(6)}-1`;
    const time = () => String(FUTURE + draw(5) * 1000);

    type Make = () => Command;
    /** What makes keys of a family, and what may be repeated of its commands. */
    const families: readonly { readonly before: readonly Make[]; readonly log: readonly Make[] }[] = [
      {
        before: [() => ['SET', key(), 'text'], () => ['SET', key(), 'text', 'PXAT', time()]],
        log: [
          () => ['SET', key(), member()],
          () => ['SET', key(), member(), 'KEEPTTL'],
          () => ['SET', key(), member(), 'PXAT', time()],
          () => ['SET', key(), member(), 'NX'],
          () => ['SETNX', key(), member()],
          () => ['MSET', 'k', member(), 'l', member()],
          () => ['SETRANGE', key(), String(draw(6)), member()],
          () => ['SETBIT', key(), String(draw(40)), String(draw(2))],
        ],
      },
      {
        before: [() => ['RPUSH', key(), 'a', 'b', 'c']],
        log: [() => ['LSET', key(), String(draw(6) - 3), member()]],
      },
      {
        before: [() => ['SADD', key(), 'a', 'b'], () => ['SADD', key(), member()]],
        log: [() => ['SADD', key(), member()], () => ['SADD', key(), member(), member()]],
      },
      {
        before: [() => ['ZADD', key(), '1', 'a', '2', 'b'], () => ['ZADD', key(), '1', member()]],
        log: [
          () => ['ZADD', key(), 'CH', String(draw(3)), member()],
          () => ['ZADD', key(), 'NX', String(draw(3)), member()],
        ],
      },
      {
        before: [() => ['HSET', key(), 'a', '1', 'b', '2'], () => ['HSET', key(), member(), '1']],
        log: [() => ['HSET', key(), member(), member()], () => ['HSETNX', key(), member(), member()]],
      },
      {
        before: [
          () => ['XADD', key(), '1-1', 'f', 'v'],
          () => ['XADD', key(), '2-1', 'f', 'v'],
          () => ['XGROUP', 'CREATE', key(), 'g', '0', 'MKSTREAM'],
          () => ['XREADGROUP', 'GROUP', 'g', 'me', 'STREAMS', key(), '>'],
        ],
        log: [
          () => ['XADD', key(), id(), 'f', member()],
          () => ['XADD', key(), 'MAXLEN', '=', '2', id(), 'f', member()],
          () => ['XADD', key(), 'MINID', '=', id(), id(), 'f', member()],
          () => ['XDEL', key(), id()],
          () => ['XACK', key(), 'g', id(), id()],
          () => ['XGROUP', 'CREATE', key(), 'g', id(), 'MKSTREAM'],
          () => ['XGROUP', 'SETID', key(), 'g', id()],
          () => ['XGROUP', 'DESTROY', key(), 'g'],
          () => ['XGROUP', 'CREATECONSUMER', key(), 'g', 'me'],
          () => ['XGROUP', 'DELCONSUMER', key(), 'g', 'me'],
        ],
      },
      {
        before: [() => ['FUNCTION', 'LOAD', LIBRARY('one', 'x')]],
        log: [
          () => ['FUNCTION', 'LOAD', 'REPLACE', LIBRARY(pick(['one', 'two']), pick(['x', 'y']))],
          () => ['FUNCTION', 'DELETE', pick(['one', 'two'])],
          () => ['FUNCTION', 'FLUSH'],
        ],
      },
    ];
    /** What goes for keys of any family. */
    const any: readonly Make[] = [
      () => ['DEL', key()],
      () => ['UNLINK', 'k', 'l'],
      () => ['RESTORE', key(), '0', pick(dumps), 'REPLACE'],
      () => ['RESTORE', key(), time(), pick(dumps), 'REPLACE', 'ABSTTL'],
      () => ['PEXPIREAT', key(), time()],
      () => ['PEXPIREAT', key(), '1'],
      () => ['PERSIST', key()],
      () => ['FLUSHDB'],
    ];
    const some = <T>(items: readonly T[], most: number) =>
      Array.from({ length: draw(most + 1) }, () => pick(items));

    let logged = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await running.clear();
      const family = pick(families);
      const other = draw(3) === 0 ? pick(families) : family;
      const first = some(family.before, 4).map((make) => make());
      if (draw(2) === 0) first.push(['PEXPIREAT', 'k', time()]);
      const kinds = [pick(family.log), ...some(family.log, 3), ...some(other.log, 1), ...some(any, 2)];
      await send(first);
      const tries = 2 + draw(5);
      const log: Command[] = [];
      for (let i = 0; i < tries; i++) {
        const command = pick(kinds)();
        if (await changes(command)) log.push(command);
      }
      logged += log.length;
      expect(log.filter((command) => !repeats(command))).toEqual([]);
      const once = await state();
      const done = log.slice(0, 1 + draw(log.length));
      await running.clear();
      await send([...first, ...done, ...log]);
      expect(await state(), JSON.stringify({ first, done: done.length, log })).toEqual(once);
    }
    expect(logged).toBeGreaterThan(ROUNDS);
  });

  /** @returns what went elsewhere, and how much was tried */
  async function everyLog(starts: string, commands: string): Promise<[tried: number, wrong: unknown[]]> {
    await running.clear();
    const states = starts.split('/').map((start) => (start === '' ? [] : start.split('+').map(words)));
    const made = commands.split('/').map(words);
    const reply = (await running.client.call(
      ...(['EVAL', EVERY_LOG, '0', String(LOG_LENGTH)] as const),
      ...[JSON.stringify(states), JSON.stringify(made)],
    )) as [number, string];
    const wrong = JSON.parse(reply[1]) as unknown;
    return [reply[0], Array.isArray(wrong) ? wrong : []];
  }

  describe.each(FAMILIES)('every short log of $name', ({ starts, commands, not }) => {
    test('may be repeated', async () => {
      expect(
        commands
          .split('/')
          .map(words)
          .filter((command) => !repeats(command)),
      ).toEqual([]);
      const [tried, wrong] = await everyLog(starts, commands);
      expect(wrong).toEqual([]);
      expect(tried).toBeGreaterThan(60);
    });

    test.each(not)('but not with %s', async (more) => {
      expect(
        more
          .split('/')
          .map(words)
          .some((command) => !repeats(command)),
      ).toBe(true);
      const [, wrong] = await everyLog(starts, `${more}/${commands}`);
      expect(wrong).not.toEqual([]);
    });
  });

  describe('of what may not be repeated, some logs do not:', () => {
    test.each([
      ['RENAME', 'SET a 1', 'RENAME a b/SET a 2'],
      ['COPY', 'SET a 1', 'COPY a b REPLACE/SET a 2'],
      ['SINTERSTORE', 'SADD a 1 2/SADD b 1', 'SINTERSTORE c a b/SADD b 2'],
    ])('%s after %s', async (name, first, then) => {
      const log = then.split('/').map(words);
      expect(repeats(log.find(([found]) => found === name) as string[])).toBe(false);
      const before = first === '' ? [] : first.split('/').map(words);
      const states: unknown[] = [];
      for (const again of [[], log]) {
        await running.clear();
        await send([...before, ...log, ...again]);
        states.push(await state());
      }
      expect(states[1]).not.toEqual(states[0]);
    });
  });
});
