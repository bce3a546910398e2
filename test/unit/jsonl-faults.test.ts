import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { Account, type Reject } from '../../src/account.js';
import { anyFile } from '../../src/io/any-source.js';
import { checkRdb } from '../../src/io/check-rdb.js';
import { jsonlFile, jsonlStream } from '../../src/io/jsonl-source.js';
import { precheckRdb } from '../../src/io/precheck.js';
import { run, type Sink, type Stage } from '../../src/pipeline.js';
import { infoReport } from '../../src/reports/info.js';
import { limit } from '../../src/stages/limit.js';
import { jsonlOf, readAll } from '../support/jsonl.js';
import { NotingSink } from '../support/records.js';
import { Scratch } from '../support/scratch.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const GOOD = '{"db":0,"key":"good","type":"string","value":"x"}';

/** Lines that are no records: what is written, code and reason, and the column that `^` marks below it. */
const FAULTS: readonly (readonly [line: string, mark: string, fault: string])[] = [
  ['[1,2]', '^', 'INPUT_CORRUPT a record, which is an object, must stand here'],
  ['"text"', '^', 'INPUT_CORRUPT a record, which is an object, must stand here'],
  ['12', '^', 'INPUT_CORRUPT a record, which is an object, must stand here'],
  ['{}', ' ^', 'INPUT_CORRUPT the line is no record: it has no "key", "aux" or the like'],
  ['{"db":0}', '       ^', 'INPUT_CORRUPT the line is no record: it has no "key", "aux" or the like'],
  [`${GOOD} ${GOOD}`, `${' '.repeat(GOOD.length)} ^`, 'INPUT_CORRUPT not JSON: unexpected characters'],
  ['not JSON at all', '^', 'INPUT_CORRUPT not JSON: expected a value'],
  ['{"db":0,"key":"a"', '                 ^', 'INPUT_TRUNCATED the line ends in the middle of a record'],
  ['{"db":0,"key":"a', '                ^', 'INPUT_TRUNCATED the line ends in the middle of a record'],
  [
    '{"function":"code","name":"lib"}',
    '                               ^',
    'INPUT_CORRUPT "name" and "engine" of a function library stand there together or not at all',
  ],
  ['{"db":-1,"key":"a"}', '      ^', 'INPUT_CORRUPT the integer is out of range'],
  ['{"db":1.5,"key":"a"}', '      ^', 'INPUT_CORRUPT an integer must stand here'],
  ['{"db":"0","key":"a"}', '      ^', 'INPUT_CORRUPT an integer must stand here'],
  ['{"db":0,"db":1}', '        ^', 'INPUT_CORRUPT "db" stands there twice'],
  ['{"db":0,"key":5}', '              ^', 'INPUT_CORRUPT a string must stand here'],
  ['{"db":0,"kez":"a"}', '        ^', 'INPUT_CORRUPT "kez" is not known here'],
  ['{"db":0,"key":"a","value":"x"}', '                  ^', 'INPUT_CORRUPT "type" must stand before "value"'],
  [
    '{"db":0,"key":"a","type":"tree","value":"x"}',
    '                                        ^',
    'INPUT_UNSUPPORTED the type of the value is not known',
  ],
  [
    '{"db":0,"key":"a","type":"string"}',
    '                                 ^',
    'INPUT_CORRUPT "value" is missing',
  ],
  [
    '{"key":"a","type":"string","value":"x"}',
    '                                      ^',
    'INPUT_CORRUPT "db" is missing',
  ],
  [
    '{"db":0,"key":"a","type":"string","value":["x"]}',
    '                                          ^',
    'INPUT_CORRUPT a string must stand here',
  ],
  [
    '{"db":0,"key":"a","type":"list","value":"x"}',
    '                                        ^',
    'INPUT_CORRUPT an array must stand here',
  ],
  [
    '{"db":0,"key":"a","type":"list","value":["x",{}]}',
    '                                             ^',
    'INPUT_CORRUPT a string must stand here',
  ],
  [
    '{"db":0,"key":"a","type":"list","value":["x",null]}',
    '                                             ^',
    'INPUT_CORRUPT a string must stand here',
  ],
  [
    '{"db":0,"key":"a","type":"zset","value":[["m","nan"]]}',
    '                                              ^',
    'INPUT_CORRUPT a score is not a number, which servers refuse',
  ],
  [
    '{"db":0,"key":"a","type":"zset","value":[["m",1e999]]}',
    '                                              ^',
    'INPUT_CORRUPT the number is out of range',
  ],
  [
    '{"db":0,"key":"a","type":"zset","value":[["m",1,2]]}',
    '                                                ^',
    'INPUT_CORRUPT the end of the array must stand here',
  ],
  [
    '{"db":0,"key":"a","type":"zset","value":[["m"]]}',
    '                                             ^',
    'INPUT_CORRUPT a score must stand here: a number, "inf" or "-inf"',
  ],
  [
    '{"db":0,"key":"a","type":"hash","value":{"f":1}}',
    '                                             ^',
    'INPUT_CORRUPT a string must stand here',
  ],
  [
    '{"db":0,"key":"a","type":"hash","value":{"f":"v"},"fieldExpireAt":{"g":5}}',
    '                                                ^',
    'INPUT_CORRUPT a field expires that the hash does not have',
  ],
  [
    '{"db":0,"key":"a","type":"hash","value":{"f":"v"},"fieldExpireAt":{"f":"5"}}',
    '                                                                       ^',
    'INPUT_CORRUPT an integer must stand here',
  ],
  [
    '{"db":0,"key":"a","type":"string","value":"v","fieldExpireAt":{}}',
    '                                              ^',
    'INPUT_CORRUPT only fields of a hash expire',
  ],
  [
    '{"db":0,"key":"a","type":"string","bytes":"utf8","value":"v"}',
    '                                          ^',
    'INPUT_CORRUPT "bytes" must be "latin1"',
  ],
  [
    '{"db":0,"key":"a","type":"string","value":"v","bytes":"latin1"}',
    '                                                      ^',
    'INPUT_CORRUPT "bytes" must stand before what it is said of',
  ],
  [
    '{"db":0,"key":"Ā","type":"string","bytes":"latin1","value":"v"}',
    '              ^',
    'INPUT_CORRUPT a character above U+00FF where "bytes" is "latin1"',
  ],
  [
    '{"db":0,"key":"\ufeffa","type":"string","bytes":"latin1","value":"v"}',
    '              ^',
    'INPUT_CORRUPT a character above U+00FF where "bytes" is "latin1"',
  ],
  [
    '{"db":0,"key":"a\\udc00","type":"string","value":"v"}',
    '              ^',
    'INPUT_CORRUPT half of a surrogate pair stands for no character',
  ],
  [
    '{"db":0,"key":"a","type":"list","bytes":"latin1","value":["é","€"]}',
    '                                                              ^',
    'INPUT_CORRUPT a character above U+00FF where "bytes" is "latin1"',
  ],
  [
    '{"db":0,"key":"a","type":"string","value":"\\ud800"}',
    '                                          ^',
    'INPUT_CORRUPT half of a surrogate pair stands for no character',
  ],
  [
    '{"db":0,"key":"a","type":"string","expireAt":9223372036854775808,"value":"x"}',
    '                                             ^',
    'INPUT_CORRUPT the integer is out of range',
  ],
  [
    '{"db":0,"key":"a","type":"string","freq":256,"value":"x"}',
    '                                         ^',
    'INPUT_CORRUPT the integer is out of range',
  ],
  [
    '{"db":0,"key":"a","type":"stream","value":{"entries":[["1-0",["f"]]],"lastId":"1-0"}}',
    '                                                                 ^',
    'INPUT_CORRUPT a field of a stream entry has no value',
  ],
  [
    '{"db":0,"key":"a","type":"stream","value":{"entries":[["10",["f","v"]]],"lastId":"1-0"}}',
    '                                                       ^',
    'INPUT_CORRUPT a stream id must stand here, as "1700000000000-0"',
  ],
  [
    '{"db":0,"key":"a","type":"stream","value":{"entries":[],"groups":[]}}',
    '                                                        ^',
    'INPUT_CORRUPT "entries" and "lastId" must stand before "groups"',
  ],
  [
    '{"db":0,"key":"a","type":"hash","value":{"f":"v"},"fieldExpireAt":{"f":0}}',
    '                                                                       ^',
    'INPUT_CORRUPT no field that servers hold expires at 0 or before',
  ],
  [
    '{"db":0,"key":"a","type":"hash","value":{"f":"v"},"fieldExpireAt":{"f":-1700000000000}}',
    '                                                                       ^',
    'INPUT_CORRUPT no field that servers hold expires at 0 or before',
  ],
  [
    '{"db":0,"key":"a","type":"string","idle":9223372036854775808,"value":"x"}',
    '                                         ^',
    'INPUT_CORRUPT the integer is out of range',
  ],
  [
    '{"db":0,"key":"a","type":"stream","value":{"entries":[["0-0",["f","v"]]],"lastId":"1-0"}}',
    '                                                       ^',
    'INPUT_CORRUPT no entry of a stream has the id 0-0',
  ],
  [
    '{"db":0,"key":"a","type":"stream","value":{"entries":[["2-0",["f","v"]]],"lastId":"1-9"}}',
    '                                                                                       ^',
    'INPUT_CORRUPT "lastId" is below the id of an entry',
  ],
  [
    '{"db":0,"key":"a","type":"stream","value":{"lastId":"1-9","entries":[["2-0",["f","v"]]],"groups":[]}}',
    '                                                                                        ^',
    'INPUT_CORRUPT "lastId" is below the id of an entry',
  ],
  [
    '{"db":0,"key":"a","type":"unknown:33","encoding":"gcra","payload":"AA="}',
    '                                                                  ^',
    'INPUT_CORRUPT the string is no base64',
  ],
  [
    '{"db":0,"key":"a","type":"unknown:33","encoding":"gcra","payload":"AAAA"}',
    '                                                                  ^',
    'INPUT_CORRUPT 2 bytes are left over',
  ],
  [
    '{"db":0,"key":"a","type":"hash","value":{"f":"v"},"field\\u0045xpireAt":{"f":5}}',
    '                                                                              ^',
    'INPUT_CORRUPT "fieldExpireAt" must be written without escapes',
  ],
  ['{"aux":["redis-ver"]}', '                   ^', 'INPUT_CORRUPT a string must stand here'],
  [
    '{"aux":["a","b"],"key":"c"}',
    '                          ^',
    'INPUT_CORRUPT "aux" does not belong to a record with "key"',
  ],
];

describe('a line that is no record', () => {
  test.each(FAULTS)('%s', async (line, mark, fault) => {
    const { keys, faults } = await readAll(jsonlOf(`${GOOD}\n\n${line}\n${GOOD}\r\n`, 7));
    expect(faults).toEqual([`3:${mark.length} ${fault}`]);
    expect(keys.map(({ key }) => key)).toEqual(['good', 'good']);
  });

  test('keys may stand before what says that their characters are bytes, and behind the value', async () => {
    const lines = [
      '{"db":0,"key":"é\\u0000ÿ","type":"string","bytes":"latin1","value":"é"}',
      '{"db":0,"bytes":"latin1","type":"string","value":"é","key":"ÿ"}',
      '{"db":0,"type":"string","value":"é","key":"\ufeffé😀"}',
    ];
    const { keys, faults } = await readAll(jsonlOf(lines.join('\n'), 7));
    expect(faults).toEqual([]);
    const hex = (text: string, form: 'latin1' | 'utf8') => Buffer.from(text, form).toString('hex');
    expect(keys.map(({ key }) => Buffer.from(key, 'latin1').toString('hex'))).toEqual([
      hex('é\u0000ÿ', 'latin1'),
      hex('ÿ', 'latin1'),
      hex('\ufeffé😀', 'utf8'),
    ]);
  });

  test('that is the last and cut', async () => {
    const { keys, faults } = await readAll(jsonlOf(`${GOOD}\n${GOOD.slice(0, 20)}`));
    expect(faults).toEqual(['2:21 INPUT_TRUNCATED the input ends in the middle of the line']);
    expect(keys.length).toBe(1);
  });

  test('that is the last and whole is called what it is', async () => {
    const { faults } = await readAll(jsonlOf(`${GOOD}\n12`));
    expect(faults).toEqual(['2:1 INPUT_CORRUPT a record, which is an object, must stand here']);
  });

  test('a last line without newline that is whole is a record', async () => {
    expect(await readAll(jsonlOf(`\ufeff${GOOD}\n \t\r\n${GOOD}`))).toMatchObject({
      faults: [],
      keys: [{}, {}],
    });
  });

  test('a key longer than may be held is a fault', async () => {
    const text = `{"db":0,"key":"${'k'.repeat(200_000)}","type":"string","value":"v"}\n${GOOD}\n`;
    const { keys, faults } = await readAll(jsonlOf(text, 1 << 16, { limits: { maxHeldString: 100_000 } }));
    expect(faults).toEqual(['1:15 LIMIT_EXCEEDED a key is longer than 100000 bytes']);
    expect(keys.length).toBe(1);
  });

  test('a value that the target cannot hold is a fault', async () => {
    const target = { dialect: 'redis', rdbVersion: 9, backlen: 'old' } as const;
    const text = '{"db":0,"key":"a","type":"array","value":{"items":[[0,"a"]]}}\n';
    const { faults } = await readAll(jsonlOf(text, 100, { target }));
    expect(faults).toEqual(['1:42 TARGET_INCOMPATIBLE an array needs Redis 8.8 or newer']);
  });
});

describe('a file with faults', () => {
  const path = scratch.file('faults.jsonl', `${GOOD}\n{"db":0}\n${GOOD}\n{"db":1}\n`);

  test('is read to its end, and the account says what was refused', async () => {
    const account = new Account();
    const rejects: Reject[] = [];
    account.onReject = (reject) => rejects.push(reject);
    const sink = new NotingSink();
    await run(jsonlFile(path), [limit(10)], sink, { account });
    expect(account.totals()).toMatchObject({ read: 2, written: 2, failed: 0 });
    expect(account.totals(() => true)).toMatchObject({ read: 4, written: 2, failed: 2 });
    expect(account.tallies.at(-1)).toMatchObject({ db: -1, type: 'line', failed: 2 });
    const reason = 'the line is no record: it has no "key", "aux" or the like';
    expect([...account.besides]).toEqual([[reason, 2]]);
    expect(rejects.map(({ code, cause }) => `${code} ${cause}`)).toEqual([
      `INPUT_CORRUPT line 2, column 8: ${reason}`,
      `INPUT_CORRUPT line 4, column 8: ${reason}`,
    ]);
  });

  test('shows faults to no stage, and to no sink that accounts for records itself', async () => {
    const seen: string[] = [];
    const stage: Stage = {
      name: 'noting',
      write: (record, emit) => {
        seen.push(`stage ${record.kind}`);
        emit(record);
      },
    };
    const sinkOf = (accounts: boolean): Sink => ({
      name: 'sink',
      accounts,
      write: ({ records }) => {
        for (const record of records) {
          seen.push(record.kind);
          if (record.kind === 'key' && accounts) account.written(record.tally);
        }
      },
      close: () => {},
      abort: () => {},
    });
    const account = new Account();
    await run(jsonlFile(path), [stage], sinkOf(true), { account });
    expect(seen).toEqual(['stage key', 'stage key', 'key', 'key']);
    expect(account.totals(() => true)).toMatchObject({ read: 4, written: 2, failed: 2 });
    seen.length = 0;
    await run(jsonlFile(path), [stage], sinkOf(false));
    expect(seen).toEqual(['stage key', 'stage key', 'key', 'fault', 'key', 'fault']);
  });

  test('info counts them', async () => {
    expect(await run(anyFile(path), [], infoReport())).toMatchObject({ keys: 2, badLines: 2 });
  });

  test('check names the first of each kind and its line', async () => {
    const check = await checkRdb(anyFile(path));
    expect(check).toMatchObject({ ok: false, keys: 2, damaged: 0, checksum: 'absent', trailingBytes: 0 });
    expect(check.faults).toMatchObject([
      { code: 'INPUT_CORRUPT', line: 2, where: 'line 2, column 8', offset: GOOD.length + 1, count: 2 },
    ]);
  });

  test('does not keep an import from its other lines', async () => {
    await expect(precheckRdb(anyFile(path))).resolves.toBeUndefined();
  });
});

describe('a source', () => {
  test('knows its size, its position and whether it can be read again', async () => {
    const path = scratch.file('good.jsonl', `${GOOD}\n`);
    const source = jsonlFile(path);
    expect((await readAll(source)).keys.length).toBe(1);
    expect(source).toMatchObject({
      size: GOOD.length + 1,
      position: GOOD.length + 1,
      isRepeatable: true,
      name: path,
    });
    expect(jsonlStream(Readable.from([]), 'stdin').isRepeatable).toBe(false);
  });

  test('that is not there is an error', async () => {
    await expect(readAll(jsonlFile(scratch.path('none')))).rejects.toMatchObject({ code: 'IO' });
  });

  test('of nothing gives nothing', async () => {
    expect(await readAll(jsonlOf(''))).toEqual({ keys: [], faults: [], others: [] });
  });
});
