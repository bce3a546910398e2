import { describe, expect, test } from 'vitest';
import { KeyFinder } from '../../src/aof/command-keys.js';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import type { LogHead } from '../../src/record.js';
import { logBegin, logCommand } from '../support/log-commands.js';

const finder = new KeyFinder();
const lookup = new CommandLookup();

/** Keys as `name`, or `name!` where the command may change it; undefined when they are not known. */
function keysOf(command: LogHead): string[] | undefined {
  const count = finder.find(command);
  if (count < 0) return undefined;
  return Array.from({ length: count }, (_, i) => {
    const key = Buffer.from(command.argument(finder.argumentOf(i))).toString('latin1');
    return finder.isWritten(i) ? `${key}!` : key;
  });
}

const keys = (line: string) => keysOf(logCommand(line.split(' '), lookup, 3));

describe('KeyFinder', () => {
  test.each([
    ['GET a', ['a']],
    ['set a b', ['a!']],
    ['SELECT 1', []],
    ['MULTI', []],
    ['FLUSHALL', []],
    ['PUBLISH channel text', []],
    ['SPUBLISH channel text', []],
    ['DEL a b c', ['a!', 'b!', 'c!']],
    ['MSET a 1 b 2', ['a!', 'b!']],
    ['MSETEX 2 a 1 b 2 EX 9', ['a!', 'b!']],
    ['RENAME a b', ['a!', 'b!']],
    ['BITOP AND d a b', ['d!', 'a', 'b']],
    ['SINTERSTORE d a b', ['d!', 'a', 'b']],
    ['ZUNIONSTORE d 2 a b WEIGHTS 1 2', ['d!', 'a', 'b']],
    ['ZINTERSTORE d 1 a', ['d!', 'a']],
    ['LMPOP 2 a b LEFT', ['a!', 'b!']],
    ['BLMPOP 0 2 a b LEFT', ['a!', 'b!']],
    ['BLPOP a b 0', ['a!', 'b!']],
    ['SMOVE a b m', ['a!', 'b!']],
    ['COPY a b DB 1', ['a', 'b!']],
    ['OBJECT ENCODING a', ['a']],
    ['MEMORY USAGE a', ['a']],
    ['XGROUP CREATE a g $', ['a!']],
    ['XINFO STREAM a', ['a']],
    ['RESTORE a 0 payload REPLACE', ['a!']],
    ['FUNCTION LOAD code', []],
    ['SCRIPT FLUSH', []],
    ['EVAL script 2 a b x y', ['a!', 'b!']],
    ['EVAL script 0 x', []],
    ['EVAL_RO script 1 a', ['a']],
    ['EVALSHA digest 1 a', ['a!']],
    ['FCALL f 1 a x', ['a!']],
    ['XREAD COUNT 2 STREAMS a b 0 0', ['a', 'b']],
    ['XREADGROUP GROUP STREAMS c STREAMS a >', ['a!']],
    ['XREADGROUP COUNT 1 GROUP STREAMS c NOACK STREAMS a >', ['a!']],
    ['SORT a', ['a']],
    ['SORT a BY w_* LIMIT 0 5 GET o_* GET # ASC ALPHA STORE d', ['a', 'd!']],
    ['SORT a BY store STORE d', ['a', 'd!']],
    ['SORT a STORE c STORE d', ['a', 'd!']],
    ['SORT_RO a BY w_*', ['a']],
    ['MIGRATE host 1 a 0 9', ['a!']],
    ['GEORADIUS a 1 2 3 km', ['a']],
    ['GEORADIUS a 1 2 3 km COUNT 2 STORE d', ['a', 'd!']],
    ['GEORADIUSBYMEMBER a m 3 km STORE c STOREDIST d', ['a', 'd!']],
    ['PFMERGE d a b', ['d!', 'a', 'b']],
    ['PFCOUNT a b', ['a!', 'b!']],
    ['LCS a b', ['a', 'b']],
    ['JSON.MSET a $ 1 b $ 2', ['a!', 'b!']],
    ['CMS.MERGE d 2 a b WEIGHTS 1 2', ['d!', 'a', 'b']],
    ['TS.CREATERULE a b AGGREGATION avg 5', ['a!', 'b!']],
    ['ARSET a 0 x', ['a!']],
  ])('%s', (line, expected) => {
    expect(keys(line)).toEqual(expected);
  });

  test('MIGRATE with KEYS', () => {
    const migrate = (...args: string[]) => keysOf(logCommand(['MIGRATE', 'host', '1', ...args], lookup));
    expect(migrate('', '0', '9', 'COPY', 'AUTH', 'keys', 'KEYS', 'a', 'b')).toEqual(['a!', 'b!']);
    expect(migrate('', '0', '9', 'AUTH2', 'keys', 'keys', 'KEYS', 'a')).toEqual(['a!']);
    expect(migrate('x', '0', '9', 'KEYS', 'a')).toBeUndefined();
  });

  test.each([
    'NO.SUCH a',
    'XGROUP FROBNICATE a',
    'STRALGO LCS KEYS a b',
    'GET',
    'GET a b',
    'BLPOP a',
    'EVAL script 3 a b',
    'EVAL script x a',
    'EVAL script -1 a',
    'EVAL script 99999999999999999999 a',
    'EVAL script 01 a',
    'XREAD STREAMS a b 0',
    'XREAD COUNT 2',
    'SORT a STORE',
    'SORT a FROBNICATE b',
    'GEORADIUS a 1 2 3 km STORE',
  ])('%s: not to be known', (line) => {
    expect(keys(line)).toBeUndefined();
  });

  test('of a large command only where they are held', () => {
    const large = (line: string, held: number) => keysOf(logBegin(line.split(' '), held, lookup));
    expect(large('SET a b', 2)).toEqual(['a!']);
    expect(large('SET a b', 1)).toBeUndefined();
    expect(large('DEL a b c', 3)).toBeUndefined();
    expect(large('DEL a b c', 4)).toEqual(['a!', 'b!', 'c!']);
    expect(large('MSET a 1 b 2', 4)).toEqual(['a!', 'b!']);
    expect(large('EVAL script 1 a x', 4)).toEqual(['a!']);
    expect(large('EVAL script 1 a x', 3)).toBeUndefined();
    expect(large('EVAL script 1 a x', 2)).toBeUndefined();
    expect(large('SORT a BY b', 3)).toBeUndefined();
    expect(large('XREADGROUP GROUP g c STREAMS a >', 6)).toEqual(['a!']);
    expect(large('XREADGROUP GROUP g c STREAMS a >', 5)).toBeUndefined();
    expect(large('SET a b', 0)).toBeUndefined();
  });

  test('more keys than any before', () => {
    const names = Array.from({ length: 1000 }, (_, i) => `key-${i}`);
    expect(keysOf(logCommand(['DEL', ...names], lookup))).toEqual(names.map((name) => `${name}!`));
    expect(keys('GET a')).toEqual(['a']);
  });
});
