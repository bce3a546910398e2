import { describe, expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import { escapeName } from '../../src/bytes/file-name.js';
import { keySlot } from '../../src/codec/crc16.js';
import { RdbkitError } from '../../src/errors.js';
import { Opcode } from '../../src/rdb/opcodes.js';
import { byDb, byPrefix, bySize, bySlots, byType, equalSlots } from '../../src/sinks/split-rules.js';
import { bytes, length, string } from '../support/bytes.js';
import { MemoryOutput } from '../support/memory-output.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { type Split, splitRdb } from '../support/rdb-export.js';
import { type ReadKey, readAll } from '../support/read.js';

const LIBRARY = '#!lua name=mine\nreturn 1';

function dumpOf(keys: readonly string[], dbOf: (index: number) => number = () => 0): Uint8Array {
  const builder = new RdbBuilder().aux('ctime', '5').raw(Opcode.function, string(LIBRARY));
  for (const [i, key] of keys.entries()) builder.selectDb(dbOf(i)).key(0, latin1Bytes(key), string(`v${i}`));
  return builder.build();
}

/** Keys of each output, by label; every output must be whole. */
function keysIn({ outputs }: Split): Record<string, string[]> {
  return Object.fromEntries(
    [...outputs].map(([label, output]) => {
      expect(output.state).toBe('closed');
      const read = readAll(output.bytes);
      expect(read).toMatchObject({ error: undefined, checksum: 'ok' });
      const keys = read.records.filter((record): record is ReadKey => record.kind === 'key');
      return [label, keys.map(({ key }) => Buffer.from(key, 'hex').toString('latin1'))];
    }),
  );
}

/** How many records of a kind each output has. */
function counts({ outputs }: Split, kind: string): number[] {
  return [...outputs.values()].map(
    (output) => readAll(output.bytes).records.filter((record) => record.kind === kind).length,
  );
}

describe('by slots', () => {
  test('a key goes where its slot is, and tagged keys stay together', async () => {
    const keys = ['foo', '{user1}.a', '{user1}.b', 'bar', 'hello', '{}x', 'a{b}c'];
    const ranges = [
      [0, 5460],
      [5461, 10922],
      [10923, 16383],
    ] as const;
    const split = await splitRdb(dumpOf(keys), bySlots(ranges));
    const expected = ranges.map(([first, last]) =>
      keys.filter((key) => keySlot(bytes(key)) >= first && keySlot(bytes(key)) <= last),
    );
    expect(Object.values(keysIn(split))).toEqual(expected);
    expect(split.parts.map(({ label, keys: count }) => [label, count])).toEqual([
      ['0-5460', expected[0]?.length],
      ['5461-10922', expected[1]?.length],
      ['10923-16383', expected[2]?.length],
    ]);
    expect(split.parts.map((part) => part.bytes)).toEqual(
      [...split.outputs.values()].map((output) => output.bytes.length),
    );
  });

  test('functions and fields are in every output, even in one without keys', async () => {
    const split = await splitRdb(dumpOf(['foo']), bySlots(equalSlots(4)));
    expect(counts(split, 'key')).toEqual([0, 0, 1, 0]);
    expect(counts(split, 'function')).toEqual([1, 1, 1, 1]);
    expect(counts(split, 'aux')).toEqual([1, 1, 1, 1]);
    expect(split.account.totals(({ type }) => type === 'function')).toMatchObject({ read: 1, written: 1 });
  });

  test('keys in no range are skipped', async () => {
    const split = await splitRdb(dumpOf(['foo', 'bar']), bySlots([[12_182, 12_182]]));
    expect(keysIn(split)).toEqual({ '12182': ['foo'] });
    expect([...split.account.reasons]).toEqual([['its slot is in no range', 1]]);
    split.account.balance();
  });

  test('ranges that overlap are refused', () => {
    const ranges = [
      [0, 100],
      [200, 300],
      [100, 150],
    ] as const;
    expect(() => bySlots(ranges)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: 'the slot ranges 0-100 and 100-150 overlap' }),
    );
  });

  test.each([1, 2, 3, 7, 16_384])('%i equal shards cover all slots', (shards) => {
    const ranges = equalSlots(shards);
    expect(ranges).toHaveLength(shards);
    expect([ranges[0]?.[0], ranges.at(-1)?.[1]]).toEqual([0, 16_383]);
    for (const [i, [first, last]] of ranges.entries()) {
      expect(last).toBeGreaterThanOrEqual(first);
      if (i > 0) expect(first).toBe((ranges[i - 1]?.[1] as number) + 1);
    }
    const sizes = ranges.map(([first, last]) => last - first);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  test('three shards are those that redis-cli makes', () => {
    expect(equalSlots(3)).toEqual([
      [0, 5460],
      [5461, 10_922],
      [10_923, 16_383],
    ]);
  });

  test.each([0, -1, 16_385, Number.NaN])('%d shards are refused', (shards) => {
    expect(() => equalSlots(shards)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('by what keys are', () => {
  test('a database', async () => {
    const split = await splitRdb(
      dumpOf(['a', 'b', 'c', 'd'], (i) => [3, 0, 3, 7][i] as number),
      byDb(),
    );
    expect(keysIn(split)).toEqual({ '3': ['a', 'c'], '0': ['b'], '7': ['d'] });
    expect(counts(split, 'function')).toEqual([1, 0, 0]);
    expect(counts(split, 'aux')).toEqual([1, 1, 1]);
  });

  test('a type', async () => {
    const list = bytes(length(1), string('x'));
    const dump = new RdbBuilder()
      .key(0, 'a', string('1'))
      .key(1, 'b', list)
      .key(2, 'c', list)
      .key(0, 'd', string('1'));
    expect(keysIn(await splitRdb(dump.build(), byType()))).toEqual({
      string: ['a', 'd'],
      list: ['b'],
      set: ['c'],
    });
  });

  test('a prefix of whole segments', async () => {
    const keys = ['user:1:a', 'user:2', 'job', 'user::b', ':x', 'job:9', 'user:1'];
    expect(keysIn(await splitRdb(dumpOf(keys), byPrefix(1)))).toEqual({
      user: ['user:1:a', 'user:2', 'user::b', 'user:1'],
      _: ['job'],
      '%': [':x'],
      job: ['job:9'],
    });
    expect(keysIn(await splitRdb(dumpOf(keys), byPrefix(2)))).toEqual({
      'user%3a1': ['user:1:a'],
      _: ['user:2', 'job', ':x', 'job:9', 'user:1'],
      'user%3a': ['user::b'],
    });
  });

  test('a prefix of any bytes, whose names stay apart', async () => {
    const long = 'x'.repeat(200);
    const split = await splitRdb(
      dumpOf(['A:1', 'a:1', '../b:1', '\xff\x00:1', `${long}1:1`, `${long}2:1`, '_:1', 'plain']),
      byPrefix(1),
    );
    const labels = [...split.outputs.keys()];
    expect(labels).toEqual([
      'A',
      'a~2',
      '..%2fb',
      '%ff%00',
      'x'.repeat(120),
      `${'x'.repeat(120)}~2`,
      '_',
      '_~2',
    ]);
    expect(escapeName('')).toBe('%');
  });

  test('too many prefixes end the run, and nothing is left', async () => {
    const outputs: MemoryOutput[] = [];
    const open = () => {
      outputs.push(new MemoryOutput());
      return outputs.at(-1) as MemoryOutput;
    };
    const keys = Array.from({ length: 50 }, (_, i) => `p${i}:x`);
    const split = splitRdb(dumpOf(keys), byPrefix(1), { maxOutputs: 20, open });
    await expect(split).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'cut by prefix this makes more than 20 files',
    });
    expect(outputs.map(({ state }) => state)).toEqual(new Array(20).fill('aborted'));
  });
});

describe('by size', () => {
  test('the next output begins once one has the size', async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `key ${i}`);
    const split = await splitRdb(dumpOf(keys), bySize(4000));
    const parts = Object.values(keysIn(split));
    expect(parts.flat()).toEqual(keys);
    for (const { bytes: size } of split.parts.slice(0, -1)) {
      expect(size).toBeGreaterThanOrEqual(4000);
      expect(size).toBeLessThan(4100);
    }
    expect(split.parts.length).toBeGreaterThan(3);
    expect(counts(split, 'function')).toEqual([1, ...new Array(split.parts.length - 1).fill(0)]);
    expect(counts(split, 'aux')).toEqual(new Array(split.parts.length).fill(1));
  });
});

test('functions of a dump without keys have no output to go to', async () => {
  const split = await splitRdb(dumpOf([]), byDb());
  expect(split.outputs.size).toBe(0);
  expect([...split.account.besides]).toEqual([['there was no output to put it in', 1]]);
});

test('values in parts go to one output', async () => {
  const dump = new RdbBuilder()
    .key(0, 'small', string('1'))
    .key(0, '{foo}large', string('y'.repeat(5000)))
    .key(0, 'nowhere', string('z'.repeat(5000)))
    .build();
  const rule = bySlots([
    [keySlot(bytes('foo')), keySlot(bytes('foo'))],
    [keySlot(bytes('small')), keySlot(bytes('small'))],
  ]);
  const split = await splitRdb(dump, rule, { limits: { maxInlineValue: 1000, partBytes: 300 } });
  expect(keysIn(split)).toEqual({
    [keySlot(bytes('foo'))]: ['{foo}large'],
    [keySlot(bytes('small'))]: ['small'],
  });
  expect(split.account.totals()).toMatchObject({ read: 3, written: 2, skipped: 1 });
});

describe('outputs', () => {
  test('are all finished before the first is closed', async () => {
    const events: string[] = [];
    const open = ({ label }: { label: string }) => ({
      write() {},
      finish: () => events.push(`finish ${label}`),
      close: () => events.push(`close ${label}`),
      abort: () => events.push(`abort ${label}`),
    });
    await splitRdb(
      dumpOf(['a', 'b'], (i) => i),
      byDb(),
      { open },
    );
    expect(events).toEqual(['finish 0', 'finish 1', 'close 0', 'close 1']);
  });

  test('are all aborted when one fails at its end', async () => {
    const events: string[] = [];
    const open = ({ label }: { label: string }) => ({
      write() {},
      finish() {
        if (label === '1') throw new RdbkitError('IO', 'the disk is full');
      },
      close: () => events.push(`close ${label}`),
      abort: () => events.push(`abort ${label}`),
    });
    const split = splitRdb(
      dumpOf(['a', 'b'], (i) => i),
      byDb(),
      { open },
    );
    await expect(split).rejects.toMatchObject({ message: 'the disk is full' });
    expect(events).toEqual(['abort 0', 'abort 1']);
  });

  test('are all aborted when the input is damaged', async () => {
    const dump = dumpOf(['a', 'b'], (i) => i);
    const outputs: MemoryOutput[] = [];
    const open = () => {
      outputs.push(new MemoryOutput());
      return outputs.at(-1) as MemoryOutput;
    };
    await expect(splitRdb(dump.slice(0, -9), byDb(), { open })).rejects.toMatchObject({
      code: 'INPUT_TRUNCATED',
    });
    expect(outputs.map(({ state }) => state)).toEqual(['aborted', 'aborted']);
  });
});
