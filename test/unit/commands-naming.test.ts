import { expect, test } from 'vitest';
import { Account } from '../../src/account.js';
import { run } from '../../src/pipeline.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import { jsonLinesFormat } from '../../src/sinks/jsonl.js';
import { selectCommandsNaming } from '../../src/stages/commands-naming.js';
import { globTest } from '../../src/stages/key-tests.js';
import type { MixedRule } from '../../src/stages/mixed-commands.js';
import { LogSource, log } from '../support/log-source.js';
import { MemoryOutput, makeSpill } from '../support/memory-output.js';

async function naming(key: string, lines: readonly string[], rule: MixedRule = 'keep') {
  const output = new MemoryOutput('pipe');
  const account = new Account();
  const sink = new ExportSink(jsonLinesFormat(), output, makeSpill);
  await run(
    new LogSource(log(...lines)),
    [selectCommandsNaming([globTest([Buffer.from(key)])], rule)],
    sink,
    {
      account,
    },
  );
  const told = Buffer.from(output.bytes).toString().trimEnd().split('\n').filter(Boolean);
  return { account, kept: told.map((line) => (JSON.parse(line) as { command: string[] }).command.join(' ')) };
}

test('commands that name a key stay as they are, other keys included', async () => {
  const lines = ['SET a 1', 'MSET b 1 a 2', 'RENAME a c', 'RENAME b a', 'SUNIONSTORE d a b', 'DEL b a'];
  expect((await naming('a', [...lines, 'SET b 1', 'MSET b 1 c 2'])).kept).toEqual(lines);
});

test('what reaches whole databases happens to every key; what has none is left out', async () => {
  const { kept, account } = await naming('a', ['FLUSHALL', 'SWAPDB 0 1', 'PUBLISH ch a', 'SET b 1']);
  expect(kept).toEqual(['FLUSHALL', 'SWAPDB 0 1']);
  expect(Object.fromEntries(account.commandReasons)).toEqual({ 'no key': 1, key: 1 });
});

test.each([
  ['keep', 2, 0],
  ['drop', 0, 0],
  ['fail', 0, 2],
] as const)('what may use any key goes by the rule: %s', async (rule, kept, failed) => {
  const found = await naming('a', ['NOSUCH x', 'EVAL return 0'], rule);
  expect(found.kept).toHaveLength(kept);
  expect(found.account.totals(({ unit }) => unit === 'command')).toMatchObject({ read: 2, failed });
});
