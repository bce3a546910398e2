import { describe, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { isRepeatable } from '../../src/aof/repeatable.js';
import { logBegin, logCommand } from '../support/log-commands.js';

const lookup = new CommandLookup();
const repeats = (line: string) => isRepeatable(logCommand(line.split(' '), lookup));

describe('isRepeatable', () => {
  test.each([
    ...[
      'SETNX a v',
      'HSETNX a f v',
      'ZADD a NX CH 1 x',
      'SET a v NX PXAT 5',
      'SET a v',
      'set a v KEEPTTL',
      'SET a v PXAT 5',
      'SET a v EXAT 5',
      'MSET a 1 b 2',
      'DEL a b',
      'UNLINK a',
    ],
    ...['MSETEX 1 a v PXAT 5', 'MSETEX 2 NX 1 XX 2', 'MSETEX 1 a v KEEPTTL'],
    ...['RESTORE a 0 p REPLACE', 'RESTORE a 5 p REPLACE ABSTTL', 'FLUSHDB', 'FLUSHALL ASYNC'],
    ...['SETRANGE a 5 x', 'SETBIT a 5 1', 'LSET a -1 x', 'SADD a x', 'HSET a f v', 'HMSET a f v'],
    ...['ZADD a 1 x', 'ZADD a CH -1.5 x', 'ZADD a inf x', 'ZADD a -inf x', 'ZADD a .5 x', 'GEOADD a 1 2 x'],
    ...['PEXPIREAT a 5', 'EXPIREAT a 5', 'PERSIST a', 'XADD a 1-2 f v', 'XADD a MAXLEN = 5 1-2 f v'],
    ...['XADD a MINID 5-1 1-2 f v', 'XDEL a 1-2', 'XACK a g 1-2 3-4', 'XGROUP CREATE a g 0 MKSTREAM'],
    ...['XGROUP SETID a g 5-1 ENTRIESREAD 3', 'XGROUP DESTROY a g', 'XGROUP DELCONSUMER a g c'],
    ...['FUNCTION LOAD REPLACE code', 'FUNCTION DELETE a', 'FUNCTION RESTORE p FLUSH', 'SELECT 1', 'MULTI'],
  ])('%s', (line) => {
    expect(repeats(line)).toBe(true);
  });

  test.each([
    ...['INCR a', 'APPEND a x', 'RPUSH a x', 'LPOP a', 'LREM a 0 x', 'LTRIM a 0 5', 'SPOP a', 'PFADD a x'],
    ...['SREM a x', 'ZREM a x', 'HDEL a f', 'HPEXPIREAT a 5 FIELDS 1 f', 'HSETEX a PXAT 5 FIELDS 1 f v'],
    ...['SET a v GET', 'SET a v PX 5', 'SET a v EX 5', 'SET a v IFEQ x', 'SETEX a 5 v'],
    ...[
      'GETSET a v',
      'MSETNX a 1',
      'SET a v NX EX 5',
      'SET a v XX',
      'HINCRBY a f 1',
      'MSETEX 1 a v NX',
      'MSETEX 1 a v EX 5',
      'MSETEX x a v',
    ],
    ...['RESTORE a 0 p', 'RESTORE a 5 p REPLACE', 'RESTORE a 5 p ABSTTL', 'RESTORE a 0 p REPLACE FREQ 5'],
    ...['ZADD a GT 1 x', 'ZADD a INCR 1 x', 'ZADD a XX CH 1 x', 'GEOADD a XX 1 2 x'],
    ...[
      'ZADD a CH INCR 1 x',
      'ZINCRBY a 1 x',
      'EXPIRE a 5',
      'PEXPIREAT a 5 GT',
      'RENAME a b',
      'COPY a b REPLACE',
    ],
    ...['MOVE a 1', 'SWAPDB 0 1', 'SINTERSTORE a b', 'SORT a STORE b', 'BITOP AND a b', 'EVAL s 0'],
    ...[
      'XADD a * f v',
      'XADD a 1-* f v',
      'XADD a 5 f v',
      'XADD a MAXLEN ~ 5 1-2 f v',
      'XADD a NOMKSTREAM 1-2 f v',
    ],
    ...[
      'XADD a MAXLEN 5 LIMIT 1 1-2 f v',
      'XDEL a 1-2 3-4',
      'XTRIM a MAXLEN 5',
      'XSETID a 5-1',
      'XCLAIM a g c 0 1-1',
    ],
    ...[
      'XGROUP CREATE a g $',
      'XGROUP FROBNICATE a',
      'FUNCTION LOAD code',
      'FUNCTION RESTORE p',
      'NO.SUCH a',
    ],
    ...['GET a', 'PUBLISH a x', 'GEORADIUS a 1 2 3 m STORE b', 'JSON.SET a $ 1', 'BITFIELD a SET u8 0 1'],
  ])('not %s', (line) => {
    expect(repeats(line)).toBe(false);
  });

  test('a large command only where what decides is held', () => {
    const large = (line: string, held: number) => isRepeatable(logBegin(line.split(' '), held, lookup));
    expect(large('SET a v', 2)).toBe(true);
    expect(large('SET a v PXAT 5', 2)).toBe(false);
    expect(large('SADD a v w', 2)).toBe(true);
    expect(large('XADD a 1-2 f v', 4)).toBe(false);
    expect(large('RESTORE a 0 p REPLACE', 3)).toBe(false);
  });
});
