import { describe, expect, test } from 'vitest';
import { CommandLookup, commandTable } from '../../src/aof/command-lookup.js';
import { logCommand } from '../support/log-commands.js';

const find = (args: string[], lookup = new CommandLookup()) => logCommand(args, lookup, 7).spec;

describe('CommandLookup', () => {
  test('finds every row by its name, in any case', () => {
    const lookup = new CommandLookup();
    for (const spec of commandTable()) {
      const mixed = [...spec.name].map((char, i) => (i % 2 === 0 ? char.toLowerCase() : char)).join('');
      for (const name of [spec.name, spec.name.toLowerCase(), mixed]) {
        expect(find([...name.split(' '), 'more'], lookup)).toBe(spec);
      }
    }
    expect(lookup.size).toBe(commandTable().length);
  });

  test('answers for a subcommand that is not known with the row of its container', () => {
    expect(find(['xgroup', 'frobnicate', 'k']).name).toBe('XGROUP');
    expect(find(['xgroup']).name).toBe('XGROUP');
    expect(find(['XGROUP']).isWrite).toBe(true);
    expect(find(['XGROUP']).keys[0]?.begin.kind).toBe('unknown');
  });

  test('takes no name with a blank for a subcommand', () => {
    expect(find(['XGROUP CREATE', 'k']).group).toBe('unknown');
    expect(find(['XGROUP|CREATE', 'k']).group).toBe('unknown');
  });

  test('learns names that it does not know, each once', () => {
    const lookup = new CommandLookup();
    const first = find(['my.write', 'k'], lookup);
    expect(first).toMatchObject({
      name: 'MY.WRITE',
      group: 'unknown',
      family: undefined,
      isWrite: true,
      role: 'plain',
      index: commandTable().length,
    });
    expect(find(['MY.WRITE'], lookup)).toBe(first);
    expect(find(['my.writ'], lookup)).not.toBe(first);
    expect(lookup.size).toBe(commandTable().length + 2);
    expect(lookup.rows[first.index]).toBe(first);
  });

  test('shows names that are no words escaped, and long ones cut', () => {
    const lookup = new CommandLookup();
    expect(find(['\x00\xff"'], lookup).name).toBe('"\\x00\\xff\\""');
    expect(find([''], lookup).name).toBe('""');
    const long = find(['x'.repeat(65)], lookup);
    expect(long.name).toBe(`${'X'.repeat(64)}…`);
    expect(find(['x'.repeat(70_000)], lookup)).toBe(long);
    expect(find(['x'.repeat(64)], lookup)).not.toBe(long);
  });

  test('tells 256 unknown names apart, and no more', () => {
    const lookup = new CommandLookup();
    const specs = Array.from({ length: 300 }, (_, i) => find([`name-${i}`], lookup));
    expect(new Set(specs).size).toBe(257);
    expect(specs[299]?.name).toBe('other unknown commands');
    expect(find(['name-3'], lookup)).toBe(specs[3]);
    expect(lookup.rows.map(({ index }) => index)).toEqual(lookup.rows.map((_, i) => i));
    expect(find(['set'], lookup).name).toBe('SET');
  });

  test('knows what to do at SELECT, MULTI, EXEC and DISCARD', () => {
    expect(['select', 'multi', 'exec', 'discard', 'watch'].map((name) => find([name]).role)).toEqual([
      ...['select', 'multi', 'exec', 'discard', 'plain'],
    ]);
  });

  test('answers for a command of which no argument is held', () => {
    const lookup = new CommandLookup();
    expect(lookup.find(new Uint8Array(0), new Int32Array(0), 0, 0).name).toBe('other unknown commands');
  });
});
