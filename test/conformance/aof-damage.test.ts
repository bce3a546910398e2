import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { LogDecoder } from '../../src/aof/decoder.js';
import { newLogState } from '../../src/aof/log-state.js';
import { repairAof } from '../../src/io/repair-aof.js';
import { Spool } from '../../src/io/spool.js';
import { unpackAof } from '../support/aof-corpus.js';
import { noise } from '../support/arbitraries.js';
import { Scratch } from '../support/scratch.js';

// Logs of servers with flipped bytes, and with sectors and pages that are zero or garbage: a repair
// keeps every command that was not touched, and whose transaction was not.

const RUNS = Number(process.env['RUNS'] ?? 10);

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => scratch.remove());

interface Command {
  readonly start: number;
  readonly end: number;
  readonly transaction: number;
}

function commandsIn(bytes: Uint8Array): Command[] {
  const decoder = new LogDecoder(
    { index: 0, name: '' },
    newLogState(),
    new CommandLookup(),
    () => new Spool(),
  );
  decoder.push(bytes);
  decoder.end();
  const commands: Command[] = [];
  for (let batch = decoder.next(); batch !== undefined; batch = decoder.next()) {
    for (const record of batch.records) {
      if (record.kind !== 'log-command') throw new Error(record.kind);
      commands.push({ start: record.offset, end: record.endOffset, transaction: record.transaction });
    }
  }
  expect(decoder.torn).toBeUndefined();
  return commands;
}

test.each(['r26', 'r28', 'r32', 'r40'])('what damage left of the log of %s is kept', async (name) => {
  const source = readFileSync(unpackAof(name, scratch.folder));
  const commands = commandsIn(source);
  const random = Buffer.from(noise(RUNS * 64));
  for (let run = 0; run < RUNS; run++) {
    const bytes = Buffer.from(source);
    const size = [1, 512, 4096][run % 3] as number;
    const hits = Array.from({ length: 1 + (run % 5) }, (_, i) => {
      const at = random.readUInt32LE(run * 64 + 8 * i) % source.length;
      const end = Math.min(source.length, at + size);
      if (size === 1)
        bytes[at] = (bytes[at] as number) ^ (1 + ((random[run * 64 + 8 * i + 4] as number) % 255));
      else if (run % 2 === 0) bytes.fill(0, at, end);
      else bytes.fill(noise(size), at, end);
      return { at, end };
    });
    const isHit = ({ start, end }: Command) => hits.some((hit) => hit.at < end && hit.end > start);
    const lost = new Set(commands.filter(isHit).map(({ transaction }) => transaction));
    const expected = commands.filter(
      (command) => !isHit(command) && (command.transaction === 0 || !lost.has(command.transaction)),
    );
    const out = scratch.path(`out-${run}`);
    await repairAof(scratch.file('damaged', bytes), out);
    const repaired = readFileSync(out);
    const left = new Map<string, number>();
    for (const { start, end } of commandsIn(repaired)) {
      const text = repaired.toString('latin1', start, end);
      left.set(text, (left.get(text) ?? 0) + 1);
    }
    for (const { start, end } of expected) {
      const text = source.toString('latin1', start, end);
      const count = left.get(text) ?? 0;
      expect(count, text).toBeGreaterThan(0);
      left.set(text, count - 1);
    }
  }
});
