import { describe, expect, test } from 'vitest';
import { run } from '../../src/pipeline.js';
import { logInfoReport } from '../../src/reports/log-info.js';
import { PrefixCounts } from '../../src/reports/prefix-counts.js';
import { teeReport } from '../../src/reports/tee.js';
import { TimeBuckets } from '../../src/reports/time-buckets.js';
import { selectCommandKeys } from '../../src/stages/commands-by-key.js';
import { selectCommand } from '../../src/stages/commands-by-name.js';
import { globTest } from '../../src/stages/key-tests.js';
import { command, LogSource, log } from '../support/log-source.js';

const info = (input: Uint8Array, options = {}, limits = {}) =>
  run(new LogSource(input, limits), [], logInfoReport(options));

describe('what is in a log', () => {
  const input = log(
    'SELECT 0',
    'SET user:1 x',
    'SET user:2 xx',
    'MULTI',
    'SELECT 3',
    'INCR hits',
    'DEL user:1 user:2',
    'EXEC',
    'PUBLISH ch msg',
    'NOSUCH user:9',
  );
  const size = (line: string) => log(line).length;

  test('by command, the commonest first', async () => {
    const { byCommand, commands, bytes, transactions } = await info(input);
    expect({ commands, bytes, transactions }).toEqual({ commands: 10, bytes: input.length, transactions: 1 });
    expect(byCommand.slice(0, 2).map(({ name, commands: count }) => [name, count])).toEqual([
      ['SELECT', 2],
      ['SET', 2],
    ]);
    expect(byCommand.find(({ name }) => name === 'SET')).toEqual({
      name: 'SET',
      group: 'string',
      isWrite: true,
      commands: 2,
      bytes: size('SET user:1 x') + size('SET user:2 xx'),
    });
    expect(byCommand.find(({ name }) => name === 'NOSUCH')?.group).toBe('unknown');
  });

  test('by database, without what only says where others act', async () => {
    expect((await info(input)).byDb).toEqual({
      '0': { commands: 2, bytes: size('SET user:1 x') + size('SET user:2 xx') },
      '3': {
        commands: 4,
        bytes: ['INCR hits', 'DEL user:1 user:2', 'PUBLISH ch msg', 'NOSUCH user:9'].reduce(
          (sum, line) => sum + size(line),
          0,
        ),
      },
    });
  });

  test('by prefix of the first key', async () => {
    expect((await info(input)).byPrefix).toEqual([
      {
        prefix: 'user:',
        commands: 3,
        bytes: size('SET user:1 x') + size('SET user:2 xx') + size('DEL user:1 user:2'),
      },
      { prefix: '', commands: 1, bytes: size('INCR hits') },
    ]);
  });

  test('the largest, with key and place', async () => {
    const { largest } = await info(input, { largest: 2 });
    expect(largest).toEqual([
      {
        position: `appendonly.aof:${input.indexOf('*3\r\n$3\r\nDEL')}`,
        name: 'DEL',
        db: 3,
        size: size('DEL user:1 user:2'),
        key: 'user:1',
      },
      {
        position: `appendonly.aof:${input.indexOf('*3\r\n$7\r\nPUBLISH')}`,
        name: 'PUBLISH',
        db: 3,
        size: size('PUBLISH ch msg'),
      },
    ]);
    expect((await info(input, { largest: 0 })).largest).toEqual([]);
  });

  test('keys and prefixes that are no UTF-8 are told as Latin-1', async () => {
    const { largest, byPrefix } = await info(command('SET', '\xff\xfe:1', 'v'));
    expect(largest[0]).toMatchObject({ key: '\u00ff\u00fe:1', bytes: 'latin1' });
    expect(byPrefix).toMatchObject([{ prefix: '\u00ff\u00fe:', bytesAs: 'latin1' }]);
  });

  test('of large commands as well', async () => {
    const large = command('SET', 'user:big', Buffer.alloc(5000, 'x'));
    const limits = { maxInlineCommand: 64, commandHeadBytes: 48, partBytes: 32 };
    const report = await info(Buffer.concat([input, large]), {}, limits);
    expect(report).toMatchObject({ commands: 11, bytes: input.length + large.length });
    expect(report.largest[0]).toMatchObject({ key: 'user:big', size: large.length });
  });

  test('of what is selected', async () => {
    const stages = [selectCommandKeys([globTest([Buffer.from('user:*')])], 'keep')];
    const byKey = await run(new LogSource(input), stages, logInfoReport());
    expect(byKey.byPrefix).toMatchObject([{ prefix: 'user:', commands: 3 }]);
    const byName = await run(new LogSource(input), [selectCommand(['INCR'])], logInfoReport());
    expect(byName.byDb).toMatchObject({ '3': { commands: 1 } });
    expect(byName.largest).toMatchObject([{ name: 'INCR' }]);
  });
});

describe('times', () => {
  test('first, last, and how often they go back', async () => {
    const report = await info(
      log('SET a 0', '#TS:100', 'SET a 1', '#TS:130', 'SET a 2', '#TS:90', 'SET a 3', '#TS:91', 'SET a 4'),
    );
    expect(report).toMatchObject({ firstTime: 100, lastTime: 91, backwards: 1 });
    expect(report.rate[0]).toMatchObject({ from: 90, seconds: 1, commands: 1 });
    expect(report.rate.at(-1)).toMatchObject({ from: 130, commands: 1 });
    expect(report.rate.reduce((sum, { commands }) => sum + commands, 0)).toBe(4);
  });

  test('none', async () => {
    const report = await info(log('SET a 1'));
    expect(report).toMatchObject({ firstTime: undefined, lastTime: undefined, backwards: 0, rate: [] });
  });

  test('all in one second', async () => {
    const { rate } = await info(log('#TS:100', 'SET a 1', 'SET a 2'));
    expect(rate).toEqual([{ from: 100, seconds: 1, commands: 2, bytes: 2 * log('SET a 1').length }]);
  });
});

describe('spans of time', () => {
  const listed = (...times: number[]) => {
    const buckets = new TimeBuckets();
    for (const time of times) buckets.add(time, 10);
    return buckets.list();
  };

  test('are of one length, without gaps, and hold all that there was', () => {
    const rate = listed(1000, 1001, 1001, 5000, 5003);
    expect(rate.length).toBeLessThanOrEqual(128);
    for (const [i, { from, seconds }] of rate.entries()) {
      expect(seconds).toBe(rate[0]?.seconds);
      expect(from).toBe((rate[0]?.from ?? 0) + i * seconds);
    }
    expect(rate[0]).toMatchObject({ from: 1000, commands: 3, bytes: 30 });
    expect(rate.reduce((sum, { commands }) => sum + commands, 0)).toBe(5);
    expect((rate.at(-1)?.from ?? 0) + (rate.at(-1)?.seconds ?? 0)).toBeGreaterThan(5003);
  });

  test.each([[[1000, 10]], [[1_700_000_000, 0]], [[0, 999_999_999_999_999, 5]], [[5, 4, 3, 2, 1, 0]]])(
    'come in any order: %j',
    (times) => {
      const rate = listed(...times);
      expect(rate.length).toBeLessThanOrEqual(128);
      expect(rate.reduce((sum, { commands }) => sum + commands, 0)).toBe(times.length);
      for (const time of times) {
        const span = rate.find(({ from, seconds }) => from <= time && time < from + seconds);
        expect(span?.commands, String(time)).toBeGreaterThan(0);
      }
    },
  );

  test('none without a time', () => expect(listed()).toEqual([]));
});

describe('prefixes', () => {
  const add = (counts: PrefixCounts, key: string, bytes = 1) => {
    const text = Buffer.from(`..${key}..`, 'latin1');
    counts.add(text, 2, text.length - 2, bytes);
  };
  const found = (counts: PrefixCounts) =>
    counts.list().map(({ prefix, commands }) => [prefix && Buffer.from(prefix).toString('latin1'), commands]);

  test('end with their first separator', () => {
    const counts = new PrefixCounts();
    for (const key of ['a:b:c', 'a:x', 'a/b', 'a-b', 'a_b', 'a|b', 'a.b', 'plain', '', ':x'])
      add(counts, key);
    expect(Object.fromEntries(found(counts))).toEqual({
      'a:': 2,
      'a/': 1,
      'a-': 1,
      a_: 1,
      'a|': 1,
      'a.': 1,
      '': 2,
      ':': 1,
    });
  });

  test('are no prefix where none comes soon', () => {
    const counts = new PrefixCounts();
    add(counts, `${'x'.repeat(64)}:1`);
    add(counts, `${'x'.repeat(63)}:1`);
    expect(found(counts)).toEqual([
      ['', 1],
      [`${'x'.repeat(63)}:`, 1],
    ]);
  });

  test('are bounded, and the common ones stay among any number of others', () => {
    const counts = new PrefixCounts();
    let sum = 0;
    for (let i = 0; i < 60_000; i++) {
      add(counts, `${i}:x`);
      if (i % 2 === 1) add(counts, 'user:1');
      sum += i % 2 === 1 ? 2 : 1;
    }
    const list = counts.list();
    expect(list.length).toBeLessThanOrEqual(4097);
    expect(list.reduce((total, { commands }) => total + commands, 0)).toBe(sum);
    expect(found(counts)).toContainEqual(['user:', 30_000]);
  });

  test('are told apart as long as there is room', () => {
    const counts = new PrefixCounts();
    for (let i = 0; i < 4000; i++) add(counts, `${i}:`, i);
    for (let i = 0; i < 4000; i++) add(counts, `${i}:`, i);
    expect(counts.list().every(({ commands }) => commands === 2)).toBe(true);
    expect(counts.list()).toHaveLength(4000);
  });
});

test('two reports from one reading', async () => {
  const sink = teeReport(logInfoReport({ largest: 0 }), logInfoReport({ largest: 1 }));
  const [first, second] = await run(new LogSource(log('SET a 1', 'DEL a')), [], sink);
  expect(first).toMatchObject({ commands: 2, largest: [] });
  expect(second).toMatchObject({ commands: 2, largest: [{ name: 'SET' }] });
});
