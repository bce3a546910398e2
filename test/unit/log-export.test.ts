import { afterEach, describe, expect, test } from 'vitest';
import { Account } from '../../src/account.js';
import { keyedHash } from '../../src/io/mask-key.js';
import { run } from '../../src/pipeline.js';
import { CsvFormat } from '../../src/sinks/csv.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import { jsonLinesFormat } from '../../src/sinks/jsonl.js';
import type { RecordFormat } from '../../src/sinks/record-format.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { MaskRules, parseMaskRule } from '../../src/stages/mask-rules.js';
import { maskStages } from '../../src/stages/mask-stages.js';
import { UNFINISHED, wholeTransactions } from '../../src/stages/whole-transactions.js';
import { command, LogSource, log } from '../support/log-source.js';
import { MemoryOutput, MemorySpill, makeSpill } from '../support/memory-output.js';

/** Commands above this come in parts. */
const SMALL = { maxInlineCommand: 64, commandHeadBytes: 48, partBytes: 32, batchBytes: 64 };

async function exported(input: Uint8Array, format: RecordFormat, limits = {}, chunk = 65_536) {
  const output = new MemoryOutput('pipe');
  const account = new Account();
  const source = new LogSource(input, limits, chunk);
  await run(source, [wholeTransactions(makeSpill)], new ExportSink(format, output, makeSpill), { account });
  return { output, account, text: Buffer.from(output.bytes).toString('latin1') };
}

describe('a log as JSON Lines', () => {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  afterEach(() => expect(MemorySpill.open).toBe(0));

  test('has a line for each command, with database, time, transaction and position', async () => {
    const input = log(
      '#TS:100',
      'SELECT 0',
      'SET a 1',
      'MULTI',
      'SELECT 3',
      'INCR n',
      'EXEC',
      '#TS:101',
      'DEL a',
    );
    const { output, account } = await exported(input, jsonLinesFormat());
    const at = (text: string) => input.indexOf(text);
    expect(lines(output.text)).toEqual([
      { part: 'appendonly.aof', offset: at('*3'), time: 100, db: 0, command: ['SET', 'a', '1'] },
      {
        part: 'appendonly.aof',
        offset: at('*2\r\n$4\r\nINCR'),
        time: 100,
        transaction: 1,
        db: 3,
        command: ['INCR', 'n'],
      },
      { part: 'appendonly.aof', offset: at('*2\r\n$3\r\nDEL'), time: 101, db: 3, command: ['DEL', 'a'] },
    ]);
    expect(account.totals(({ unit }) => unit === 'command')).toMatchObject({ read: 3, written: 3 });
  });

  test('tells bytes that are no UTF-8 as Latin-1', async () => {
    const { output } = await exported(
      command('SET', 'k', new Uint8Array([0xff, 0x00, 0x0a])),
      jsonLinesFormat(),
    );
    expect(lines(output.text)).toEqual([
      { part: 'appendonly.aof', offset: 0, db: 0, bytes: 'latin1', command: ['SET', 'k', '\u00ff\u0000\n'] },
    ]);
  });

  test.each([1, 7, 65_536])('tells large commands as they are, in chunks of %i bytes', async (chunk) => {
    const value = Buffer.alloc(1000, 'x\u00e9"\n\r\n$5\r\n', 'latin1');
    const input = Buffer.concat([command('SET', 'k', value, ''), command('DEL', 'k')]);
    const { output, account } = await exported(input, jsonLinesFormat(), SMALL, chunk);
    expect(lines(output.text)).toEqual([
      {
        part: 'appendonly.aof',
        offset: 0,
        db: 0,
        bytes: 'latin1',
        command: ['SET', 'k', value.toString('latin1'), ''],
      },
      {
        part: 'appendonly.aof',
        offset: input.length - command('DEL', 'k').length,
        db: 0,
        command: ['DEL', 'k'],
      },
    ]);
    expect(account.totals(({ unit }) => unit === 'command')).toMatchObject({ read: 2, written: 2 });
  });

  test('leaves out a transaction that was never finished, and counts its commands', async () => {
    const { output, account } = await exported(
      log('SET a 1', 'MULTI', 'SET a 2', 'SET b 2'),
      jsonLinesFormat(),
    );
    expect(lines(output.text)).toMatchObject([{ command: ['SET', 'a', '1'] }]);
    expect([...account.commandReasons]).toEqual([[UNFINISHED, 2]]);
  });
});

describe('a log as RESP', () => {
  test('is what it was, byte for byte', async () => {
    const input = log(
      'SELECT 0',
      'set a 1',
      'SELECT 3',
      'MULTI',
      'INCR n',
      'SELECT 0',
      'INCR n',
      'EXEC',
      'DEL a',
    );
    expect((await exported(input, new RespFormat())).text).toBe(input.toString('latin1'));
  });

  test('selects a database where the log does not say which', async () => {
    expect((await exported(log('SET a 1'), new RespFormat())).text).toBe(
      log('SELECT 0', 'SET a 1').toString(),
    );
  });

  test('leaves out empty and unfinished transactions', async () => {
    const input = log('SELECT 1', 'SET a 1', 'MULTI', 'EXEC', 'MULTI', 'SET a 2');
    expect((await exported(input, new RespFormat())).text).toBe(log('SELECT 1', 'SET a 1').toString());
  });

  test.each([1, 50, 65_536])(
    'keeps large commands in transactions whole, in chunks of %i bytes',
    async (chunk) => {
      const value = Buffer.alloc(3000, '*1\r\n$4\r\nEXEC\r\n');
      const large = command('APPEND', 'k', value);
      const input = Buffer.concat([
        log('SELECT 0', 'MULTI', 'SET a 1'),
        large,
        log('SET b 2', 'EXEC'),
        large,
      ]);
      expect((await exported(input, new RespFormat(), SMALL, chunk)).text).toBe(input.toString('latin1'));
      expect(MemorySpill.open).toBe(0);
    },
  );

  test('puts long transactions aside, and has them again in order', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `SET key:${i} ${i}`);
    const input = log('SELECT 0', 'MULTI', ...many, 'EXEC', 'DEL a');
    expect((await exported(input, new RespFormat())).text).toBe(input.toString('latin1'));
    const { text, account } = await exported(log('SELECT 0', 'DEL a', 'MULTI', ...many), new RespFormat());
    expect(text).toBe(log('SELECT 0', 'DEL a').toString());
    expect(account.totals(({ unit }) => unit === 'command')).toMatchObject({
      read: 5001,
      written: 1,
      skipped: 5000,
    });
    expect(MemorySpill.open).toBe(0);
  });
});

test.each([
  ['keys', 'key *=hash'],
  ['values', '*=hash'],
])('masks of %s refuse commands, which no rule names', async (_what, rule) => {
  const stages = maskStages(new MaskRules([parseMaskRule(rule)]), keyedHash(new Uint8Array(32)), makeSpill);
  const source = new LogSource(log('SET secret 1'));
  const output = new MemoryOutput('pipe');
  const running = run(source, stages, new ExportSink(jsonLinesFormat(), output, makeSpill));
  await expect(running).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('cannot be masked'),
  });
  expect(output.bytes).toHaveLength(0);
});

test('formats that have no place for commands say so of each', async () => {
  const { account } = await exported(log('SELECT 0', 'SET a 1', 'MULTI', 'SET b 1', 'EXEC'), new CsvFormat());
  expect(account.totals(({ unit }) => unit === 'command')).toMatchObject({ read: 2, failed: 2 });
  expect(account.shown[0]).toMatchObject({ command: 'SET', position: 'appendonly.aof:23' });
});
