import { describe, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { dbArgument, dbReach } from '../../src/aof/db-reach.js';
import { splitRule } from '../../src/aof/splitting.js';
import { logBegin, logCommand } from '../support/log-commands.js';

const lookup = new CommandLookup();
const command = (line: string) => logCommand(line.split(' '), lookup);

describe('dbReach', () => {
  test.each([
    ['SET a b', { kind: 'none' }],
    ['MOVE a 3', { kind: 'argument', argument: 2 }],
    ['COPY a b', { kind: 'none' }],
    ['COPY a b REPLACE', { kind: 'none' }],
    ['copy a b db 3', { kind: 'argument', argument: 4 }],
    ['COPY a b REPLACE DB 3', { kind: 'argument', argument: 5 }],
    ['COPY DB DB REPLACE DB 3', { kind: 'argument', argument: 5 }],
    ['COPY a b DB', { kind: 'unknown' }],
    ['COPY a b DB 1 DB 2', { kind: 'unknown' }],
    ['COPY a b FROBNICATE', { kind: 'unknown' }],
    ['SWAPDB 1 2', { kind: 'swap', first: 1, second: 2 }],
    ['FLUSHDB ASYNC', { kind: 'flush-db' }],
    ['flushall', { kind: 'flush-all' }],
    ['FUNCTION LOAD code', { kind: 'global' }],
    ['SCRIPT FLUSH', { kind: 'global' }],
    ['EVAL script 0', { kind: 'unknown' }],
    ['EVAL_RO script 0', { kind: 'none' }],
    ['NO.SUCH a', { kind: 'none' }],
  ])('%s', (line, reach) => {
    expect(dbReach(command(line))).toEqual(reach);
  });

  test('makes no objects', () => {
    expect(dbReach(command('COPY a b DB 1'))).toBe(dbReach(command('COPY c d DB 2')));
  });

  test('does not guess at a large COPY', () => {
    expect(dbReach(logBegin(['COPY', 'a', 'b', 'DB', '1'], 2, lookup))).toEqual({ kind: 'unknown' });
  });
});

describe('dbArgument', () => {
  test.each([
    ['0', 0],
    ['15', 15],
    ['2147483647', 2147483647],
    ['2147483648', -1],
    ['-1', -1],
    ['01', -1],
    ['x', -1],
  ])('MOVE a %s', (db, expected) => {
    expect(dbArgument(command(`MOVE a ${db}`), 2)).toBe(expected);
  });

  test('is not there where it is not held', () => {
    expect(dbArgument(logBegin(['MOVE', 'a', '3'], 2, lookup), 2)).toBe(-1);
  });
});

describe('splitRule', () => {
  test.each(['DEL', 'UNLINK', 'TOUCH', 'EXISTS', 'WATCH', 'MGET'])('%s splits by key', (name) => {
    expect(splitRule(command(`${name} a`).spec)).toEqual({ first: 1, step: 1 });
  });

  test('MSET splits by key and value', () => {
    expect(splitRule(command('mset a 1').spec)).toEqual({ first: 1, step: 2 });
  });

  test.each([
    'MSETNX',
    'SUNIONSTORE',
    'PFCOUNT',
    'PFMERGE',
    'BITOP',
    'RENAME',
    'EVAL',
    'XDEL',
    'MSETEX',
    'x',
  ])('%s does not', (name) => {
    expect(splitRule(command(`${name} a b c`).spec)).toBeUndefined();
  });
});
