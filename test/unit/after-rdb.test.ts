import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { LogPosition } from '../../src/aof/position.js';
import { RdbkitError } from '../../src/errors.js';
import { afterRdb } from '../../src/io/after-rdb.js';
import { aofLayout } from '../../src/io/aof-parts.js';
import { logOf, placeIn } from '../support/log-bytes.js';
import { Scratch } from '../support/scratch.js';
import { rdb, type SmallDump } from '../support/small-dump.js';

const scratch = new Scratch();
afterEach(() => {
  for (const name of readdirSync(scratch.folder)) rmSync(scratch.path(name), { recursive: true });
});

const FIRST = logOf(
  '#TS:1000',
  'SELECT 0',
  'SET a 1',
  '#TS:1001',
  'SET b 2',
  '#TS:1100',
  'MULTI',
  'SET c 3',
  'EXEC',
);
const SECOND = logOf('#TS:1200', 'SET d 4', '#TS:1201', 'SET e 5');

/** A folder of a base taken at 990 and two increments. */
function folder(first: Uint8Array = FIRST, second: Uint8Array = SECOND): string {
  writeFileSync(
    scratch.path('a.manifest'),
    'file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i startoffset 0\nfile a.2.incr.aof seq 2 type i startoffset 7000\n',
  );
  scratch.file('a.1.base.rdb', rdb(['k'], { isBase: true, ctime: 990 }));
  scratch.file('a.1.incr.aof', first);
  scratch.file('a.2.incr.aof', second);
  return scratch.folder;
}

const after = (path: string, dump: Uint8Array) => afterRdb(aofLayout(path), scratch.file('dump.rdb', dump));
const at = (part: string, offset: number): LogPosition => ({ kind: 'part-offset', part, offset });
const taken = (facts: SmallDump) => rdb(['other'], facts);

async function refusal(path: string, dump: Uint8Array): Promise<RdbkitError> {
  try {
    const position = await after(path, dump);
    throw new Error(JSON.stringify(position));
  } catch (thrown) {
    if (thrown instanceof RdbkitError && thrown.code === 'USAGE') return thrown;
    throw thrown;
  }
}

test('the base itself, or a copy of it', async () => {
  const path = folder();
  const base = rdb(['k'], { isBase: true, ctime: 990 });
  expect(await after(path, base)).toEqual({ kind: 'end-of-base' });
  expect(await afterRdb(aofLayout(path), scratch.path('a.1.base.rdb'))).toEqual({ kind: 'end-of-base' });
  const single = scratch.file('single.aof', Buffer.concat([base, FIRST]));
  expect(await after(single, base)).toEqual({ kind: 'end-of-base' });
});

test('the replication offset at which an increment starts', async () => {
  expect(await after(folder(), taken({ replOffset: 7000 }))).toEqual(at('a.2.incr.aof', 0));
});

test('an offset of 0 or within an increment tells nothing, and that is said', async () => {
  expect((await refusal(folder(), taken({ replOffset: 0 }))).message).toContain('no time');
  const inside = await refusal(folder(), taken({ replOffset: 7500 }));
  expect(inside.message).toContain('7500 lies within a.2.incr.aof');
});

test.each([
  ['between two commands that are far apart', 1090, at('a.1.incr.aof', placeIn(FIRST, '*1\r\n$5\r\nMULTI'))],
  ['between two parts', 1180, at('a.2.incr.aof', placeIn(SECOND, '*3'))],
  ['behind all', 1300, at('a.2.incr.aof', SECOND.length)],
])('the time of its header: %s', async (_, ctime, position) => {
  expect(await after(folder(), taken({ ctime }))).toEqual(position);
});

test.each([
  ['a command in that second', 1001],
  ['commands in the seconds before', 1050],
  ['a transaction in the seconds before', 1130],
])('%s: refused, with places to choose from', async (_, ctime) => {
  const error = await refusal(folder(), taken({ ctime }));
  expect(error.message).toContain('commands stand in that time');
  expect(error.subject).toBe(scratch.path('dump.rdb'));
  const places = [...(error.hint ?? '').matchAll(/(a\.\d\.incr\.aof):(\d+)/g)];
  expect(places.length).toBeGreaterThan(1);
  for (const [, part, offset] of places) {
    expect((part === 'a.1.incr.aof' ? FIRST : SECOND)[Number(offset)]).toBe(0x2a);
  }
});

test('before the log reaches back, or without times, or with a clock that went back', async () => {
  expect((await refusal(folder(), taken({ ctime: 900 }))).message).toContain('reaches back');
  const early = folder(logOf('#TS:1100', 'SET a 1'));
  expect(await after(early, taken({ ctime: 1060 }))).toEqual(
    at('a.1.incr.aof', placeIn(logOf('#TS:1100'), '') + 10),
  );
  expect(
    (await refusal(folder(logOf('SET a 1'), logOf('SET a 1')), taken({ ctime: 1100 }))).message,
  ).toContain('no times');
  const back = folder(logOf('#TS:1000', 'SET a 1', '#TS:900', 'SET a 1', '#TS:1300', 'SET b 1'));
  expect((await refusal(back, taken({ ctime: 1200 }))).message).toContain('clock went back');
  expect((await refusal(folder(), taken({}))).message).toContain('no time');
});
