import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  addCommandSelection,
  type CommandSelectionOptions,
  commandStages,
} from '../../src/cli/command-selection.js';
import type { SelectionOptions, TransformOptions } from '../../src/cli/selection.js';
import { RdbkitError } from '../../src/errors.js';
import { limit } from '../../src/stages/limit.js';
import { command, log } from '../support/log-source.js';
import { throughLog } from '../support/log-through.js';

type Options = SelectionOptions & TransformOptions & CommandSelectionOptions;

const bytes = (text: string) => Buffer.from(text, 'latin1');
const keys = (...globs: string[]) => ({ key: globs.map(bytes) });

/** What comes of commands, without MULTI and EXEC. */
async function through(options: Options, ...lines: string[]) {
  const { out, commands, account } = await throughLog(commandStages(options), log(...lines));
  const { read, written, skipped, failed } = account.totals(({ unit }) => unit === 'command');
  return {
    out,
    commands,
    counts: [read, written, skipped, failed],
    skipped: Object.fromEntries(account.commandReasons),
    failed: Object.fromEntries(account.commandCauses),
    notes: Object.fromEntries(account.notes),
  };
}

/** What one command becomes: its texts, or why it does not go on. */
async function fate(options: Options, ...lines: string[]): Promise<string> {
  const { out, skipped, failed } = await through(options, ...lines);
  if (out.length > 0) return out.join('; ');
  const [reason] = Object.keys(skipped);
  const [cause] = Object.keys(failed);
  return reason === undefined ? `fails: ${cause}` : `skipped: ${reason}`;
}

describe('--key', () => {
  const a = keys('a*');
  const DISAGREE = 'some of its keys are selected and some are not';

  test.each([
    ['SET a 1', '0 SET a 1'],
    ['SET b 1', 'skipped: key'],
    ['set a 1', '0 set a 1'],
    ['HSET a f v', '0 HSET a f v'],
    ['DEL a1 a2', '0 DEL a1 a2'],
    ['DEL b1 b2', 'skipped: key'],
    ['DEL a1 b a2', '0 DEL a1 a2'],
    ['del b a1 b2', '0 del a1'],
    ['UNLINK b a1', '0 UNLINK a1'],
    ['TOUCH b a1', '0 TOUCH a1'],
    ['MSET a 1 b 2 a 3', '0 MSET a 1 a 3'],
    ['MSET b 1 a a', '0 MSET a a'],
    ['MSETNX a 1 b 2', `fails: ${DISAGREE}`],
    ['MSETNX a 1 a2 2', '0 MSETNX a 1 a2 2'],
    ['SINTERSTORE a a1 a2', '0 SINTERSTORE a a1 a2'],
    ['SINTERSTORE a a1 b', `fails: ${DISAGREE}`],
    ['SINTERSTORE b a1 a2', 'skipped: key'],
    ['ZUNIONSTORE a 2 a1 a2', '0 ZUNIONSTORE a 2 a1 a2'],
    ['ZUNIONSTORE a 2 a1 b', `fails: ${DISAGREE}`],
    ['LMOVE a b LEFT RIGHT', `fails: ${DISAGREE}`],
    ['RENAME a1 a2', '0 RENAME a1 a2'],
    ['RENAME a b', '0 DEL a'],
    ['RENAMENX a b', '0 DEL a'],
    ['RENAME b a', `fails: ${DISAGREE}`],
    ['COPY a b', 'skipped: key'],
    ['COPY b a', `fails: ${DISAGREE}`],
    ['SORT a BY w_* STORE a2', 'fails: it reads keys by a pattern'],
    ['SORT a BY w_* STORE b', 'skipped: key'],
    ['SORT a STORE a2', '0 SORT a STORE a2'],
    ['SORT a BY nosort GET # STORE a2', '0 SORT a BY nosort GET # STORE a2'],
    ['PUBLISH a x', 'skipped: no key'],
    ['FUNCTION FLUSH', 'skipped: no key'],
    ['SCRIPT LOAD a', 'skipped: no key'],
    ['EVAL s 1 a', '0 EVAL s 1 a'],
    ['EVAL s 1 b', 'skipped: key'],
    ['EVAL s 2 a b', `fails: ${DISAGREE}`],
    ['EVAL s 0', 'fails: a script without keys may use any'],
    ['NOSUCH a', 'fails: its keys cannot be known'],
    ['XGROUP CREATE a g $', '0 XGROUP CREATE a g $'],
    ['XREADGROUP GROUP g c STREAMS b 1', 'skipped: key'],
  ])('%s: %s', async (line, expected) => {
    expect(await fate(a, line)).toBe(expected);
  });

  test('all tests are asked of each key at once', async () => {
    const options = { ...keys('a*'), notKey: [bytes('ab*')], keyRegex: /[0-9]$/ };
    expect(await fate(options, 'DEL a1 ab1 ac ac2 b1')).toBe('0 DEL a1 ac2');
  });

  test('--slot and --sample pick keys of commands as they do keys', async () => {
    expect(await fate({ slot: [[15495, 15495]] }, 'DEL a b')).toBe('0 DEL a');
    expect(await fate({ sample: 0 }, 'SET a 1')).toBe('skipped: key');
    expect(await fate({ sample: 1 }, 'SET a 1')).toBe('0 SET a 1');
  });

  test('--mixed decides, and all is counted', async () => {
    const lines = ['SINTERSTORE a a1 b', 'NOSUCH', 'EVAL s 0', 'DEL a b'];
    const kept = await through({ ...a, mixed: 'keep' }, ...lines);
    expect(kept.out).toEqual(['0 SINTERSTORE a a1 b', '0 NOSUCH', '0 EVAL s 0', '0 DEL a']);
    expect(kept.notes).toMatchObject({ [`${DISAGREE}: kept`]: 1, 'commands split by key': 1 });
    expect(kept.counts).toEqual([4, 4, 0, 0]);
    const dropped = await through({ ...a, mixed: 'drop' }, ...lines);
    expect(dropped.out).toEqual(['0 DEL a']);
    expect(dropped.counts).toEqual([4, 1, 3, 0]);
    expect(dropped.skipped).toHaveProperty([DISAGREE], 1);
    const failed = await through(a, ...lines);
    expect(failed.counts).toEqual([4, 1, 0, 3]);
  });

  test('MULTI and EXEC stay', async () => {
    const { out, counts } = await through(a, 'MULTI', 'SET a 1', 'SET b 1', 'EXEC', 'MULTI', 'DEL b', 'EXEC');
    expect(out).toEqual(['0 MULTI', '0 SET a 1', '0 EXEC', '0 MULTI', '0 EXEC']);
    expect(counts).toEqual([3, 1, 2, 0]);
  });

  test('commands that reach whole databases go by --mixed, and end the run without it', async () => {
    for (const line of ['FLUSHALL', 'FLUSHDB ASYNC', 'SWAPDB 0 1']) {
      await expect(through({ ...a, allowFlush: true }, line)).rejects.toThrow(RdbkitError);
      expect(await fate({ ...a, allowFlush: true, mixed: 'keep' }, line)).toBe(`0 ${line}`);
      expect(await fate({ ...a, allowFlush: true, mixed: 'drop' }, line)).toMatch(
        /^skipped: it reaches whole/,
      );
    }
  });
});

describe('commands in parts', () => {
  const limits = { maxInlineCommand: 4096, commandHeadBytes: 1024, partBytes: 1024 };
  const large = 'x'.repeat(100_000);
  const fateOf = async (options: Options, ...args: string[]) => {
    const { commands, account } = await throughLog(
      commandStages(options),
      Buffer.concat([command(...args), command('SET', 'a', '1')]),
      limits,
    );
    expect(commands.every(({ inParts }, i) => inParts === i < commands.length - 1)).toBe(true);
    expect(commands.at(-1)?.args).toEqual(['SET', expect.stringMatching(/a$/), '1']);
    return commands.length === 2 ? commands[0]?.args : [...account.commandReasons, ...account.commandCauses];
  };

  test('are selected by keys that are held', async () => {
    expect(await fateOf(keys('a*'), 'SET', 'a', large)).toEqual(['SET', 'a', large]);
    expect(await fateOf(keys('a*'), 'SET', 'b', large)).toEqual([['key', 1]]);
    expect(await fateOf(keys('a*'), 'SET', large, 'b')).toEqual([['its keys cannot be known', 1]]);
    expect(await fateOf(keys('a*'), 'MSET', 'a', '1', 'b', large)).toEqual([
      ['it is too large to be split by key', 1],
    ]);
  });

  test('have keys renamed that are held', async () => {
    expect(await fateOf({ addPrefix: bytes('x:') }, 'SET', 'a', large)).toEqual(['SET', 'x:a', large]);
    expect(await fateOf({ addPrefix: bytes('x:') }, 'MSET', 'a', '1', 'b', large)).toEqual([
      'MSET',
      'x:a',
      '1',
      'x:b',
      large,
    ]);
    expect(await fateOf({ addPrefix: bytes('x:') }, 'SET', large, 'b')).toEqual([
      ['keys are renamed, and its keys cannot be known', 1],
    ]);
  });

  test('lose their expiry where it is held', async () => {
    expect(await fateOf({ ttl: { kind: 'drop' } }, 'PSETEX', 'a', '100', large)).toEqual(['SET', 'a', large]);
    expect(await fateOf({ ttl: { kind: 'drop' } }, 'SET', 'a', large, 'PX', '100')).toEqual([
      ['expiries are changed, and its own cannot be read', 1],
    ]);
  });
});

describe('--db and --map-db', () => {
  const only3 = { db: [3], allowFlush: true };
  const ARRIVES = 'fails: it brings a key from a database that is not selected';
  const MERGED = 'skipped: moved or copied onto itself: its databases become one';

  test.each<[Options, string[], string]>([
    [{ db: [0] }, ['SET a 1'], '0 SET a 1'],
    [{ db: [1] }, ['SET a 1'], 'skipped: database'],
    [{ notDb: [0] }, ['SET a 1'], 'skipped: database'],
    [{ db: [3], notDb: [3] }, ['SELECT 3', 'SET a 1'], 'skipped: database'],
    [only3, ['SELECT 3', 'SET a 1'], '3 SET a 1'],
    [{ mapDb: new Map([[3, 5]]) }, ['SELECT 3', 'SET a 1'], '5 SET a 1'],
    [{ mapDb: new Map([[3, 5]]), db: [3] }, ['SELECT 3', 'SET a 1'], '5 SET a 1'],
    [{ mapDb: new Map([[3, 5]]), db: [5] }, ['SELECT 3', 'SET a 1'], 'skipped: database'],
    [{ toDb: 7 }, ['SELECT 3', 'SET a 1'], '7 SET a 1'],
    // MOVE
    [{ db: [0, 1] }, ['MOVE a 1'], '0 MOVE a 1'],
    [{ db: [0] }, ['MOVE a 1'], '0 DEL a'],
    [{ db: [0], toDb: 4 }, ['MOVE a 1'], '4 DEL a'],
    [{ db: [1] }, ['MOVE a 1'], ARRIVES],
    [{ db: [2] }, ['MOVE a 1'], 'skipped: database'],
    [{ db: [1], mixed: 'keep', mapDb: new Map([[1, 12]]) }, ['MOVE a 1'], '0 MOVE a 12'],
    [
      {
        mapDb: new Map([
          [0, 2],
          [1, 12],
        ]),
      },
      ['MOVE a 1'],
      '2 MOVE a 12',
    ],
    [{ mapDb: new Map([[1, 0]]) }, ['MOVE a 1'], MERGED],
    [{ toDb: 1 }, ['MOVE a 1'], MERGED],
    // COPY
    [{ db: [0] }, ['COPY a b'], '0 COPY a b'],
    [{ db: [0] }, ['COPY a b DB 1'], 'skipped: database'],
    [{ db: [1] }, ['COPY a b DB 1'], ARRIVES],
    [{ mapDb: new Map([[1, 12]]) }, ['COPY a b REPLACE DB 1'], '0 COPY a b REPLACE DB 12'],
    [{ mapDb: new Map([[1, 0]]) }, ['COPY a b DB 1 REPLACE'], '0 COPY a b REPLACE'],
    [{ mapDb: new Map([[1, 0]]) }, ['COPY a a DB 1 REPLACE'], MERGED],
    [{ toDb: 9 }, ['COPY a b DB 0'], '9 COPY a b DB 9'],
    [{ toDb: 9 }, ['COPY a b NOSUCH'], 'fails: its database cannot be read'],
    // SWAPDB
    [{ db: [0, 1] }, ['SWAPDB 0 1'], '0 SWAPDB 0 1'],
    [{ db: [2] }, ['SWAPDB 0 1'], 'skipped: database'],
    [
      {
        db: [0, 1],
        mapDb: new Map([
          [0, 4],
          [1, 5],
        ]),
      },
      ['SWAPDB 0 1'],
      '4 SWAPDB 4 5',
    ],
    [{ db: [0], mixed: 'keep' }, ['SWAPDB 0 1'], '0 SWAPDB 0 1'],
    [
      { db: [0], mixed: 'drop' },
      ['SWAPDB 0 1'],
      'skipped: it reaches databases that are selected and others',
    ],
    [{ notDb: [1], mixed: 'keep', allowFlush: true }, ['FLUSHALL'], '0 FLUSHALL'],
    [
      { notDb: [1], mixed: 'drop' },
      ['FLUSHALL'],
      'skipped: it reaches databases that are selected and others',
    ],
    // FLUSHDB
    [only3, ['FLUSHDB'], 'skipped: database'],
    [only3, ['SELECT 3', 'FLUSHDB ASYNC'], '3 FLUSHDB ASYNC'],
    [{ ...only3, toDb: 0 }, ['SELECT 3', 'FLUSHDB'], '0 FLUSHDB'],
    [
      {
        mapDb: new Map([
          [3, 5],
          [5, 3],
        ]),
        allowFlush: true,
      },
      ['SELECT 3', 'FLUSHDB'],
      '5 FLUSHDB',
    ],
    // FLUSHALL
    [only3, ['FLUSHALL'], '3 FLUSHDB'],
    [{ ...only3, toDb: 0 }, ['FLUSHALL ASYNC'], '0 FLUSHDB ASYNC'],
    [{ db: [3, 4], mapDb: new Map([[3, 5]]), allowFlush: true }, ['FLUSHALL'], '5 FLUSHDB; 4 FLUSHDB'],
    [{ db: [3, 4], mapDb: new Map([[3, 4]]), allowFlush: true }, ['FLUSHALL'], '4 FLUSHDB'],
    [{ toDb: 2, allowFlush: true }, ['FLUSHALL'], '2 FLUSHDB'],
    [{ db: [3], notDb: [3], allowFlush: true }, ['FLUSHALL'], 'skipped: database'],
    // What belongs to none, and scripts.
    [only3, ['FUNCTION FLUSH'], '0 FUNCTION FLUSH'],
    [{ mapDb: new Map([[3, 5]]) }, ['SELECT 3', 'FUNCTION FLUSH'], '0 FUNCTION FLUSH'],
    [{ mapDb: new Map([[3, 3]]), allowFlush: true }, ['FLUSHALL'], '0 FLUSHALL'],
    [only3, ['EVAL s 0'], 'skipped: database'],
    [only3, ['SELECT 3', 'EVAL s 0'], '3 EVAL s 0'],
  ])('%j: %j: %s', async (options, lines, expected) => {
    expect(await fate(options, ...lines)).toBe(expected);
  });

  test.each<[Options, string[]]>([
    [{ db: [0] }, ['SWAPDB 0 1']],
    [{ notDb: [1] }, ['SWAPDB 0 1']],
    [{ toDb: 0 }, ['SWAPDB 0 1']],
    [{ mapDb: new Map([[0, 1]]) }, ['SWAPDB 0 2']],
    [{ mapDb: new Map([[0, 1]]) }, ['SWAPDB 2 1']],
    [{ mapDb: new Map([[0, 1]]) }, ['FLUSHDB']],
    [{ mapDb: new Map([[0, 1]]) }, ['SELECT 1', 'FLUSHDB']],
    [
      {
        mapDb: new Map([
          [0, 1],
          [1, 2],
          [2, 1],
        ]),
      },
      ['SELECT 2', 'FLUSHDB'],
    ],
    [{ toDb: 0 }, ['FLUSHDB']],
    [
      {
        mapDb: new Map([
          [0, 1],
          [1, 0],
        ]),
      },
      ['FLUSHALL'],
    ],
    [{ notDb: [3] }, ['FLUSHALL']],
  ])('%j: %j ends the run and says where', async (options, lines) => {
    const run = through({ ...options, allowFlush: true }, 'SET a 1', ...lines);
    await expect(run).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      where: expect.stringMatching(/^appendonly\.aof:\d+$/),
      hint: expect.stringContaining('--not-command'),
    });
  });

  test('a FLUSHALL that becomes several ends with the last, and all are counted', async () => {
    const options = { db: [1, 2, 3], allowFlush: true };
    const { commands, counts } = await through(options, 'SET a 1', 'FLUSHALL', 'SELECT 2', 'SET b 2');
    expect(commands.map(({ db, args }) => `${db} ${args.join(' ')}`)).toEqual([
      '1 FLUSHDB',
      '2 FLUSHDB',
      '3 FLUSHDB',
      '2 SET b 2',
    ]);
    const [first, second, last] = commands;
    expect([first?.endOffset, second?.endOffset]).toEqual([first?.offset, first?.offset]);
    expect(last?.offset).toBe(first?.offset);
    expect(last?.endOffset).toBeGreaterThan(last?.offset as number);
    expect(commands.map(({ counted }) => counted)).toEqual([true, true, true, true]);
    expect(counts).toEqual([5, 4, 1, 0]);
  });
});

describe('--allow-flush', () => {
  test.each([
    [{}, 'FLUSHALL'],
    [{}, 'flushdb ASYNC'],
    [{ db: [0] }, 'FLUSHALL'],
  ])('without it, %j, %s ends the run and says where', async (options, line) => {
    const offset = log('SET a 1').length;
    await expect(through(options, 'SET a 1', line)).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      where: `appendonly.aof:${offset}`,
      hint: expect.stringContaining('--allow-flush'),
    });
  });

  test('flushes that are not selected do not', async () => {
    expect(await fate({ notCommand: ['FLUSHALL'] }, 'FLUSHALL')).toBe('skipped: command');
    expect(await fate({ db: [1] }, 'FLUSHDB')).toBe('skipped: database');
    expect(await fate({ allowFlush: true }, 'FLUSHALL')).toBe('0 FLUSHALL');
  });
});

describe('--command, --not-command and --type', () => {
  test.each<[Options, string, string]>([
    [{ command: ['SET'] }, 'set a 1', '0 set a 1'],
    [{ command: ['SET'] }, 'SETNX a 1', 'skipped: command'],
    [{ command: ['@HASH', 'SET'] }, 'HSET a f v', '0 HSET a f v'],
    [{ command: ['@sorted-set'] }, 'ZADD a 1 m', '0 ZADD a 1 m'],
    [{ command: ['@ZSET'] }, 'GEOADD a 1 1 m', '0 GEOADD a 1 1 m'],
    [{ command: ['XGROUP'] }, 'XGROUP CREATE a g $', '0 XGROUP CREATE a g $'],
    [{ command: ['XGROUP DESTROY'] }, 'XGROUP CREATE a g $', 'skipped: command'],
    [{ notCommand: ['@scripting'] }, 'EVAL s 0', 'skipped: command'],
    [{ notCommand: ['@scripting'] }, 'SET a 1', '0 SET a 1'],
    [{ command: ['NOSUCH'] }, 'nosuch a', '0 nosuch a'],
    [{ type: ['hash'] }, 'HSET a f v', '0 HSET a f v'],
    [{ type: ['hash'] }, 'SET a 1', 'skipped: type'],
    [{ type: ['string'] }, 'PFADD a 1', '0 PFADD a 1'],
    [{ type: ['hash'] }, 'DEL a', '0 DEL a'],
    [{ type: ['hash'] }, 'RESTORE a 0 \x04abc', '0 RESTORE a 0 \x04abc'],
    [{ type: ['hash'] }, 'RESTORE a 0 \x00abc', 'skipped: type'],
    [{ type: ['string'] }, 'RESTORE a 0 \x00abc', '0 RESTORE a 0 \x00abc'],
    [{ type: ['hash'] }, 'FUNCTION FLUSH', '0 FUNCTION FLUSH'],
  ])('%j: %s: %s', async (options, line, expected) => {
    expect(await fate(options, line)).toBe(expected);
  });

  test('commands of any type are noted', async () => {
    const { notes } = await through(
      { type: ['hash'] },
      'DEL a',
      'EXPIRE a 1',
      'HSET a f v',
      'FUNCTION FLUSH',
    );
    expect(notes).toEqual({ 'commands that work on any type, kept with --type': 2 });
  });
});

describe('renaming', () => {
  const x: Options = { addPrefix: bytes('x:'), allowFlush: true };
  const toC: Options = { rename: [{ expression: /^[ab]$/, replacement: 'c' }], allowFlush: true };

  test.each<[Options, string, string]>([
    [x, 'SET a 1', '0 SET x:a 1'],
    [x, 'MSET a 1 b 2', '0 MSET x:a 1 x:b 2'],
    [x, 'SINTERSTORE a b c', '0 SINTERSTORE x:a x:b x:c'],
    [x, 'ZUNIONSTORE a 2 b c WEIGHTS 1 2', '0 ZUNIONSTORE x:a 2 x:b x:c WEIGHTS 1 2'],
    [x, 'SORT a LIMIT 0 1 STORE b', '0 SORT x:a LIMIT 0 1 STORE x:b'],
    [x, 'SORT a BY w_* STORE b', 'fails: keys are renamed, and it reads keys by a pattern'],
    [x, 'SORT a GET # GET w_*', 'fails: keys are renamed, and it reads keys by a pattern'],
    [x, 'GEORADIUS a 1 1 1 m STORE b', '0 GEORADIUS x:a 1 1 1 m STORE x:b'],
    [x, 'EVAL s 2 a b c', '0 EVAL s 2 x:a x:b c'],
    [x, 'EVAL s 0', 'fails: keys are renamed, and a script without keys may use any'],
    [x, 'NOSUCH a', 'fails: keys are renamed, and its keys cannot be known'],
    [x, 'PUBLISH a b', '0 PUBLISH a b'],
    [x, 'COPY a b DB 1', '0 COPY x:a x:b DB 1'],
    [x, 'XGROUP CREATE a g $', '0 XGROUP CREATE x:a g $'],
    [x, 'BITOP AND a b c', '0 BITOP AND x:a x:b x:c'],
    [{ stripPrefix: bytes('x:') }, 'MSET x:a 1 b 2', '0 MSET a 1 b 2'],
    [{ stripPrefix: bytes('x:'), addPrefix: bytes('y:') }, 'MSET x:a 1 b 2', '0 MSET y:a 1 y:b 2'],
    [toC, 'RENAME a b', 'fails: the renaming gives two of its keys one name'],
    [toC, 'RENAME a c', 'fails: the renaming gives two of its keys one name'],
    [toC, 'RENAME a d', '0 RENAME c d'],
    [toC, 'SUNIONSTORE d a a', '0 SUNIONSTORE d c c'],
    [toC, 'SUNIONSTORE d a b', 'fails: the renaming gives two of its keys one name'],
    [toC, 'MSET a 1 b 2', '0 MSET c 1 c 2'],
    [toC, 'DEL a b', '0 DEL c c'],
    [{ ...x, mixed: 'keep' }, 'FLUSHDB', '0 FLUSHDB'],
  ])('%j: %s: %s', async (options, line, expected) => {
    expect(await fate(options, line)).toBe(expected);
  });

  test('a flush ends the run: the target may have keys of other names', async () => {
    await expect(through(x, 'FLUSHALL')).rejects.toMatchObject({ hint: expect.stringContaining('--mixed') });
  });

  test('selection goes by the names of the source', async () => {
    expect(await fate({ ...keys('a*'), ...x }, 'DEL a b')).toBe('0 DEL x:a');
    expect(await fate({ ...keys('x*'), ...x }, 'DEL a b')).toBe('skipped: key');
  });
});

describe('--ttl', () => {
  const drop: Options = { ttl: { kind: 'drop' } };
  const hour: Options = { ttl: { kind: 'shift', ms: 3_600_000 } };
  const before: Options = { ttl: { kind: 'shift', ms: -3_600_000 } };

  test.each<[Options, string, string]>([
    [{ ttl: { kind: 'keep' } }, 'PEXPIREAT a 5', '0 PEXPIREAT a 5'],
    [drop, 'PEXPIREAT a 1000 XX', '0 PERSIST a'],
    [drop, 'EXPIRE a 10', '0 PERSIST a'],
    [drop, 'GETEX a PX 10', '0 PERSIST a'],
    [drop, 'GETEX a', '0 GETEX a'],
    [drop, 'SET a v PXAT 1000 XX', '0 SET a v XX'],
    [drop, 'SET a v', '0 SET a v'],
    [drop, 'SETEX a 10 v', '0 SET a v'],
    [drop, 'PSETEX a 10 v', '0 SET a v'],
    [drop, 'RESTORE a 1000 p ABSTTL', '0 RESTORE a 0 p ABSTTL'],
    [drop, 'HPEXPIREAT a 1000 FIELDS 1 f', '0 HPEXPIREAT a 1000 FIELDS 1 f'],
    [hour, 'PEXPIREAT a 1000 GT', '0 PEXPIREAT a 3601000 GT'],
    [hour, 'EXPIREAT a 1', '0 PEXPIREAT a 3601000'],
    [hour, 'SET a v EXAT 1 NX', '0 SET a v PXAT 3601000 NX'],
    [hour, 'SET a v EX 1', '0 SET a v PX 3601000'],
    [hour, 'SETEX a 1 v', '0 PSETEX a 3601000 v'],
    [hour, 'EXPIRE a 1', '0 PEXPIRE a 3601000'],
    [hour, 'RESTORE a 1000 p ABSTTL', '0 RESTORE a 3601000 p ABSTTL'],
    [hour, 'RESTORE a 0 p', '0 RESTORE a 0 p'],
    [hour, 'PEXPIREAT a 9223372036854775807', '0 PEXPIREAT a 9223372036854775807'],
    [before, 'PEXPIREAT a 1000', '0 PEXPIREAT a 1'],
    [before, 'PSETEX a 1000 v', '0 PSETEX a 1 v'],
    [hour, 'PEXPIREAT a soon', 'fails: expiries are changed, and its own cannot be read'],
    [{ ttl: { kind: 'max', ms: 0 } }, 'PEXPIREAT a 1000', '0 PEXPIREAT a 1000'],
  ])('%j: %s: %s', async (options, line, expected) => {
    expect(await fate(options, line)).toBe(expected);
  });
});

test('--limit counts keys and commands, and lets a transaction through whole', async () => {
  const lines = log('SET a 1', 'MULTI', 'SET b 1', 'SET c 1', 'SET d 1', 'EXEC', 'SET e 1', 'SET f 1');
  const out = async (count: number) =>
    (await throughLog([limit(count)], lines)).out.map((line) => line.slice(2));
  expect(await out(1)).toEqual(['SET a 1']);
  for (const count of [2, 3, 4]) {
    expect(await out(count)).toEqual(['SET a 1', 'MULTI', 'SET b 1', 'SET c 1', 'SET d 1', 'EXEC']);
  }
  expect((await out(5)).at(-1)).toBe('SET e 1');
  const large = Buffer.concat([command('SET', 'a', 'x'.repeat(100_000)), log('SET b 1')]);
  const parts = await throughLog([limit(1)], large, { maxInlineCommand: 4096, partBytes: 1024 });
  expect(parts.commands.map(({ args }) => args[1])).toEqual(['a']);
});

test('options that look at values are refused', () => {
  for (const options of [{ minSize: 1 }, { maxSize: 1 }, { expiry: 'with' as const }]) {
    expect(() => commandStages(options)).toThrow(/cannot pick commands/);
  }
  expect(() => commandStages({ expiry: 'any' })).not.toThrow();
  expect(() => commandStages({ toDb: 0, mapDb: new Map() })).toThrow(/exclude/);
});

describe('the option flags', () => {
  const parsed = (...args: string[]) =>
    addCommandSelection(new Command().exitOverride().configureOutput({ writeErr() {} }))
      .parse(args, { from: 'user' })
      .opts<CommandSelectionOptions>();

  test('are read', () => {
    expect(parsed()).toEqual({ mixed: 'fail' });
    expect(parsed('--command', 'set, xgroup  create,@hash', '--command', '@zset')).toMatchObject({
      command: ['SET', 'XGROUP CREATE', '@HASH', '@ZSET'],
    });
    expect(parsed('--not-command', 'FLUSHALL', '--mixed', 'drop', '--allow-flush')).toEqual({
      notCommand: ['FLUSHALL'],
      mixed: 'drop',
      allowFlush: true,
    });
  });

  test.each([
    [['--command', '@nosuch'], /no group @nosuch/],
    [['--command', 'SET,'], /SET,HSET,@hash/],
    [['--mixed', 'half'], /keep, drop, fail/],
  ])('%j is refused', (args, message) => {
    expect(() => parsed(...args)).toThrow(message);
  });

  test('--allow-flush is not offered where a log is taken whole', () => {
    const flags = addCommandSelection(new Command(), { asksToFlush: false }).options.map(({ long }) => long);
    expect(flags).toEqual(['--command', '--not-command', '--mixed']);
  });
});
