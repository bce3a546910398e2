import { describe, expect, test } from 'vitest';
import { logOf, respBytes } from '../support/log-bytes.js';
import { readLog } from '../support/log-reader.js';

const text = (value: string) => Buffer.from(value, 'latin1');

describe('what is no log', () => {
  test.each([
    ['SET a b\r\n', 0, 'where a command should begin'],
    ['*', undefined, ''],
    ['*x\r\n', 0, 'no number'],
    ['*\r\n', 0, 'no number'],
    ['*-1\r\n', 0, 'no number'],
    ['*0\r\n', 0, '0 arguments'],
    ['*2147483648\r\n', 0, '2147483648 arguments'],
    [`*${'1'.repeat(40)}\r\n`, 0, 'too large'],
    ['*1\n$1\r\na\r\n', 0, 'no number'],
    ['*1\rx', 3, 'not closed'],
    ['*1\r\n:1\r\n', 4, 'where an argument should begin'],
    ['*1\r\n$a\r\n', 4, 'no number'],
    ['*1\r\n$:\r\n0123456789\r\n', 4, 'no number'],
    ['*1\r\n$1:\r\n01234567890123456789\r\n', 4, 'no number'],
    ['*:\r\n', 0, 'no number'],
    ['*1\r\n$99999999999\r\n', 4, '99999999999 bytes'],
    ['*1\r\n$1\r\nab\r\n', 9, 'not closed'],
    ['*1\r\n$1\r\na\n\n', 9, 'not closed'],
    [`#${'x'.repeat(1024)}`, 0, 'no end'],
    ['\0\0\0', 0, 'zero bytes'],
  ])('%j', (bytes, offset, message) => {
    const before = logOf('SET a 1');
    const { error, commands, torn } = readLog(Buffer.concat([before, text(bytes)]));
    expect(commands.length).toBe(1);
    if (offset === undefined) expect(torn).toEqual({ offset: before.length, size: bytes.length });
    else expect(error).toMatchObject({ code: 'INPUT_CORRUPT', offset: before.length + offset });
    expect(error?.message ?? '').toContain(message);
  });

  test.each([
    [['EXEC'], 'EXEC without MULTI'],
    [['DISCARD'], 'DISCARD without MULTI'],
    [['MULTI', 'MULTI'], 'MULTI inside'],
    [['SELECT x'], 'no database'],
    [['SELECT -1'], 'no database'],
    [['SELECT 99999999999'], 'no database'],
    [['SELECT 1 2'], 'no database'],
    [['SELECT'], 'no database'],
  ])('%j', (lines, message) => {
    const before = logOf('SET a 1', ...lines.slice(0, -1));
    const { error } = readLog(logOf('SET a 1', ...lines));
    expect(error).toMatchObject({
      code: 'INPUT_CORRUPT',
      offset: before.length,
      message: expect.stringContaining(message),
    });
  });
});

test.each(['#TS:x\r\n', '#TS:\r\n', '#TS:12 34\r\n', '#T\0\0\0\0\n', '#a\rb\r\n', '#\x7f\r\n'])(
  'bytes that pass for a note and are none: %j',
  (note) => {
    const { commands, error } = readLog(
      Buffer.concat([logOf('SET a 1'), Buffer.from(note), logOf('SET b 1')]),
    );
    expect(commands).toHaveLength(1);
    expect(error).toMatchObject({ code: 'INPUT_CORRUPT', offset: logOf('SET a 1').length });
  },
);

test('databases, transactions and times', () => {
  const { commands, state } = readLog(
    logOf(
      'SET a 1',
      '#TS:10',
      'select 3',
      'MULTI',
      'SET b 2',
      'SELECT 4',
      'EXEC',
      '#TS:9',
      '#other',
      'SET c 3',
      '#TS:12',
    ),
  );
  expect(commands.map(({ name, db, transaction, time }) => `${name} ${db} ${transaction} ${time}`)).toEqual([
    'SET 0 0 -1',
    'SELECT 3 0 10',
    'MULTI 3 1 10',
    'SET 3 1 10',
    'SELECT 4 1 10',
    'EXEC 4 1 10',
    'SET 4 0 9',
  ]);
  expect(state).toMatchObject({ db: 4, commands: 7, transactions: 1, open: undefined });
  expect(state.times).toEqual({ first: 10, last: 12, backwards: 1, future: 0 });
});

test('a transaction without EXEC is told', () => {
  const { state } = readLog(logOf('SET a 1', 'MULTI', 'INCR n'));
  expect(state.open).toEqual({ part: { index: 0, name: 'log' }, offset: logOf('SET a 1').length, index: 2 });
});

test('hundreds of thousands of arguments', () => {
  const words = ['SADD', 'set', ...Array.from({ length: 300_000 }, (_, i) => `member:${i}`)];
  const command = `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
  const input = Buffer.concat([logOf('SET a 1'), text(command), logOf('SET b 2')]);
  for (const options of [
    {},
    { chunks: [65_536] },
    { limits: { maxInlineCommand: 1 << 20, commandHeadBytes: 1 << 16 } },
  ]) {
    const { commands, error } = readLog(input, options);
    expect(error).toBeUndefined();
    expect(commands.map(({ args }) => args.length)).toEqual([3, 300_002, 3]);
    expect(commands[1]?.args.at(-1)).toBe('member:299999');
    expect(commands[1]?.isLarge).toBe('limits' in options);
  }
});

test('a length of gigabytes takes no memory, and is torn at once where the size is known', () => {
  const input = text('*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4000000000\r\nabc');
  for (const options of [{}, { inputBytes: input.length }, { chunks: [1] }]) {
    expect(readLog(input, options)).toMatchObject({
      torn: { offset: 0, size: input.length },
      error: undefined,
    });
  }
});

test('positions count from the base that is given', () => {
  const { commands } = readLog(logOf('SET a 1'), { base: 1000 });
  expect(commands[0]).toMatchObject({ offset: 1000, endOffset: 1000 + logOf('SET a 1').length });
});

test('a name that ends beyond what is held of a large command is no known one', () => {
  const input = respBytes('x'.repeat(100), 'y'.repeat(100));
  const { commands } = readLog(input, {
    limits: { maxInlineCommand: 50, commandHeadBytes: 20 },
    chunks: [30],
  });
  expect(commands).toMatchObject([{ isLarge: true, args: ['x'.repeat(100), 'y'.repeat(100)] }]);
});
