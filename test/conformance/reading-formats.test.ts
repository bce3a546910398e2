import { describe, expect, test } from 'vitest';
import { AofFormat } from '../../src/sinks/aof.js';
import { CsvFormat } from '../../src/sinks/csv.js';
import { type JsonLayout, jsonFormat } from '../../src/sinks/json.js';
import { KeysFormat } from '../../src/sinks/keys.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { commandsOf } from '../support/commands.js';
import { parseCsv } from '../support/csv.js';
import { exportDump } from '../support/export-dump.js';
import { fixtureFiles } from '../support/fixture-files.js';

// Every fixture in every format for reading and as commands: well formed, and the same whether
// values come whole or in parts.

const LAYOUTS: readonly JsonLayout[] = ['rdbkit', 'rdbtools', 'hdt3213', 'rdb-cli'];
const PARTS = { maxInlineValue: 1000, partBytes: 4096 };

/** What is told of scores in large values, which are checked; in others they are passed on. */
const NO_NUMBER = /a score is not a number/;

describe.each(fixtureFiles().filter(({ name }) => !/dump-/.test(name)))('$name', ({ file }) => {
  test.each(LAYOUTS)('as JSON in the layout %s', async (layout) => {
    const whole = await exportDump(file, jsonFormat({ layout }));
    const json = JSON.parse(whole.text) as unknown[];
    expect(Array.isArray(json)).toBe(true);
    expect(whole.rejects).toEqual([]);
    const parts = await exportDump(file, jsonFormat({ layout }), PARTS);
    expect(parts.text === whole.text || NO_NUMBER.test(String(parts.rejects[0]?.cause))).toBe(true);
  });

  test('as CSV', async () => {
    const whole = await exportDump(file, new CsvFormat({ values: true }));
    const lines = parseCsv(whole.text);
    expect(lines.length).toBe(1 + whole.account.totals().written);
    expect(new Set(lines.map((fields) => fields.length))).toEqual(new Set([8]));
    const parts = await exportDump(file, new CsvFormat({ values: true }), PARTS);
    expect(parts.text === whole.text).toBe(true);
  });

  test('as keys', async () => {
    const { text, account } = await exportDump(file, new KeysFormat());
    expect(text.split('\n').length - 1).toBe(account.totals().read);
  });

  test.each([
    ['data commands', () => new RespFormat()],
    ['an append-only file', () => new AofFormat()],
    ['RESTORE', () => new RespFormat({ restore: true })],
  ])('as %s', async (_, format) => {
    const whole = await exportDump(file, format());
    const commands = commandsOf(whole.bytes);
    expect(commands.every((args) => args.length <= 600)).toBe(true);
    const { read, written, failed } = whole.account.totals();
    expect(written + failed).toBe(read);
    for (const { code, cause } of whole.rejects) {
      if (!NO_NUMBER.test(cause)) expect(code).toBe('TARGET_INCOMPATIBLE');
    }
    const parts = await exportDump(file, format(), PARTS);
    expect(parts.rejects.map(({ cause }) => cause)).toEqual(whole.rejects.map(({ cause }) => cause));
  });
});
