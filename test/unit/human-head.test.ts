import { afterAll, describe, expect, test } from 'vitest';
import { humanHeadFormat } from '../../src/sinks/human-head.js';
import { textWidth } from '../../src/sinks/human-text.js';
import { keysOnly } from '../../src/stages/keys-only.js';
import { limit } from '../../src/stages/limit.js';
import { bytes, length, string } from '../support/bytes.js';
import { corpusFile } from '../support/corpus.js';
import { listpack } from '../support/packed.js';
import { RdbBuilder } from '../support/rdb-builder.js';
import { Scratch } from '../support/scratch.js';
import { dumpSource, exported } from '../support/shown.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const NOW = Date.UTC(2026, 0, 1);
const dump = () => new RdbBuilder('REDIS0011').aux('redis-ver', '7.2.0').selectDb(0);

let dumps = 0;
async function head(
  builder: RdbBuilder,
  { limits = {}, columns }: { limits?: object; columns?: number } = {},
) {
  const format = humanHeadFormat({ nowMs: () => NOW, ...(columns === undefined ? {} : { columns }) });
  const source = dumpSource(scratch.file(`dump-${dumps++}.rdb`, builder.build()), limits);
  const { text } = await exported(source, format, { stages: [keysOnly()], limits });
  return { lines: text.split('\n').slice(0, -1), damaged: format.damaged };
}

test('a line for each key, in columns', async () => {
  const { lines } = await head(
    dump()
      .key(0, 'plain', string('hello'))
      .expireMs(BigInt(NOW + 90_000))
      .key(16, 'hash', string(listpack(['name', 'Ann', 'n', 42])))
      .selectDb(12)
      .key(17, '漢字', string(listpack(['a', 1, 'b', '2.5'])))
      .key(1, 'list', bytes(length(2), string('x'), string(Uint8Array.of(0xff)))),
  );
  expect(lines).toEqual([
    'db  type    key    expiry       size  value',
    ' 0  string  plain                  6  hello',
    ' 0  hash    hash   in 1 minute    24  name: Ann, n: 42',
    '12  zset    漢字                  21  a: 1, b: 2.5',
    '12  list    list                   5  x, "\\xff"',
  ]);
});

test('nothing at all for no keys', async () => {
  expect((await head(dump())).lines).toEqual([]);
});

test('lines are cut to the terminal', async () => {
  const { lines } = await head(
    dump()
      .key(0, 'text', string('漢'.repeat(300)))
      .key(0, 'binary', string(Uint8Array.from({ length: 300 }, (_, i) => i))),
    { columns: 70 },
  );
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(70);
  expect(lines[1]).toMatch(/漢…$/);
  expect(lines[2]).toMatch(/"\\x00\\x01.*…$/);
});

test('a value in parts is looked into at its beginning, and counted to its end', async () => {
  const items = Array.from({ length: 3000 }, (_, i) => string(`element-${i}`));
  const value = bytes(length(items.length), ...items);
  const { lines, damaged } = await head(dump().key(1, 'big', value).key(0, 'next', string('v')), {
    limits: { maxInlineValue: 1000, partBytes: 64 },
  });
  expect(lines[1]).toMatch(/ list {4}big +\d\d,\d{3} {2}element-0, element-1, .*…$/);
  expect(lines[1]).toContain(value.length.toLocaleString('en'));
  expect(lines[2]).toMatch(/ next .* v$/);
  expect(damaged).toBe(0);
});

describe('a damaged value', () => {
  test.each([{}, { maxInlineValue: 4, partBytes: 3 }])('is said to be so (%j)', async (limits) => {
    const { lines, damaged } = await head(
      dump()
        .key(16, 'odd', string(listpack(['field without value'])))
        .key(0, 'next', string('v')),
      { limits },
    );
    expect(damaged).toBe(1);
    expect(lines[1]).toMatch(/ hash +odd +.*damaged: /);
    expect(lines[2]).toMatch(/ next .* v$/);
  });
});

test('every key of the corpus has its line', async () => {
  const path = corpusFile('r88');
  if (path === undefined) throw new Error('the corpus has no r88');
  const format = humanHeadFormat();
  const { text, account } = await exported(dumpSource(path), format, { stages: [keysOnly(), limit(1000)] });
  expect(text.split('\n').length - 2).toBe(account.totals().written);
  expect(format.damaged).toBe(0);
  expect(text).toMatch(/ stream +stream:big .* {2}1700000000700-1 type: xkzob, extra: /);
  expect(text).toMatch(/ module +vset:points .* {2}vectorset, 3, 2, /);
});
