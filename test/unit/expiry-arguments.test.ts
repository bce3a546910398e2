import { describe, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { conditionOf, ExpireCondition, expiryOf, fieldExpiryOf } from '../../src/aof/expiry-arguments.js';
import { logBegin, logCommand } from '../support/log-commands.js';

const lookup = new CommandLookup();
const command = (line: string) => logCommand(line.split(' '), lookup);

const unknown = [-1, 'ms', 'unknown'];

function shown(found: ReturnType<typeof expiryOf>): unknown {
  return found && [found.argument, found.unit, found.kind];
}

describe('expiryOf', () => {
  test.each([
    ['PEXPIREAT a 5', [2, 'ms', 'absolute']],
    ['expireat a 5 NX', [2, 's', 'absolute']],
    ['EXPIRE a 5', [2, 's', 'relative']],
    ['PEXPIRE a 5', [2, 'ms', 'relative']],
    ['SETEX a 5 v', [2, 's', 'relative']],
    ['PSETEX a 5 v', [2, 'ms', 'relative']],
    ['SET a v', undefined],
    ['SET a v KEEPTTL', undefined],
    ['SET a px PX 5', [4, 'ms', 'relative']],
    ['SET a v NX GET EX 5', [6, 's', 'relative']],
    ['SET a v PXAT 5 XX', [4, 'ms', 'absolute']],
    ['SET a v exat 5', [4, 's', 'absolute']],
    ['SET a v IFEQ PX PX 7', [6, 'ms', 'relative']],
    ['SET a v PX', unknown],
    ['SET a v FROBNICATE 3', unknown],
    ['SET a v PX 1 EX 2', unknown],
    ['GETEX a', undefined],
    ['GETEX a PERSIST', undefined],
    ['GETEX a PXAT 5', [3, 'ms', 'absolute']],
    ['MSETEX 2 a EX b PX EXAT 9', [7, 's', 'absolute']],
    ['MSETEX 1 a v NX', undefined],
    ['MSETEX 9 a v', unknown],
    ['RESTORE a 0 p', undefined],
    ['RESTORE a 0 p ABSTTL', undefined],
    ['RESTORE a 7 p', [2, 'ms', 'relative']],
    ['RESTORE a 7 p REPLACE ABSTTL', [2, 'ms', 'absolute']],
    ['RESTORE a 7 p FREQ 5 absttl', [2, 'ms', 'absolute']],
    ['INCREX a 5', unknown],
    ['HPEXPIREAT a 5 FIELDS 1 f', undefined],
    ['PERSIST a', undefined],
    ['NO.SUCH a PX 5', undefined],
  ])('%s', (line, expected) => {
    expect(shown(expiryOf(command(line)))).toEqual(expected);
  });

  test('does not guess at large commands', () => {
    const large = (line: string, held: number) => shown(expiryOf(logBegin(line.split(' '), held, lookup)));
    expect(large('SET a v', 2)).toBeUndefined();
    expect(large('SET a v PXAT 5', 2)).toEqual(unknown);
    expect(large('RESTORE a 0 p ABSTTL', 3)).toBeUndefined();
    expect(large('RESTORE a 5 p', 3)).toEqual([2, 'ms', 'relative']);
    expect(large('RESTORE a 5 p ABSTTL', 3)).toEqual(unknown);
    expect(large('PEXPIREAT a 5', 2)).toEqual(unknown);
  });
});

describe('fieldExpiryOf', () => {
  test.each([
    ['HPEXPIREAT a 5 FIELDS 1 f', [2, 'ms', 'absolute']],
    ['HEXPIREAT a 5 FIELDS 1 f', [2, 's', 'absolute']],
    ['HPEXPIRE a 5 NX FIELDS 1 f', [2, 'ms', 'relative']],
    ['HEXPIRE a 5 FIELDS 1 f', [2, 's', 'relative']],
    ['HSETEX a PXAT 5 FIELDS 1 f v', [3, 'ms', 'absolute']],
    ['HSETEX a FNX EX 5 FIELDS 2 PX 1 EX 2', [4, 's', 'relative']],
    ['HSETEX a FIELDS 1 PX 1 EX 5', [7, 's', 'relative']],
    ['HSETEX a KEEPTTL FIELDS 1 f v', undefined],
    ['HGETEX a PERSIST FIELDS 1 PX', undefined],
    ['HGETEX a PX 5 FIELDS 1 f', [3, 'ms', 'relative']],
    ['HSET a f v', undefined],
    ['PEXPIREAT a 5', undefined],
  ])('%s', (line, expected) => {
    expect(shown(fieldExpiryOf(command(line)))).toEqual(expected);
  });
});

describe('conditionOf', () => {
  const { none, nx, xx, gt, lt, unknown: notKnown } = ExpireCondition;

  test.each([
    ['PEXPIREAT a 5', none],
    ['PEXPIREAT a 5 nx', nx],
    ['EXPIRE a 5 XX GT', xx | gt],
    ['HPEXPIREAT a 5 LT FIELDS 1 NX', lt],
    ['HEXPIRE a 5 FIELDS 1 NX', none],
    ['EXPIRE a 5 FROBNICATE', notKnown],
    ['SET a v NX', none],
  ])('%s', (line, expected) => {
    expect(conditionOf(command(line))).toBe(expected);
  });
});
