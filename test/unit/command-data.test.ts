import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { COMMAND_ROWS } from '../../src/aof/command-data.js';
import { commandSince, commandTable } from '../../src/aof/command-table.js';
import { MORE_COMMANDS } from '../../src/aof/more-commands.js';
import { commandDataText, type ServerCommands } from '../support/command-data.js';

const folder = fileURLToPath(new URL('../../fixtures/commands/', import.meta.url));
const fixtures = readdirSync(folder).map((name) => readFileSync(`${folder}${name}`, 'utf8'));

const named = new Map(commandTable().map((spec) => [spec.name, spec]));

describe('the command table', () => {
  test('is what the outputs of the servers make', () => {
    const file = fileURLToPath(new URL('../../src/aof/command-data.ts', import.meta.url));
    expect(fixtures.length).toBeGreaterThanOrEqual(4);
    expect(readFileSync(file, 'utf8')).toBe(commandDataText(fixtures));
  });

  test('has every command of every server, and of each no narrower arity', () => {
    for (const text of fixtures) {
      const { commands } = JSON.parse(text) as ServerCommands;
      for (const [name, arity, flags] of commands) {
        const spec = named.get(name.toUpperCase().replace('|', ' '));
        expect(spec, name).toBeDefined();
        if (flags.split(' ').includes('write')) expect(spec?.isWrite, name).toBe(true);
        const least = spec?.arity ?? 0;
        expect(least === arity || (least < 0 && -least <= Math.abs(arity)), name).toBe(true);
      }
    }
  });

  test('numbers its rows from 0, each name once', () => {
    expect(commandTable().map(({ index }) => index)).toEqual(commandTable().map((_, i) => i));
    expect(named.size).toBe(commandTable().length);
  });

  test('takes no row by hand that a server gives', () => {
    const names = (rows: string) =>
      rows
        .trim()
        .split('\n')
        .map((row) => row.split(' ')[0]);
    const given = new Set(names(COMMAND_ROWS));
    expect(names(MORE_COMMANDS).filter((name) => given.has(name))).toEqual([]);
  });

  test.each([
    ['SET', 'string', 'string', true],
    ['SETBIT', 'bitmap', 'string', true],
    ['PFADD', 'hyperloglog', 'string', true],
    ['ZADD', 'sorted-set', 'zset', true],
    ['GEOADD', 'geo', 'zset', true],
    ['XGROUP CREATE', 'stream', 'stream', true],
    ['ARSET', 'array', 'array', true],
    ['VADD', 'module', 'module', true],
    ['VSIM', 'module', 'module', false],
    ['JSON.SET', 'module', 'module', true],
    ['DEL', 'generic', undefined, true],
    ['GET', 'string', 'string', false],
    ['EVAL', 'scripting', undefined, true],
    ['EVAL_RO', 'scripting', undefined, false],
    ['PFCOUNT', 'hyperloglog', 'string', true],
    ['FUNCTION LOAD', 'scripting', undefined, true],
  ])('%s is of group %s and family %s', (name, group, family, isWrite) => {
    expect(named.get(name)).toMatchObject({ group, family, isWrite });
  });

  test('says since when', () => {
    const since = (name: string) => commandSince(named.get(name) as never);
    expect(since('SET')).toEqual({ redis: '1.0.0', valkey: '1.0.0' });
    expect(since('HEXPIRE')).toEqual({ redis: '7.4.0', valkey: '9.0.0' });
    expect(since('XDELEX')).toEqual({ redis: '8.2.0' });
    expect(since('DELIFEQ')).toEqual({ valkey: '9.0.0' });
    expect(since('JSON.SET')).toEqual({});
  });

  test('has what only old servers write', () => {
    for (const name of [
      'SUBSTR',
      'SLAVEOF',
      'SYNC',
      'HMSET',
      'GETSET',
      'GEORADIUS',
      'RPOPLPUSH',
      'STRALGO',
    ]) {
      expect(named.has(name), name).toBe(true);
    }
  });
});
