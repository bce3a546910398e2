import fc from 'fast-check';
import { expect, test } from 'vitest';
import { run } from '../../src/pipeline.js';
import { ExportSink } from '../../src/sinks/export-sink.js';
import { jsonLinesFormat } from '../../src/sinks/jsonl.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { wholeTransactions } from '../../src/stages/whole-transactions.js';
import { command, LogSource } from '../support/log-source.js';
import { MemoryOutput, makeSpill } from '../support/memory-output.js';

const argument = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => new Uint8Array(Buffer.from(text))),
  fc.constantFrom('*1\r\n$4\r\nEXEC\r\n', '"\\\u2028', '').map((text) => new Uint8Array(Buffer.from(text))),
);

/** Commands that are no SELECT, MULTI, EXEC or DISCARD. */
const commands = fc.array(
  fc.tuple(fc.constantFrom('SET', 'DEL', 'nosuch', 'XADD'), fc.array(argument, { maxLength: 5 })),
  { maxLength: 20 },
);

const small = { maxInlineCommand: 64, commandHeadBytes: 48, partBytes: 32, batchBytes: 64 };
const limits = fc.constantFrom({}, small);

test('any commands come out of their lines as they were', async () => {
  await fc.assert(
    fc.asyncProperty(commands, limits, fc.integer({ min: 1, max: 200 }), async (list, limit, chunk) => {
      const log = Buffer.concat(list.map(([name, args]) => command(name, ...args)));
      const output = new MemoryOutput('pipe');
      const source = new LogSource(log, limit, chunk);
      await run(source, [wholeTransactions(makeSpill)], new ExportSink(jsonLinesFormat(), output, makeSpill));
      const lines = Buffer.from(output.bytes).toString('utf8').split('\n').filter(Boolean);
      const read = lines.map((line) => {
        const { bytes, command: words } = JSON.parse(line) as { bytes?: 'latin1'; command: string[] };
        return command(...words.map((word) => Buffer.from(word, bytes ?? 'utf8')));
      });
      expect(Buffer.concat(read).equals(log)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('any commands are the same bytes as RESP, behind SELECT', async () => {
  const select = command('SELECT', '0');
  await fc.assert(
    fc.asyncProperty(commands, limits, fc.integer({ min: 1, max: 200 }), async (list, limit, chunk) => {
      const log = Buffer.concat(list.map(([name, args]) => command(name, ...args)));
      const output = new MemoryOutput('pipe');
      await run(new LogSource(log, limit, chunk), [], new ExportSink(new RespFormat(), output, makeSpill));
      expect(Buffer.from(output.bytes).equals(list.length === 0 ? log : Buffer.concat([select, log]))).toBe(
        true,
      );
    }),
    { numRuns: 100 },
  );
});
