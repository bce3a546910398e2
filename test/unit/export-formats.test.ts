import { describe, expect, test } from 'vitest';
import { Crc64 } from '../../src/codec/crc64.js';
import { formatOfServer } from '../../src/rdb/compat.js';
import { AofFormat } from '../../src/sinks/aof.js';
import { CsvFormat } from '../../src/sinks/csv.js';
import { type JsonLayout, jsonFormat } from '../../src/sinks/json.js';
import { KeysFormat } from '../../src/sinks/keys.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { bytes, float64, length, littleEndian, string } from '../support/bytes.js';
import { commandsOf } from '../support/commands.js';
import { exportDump } from '../support/export-dump.js';
import { listpack } from '../support/packed.js';
import { RdbBuilder } from '../support/rdb-builder.js';

const strings = (...texts: string[]) => bytes(length(texts.length), ...texts.map((text) => string(text)));
const hash = (...texts: string[]) => bytes(length(texts.length / 2), ...texts.map((text) => string(text)));

const dump = new RdbBuilder('REDIS0012')
  .aux('redis-ver', '7.4.1')
  .selectDb(0)
  .key(0, 'text', string('Ann, "A"'))
  .key(1, 'list', strings('a', 'b'))
  .expireMs(1_893_456_000_000)
  .key(5, 'zset', bytes(length(2), string('m'), float64(1), string('n'), float64(-2.5)))
  .selectDb(3)
  .key(4, 'hash', hash('f', 'v'))
  .key(0, bytes(0xff, '\n'), string(bytes(0x80)))
  .build();

const commands = async (format: RespFormat, input = dump) => {
  const { bytes: written, rejects } = await exportDump(input, format);
  return {
    lines: commandsOf(written).map((args) => args.join(' ')),
    causes: rejects.map(({ cause }) => cause),
  };
};

const DATA = [
  'SELECT 0',
  'SET text Ann, "A"',
  'RPUSH list a b',
  'ZADD zset 1 m -2.5 n',
  'PEXPIREAT zset 1893456000000',
  'SELECT 3',
  'HSET hash f v',
  'SET \xff\n \x80',
];

describe('commands', () => {
  test('of every key, SELECT where the database changes', async () => {
    expect((await commands(new RespFormat())).lines).toEqual(DATA);
    expect((await commands(new AofFormat())).lines).toEqual(DATA);
  });

  test('that replace what is there: SET does by itself', async () => {
    const { lines } = await commands(new RespFormat({ replace: true }));
    expect(lines.filter((line) => line.startsWith('DEL'))).toEqual(['DEL list', 'DEL zset', 'DEL hash']);
  });

  test.each([9, 10, 97, 98, 99, 510, 511, 512, 513, 2000])('of a list of %i elements', async (size) => {
    const elements = Array.from({ length: size }, (_, i) => `e${i}`);
    const input = new RdbBuilder().key(1, 'l', strings(...elements)).build();
    const { bytes: written } = await exportDump(input, new RespFormat());
    const [, ...pushes] = commandsOf(written);
    expect(pushes.flatMap(([, , ...rest]) => rest)).toEqual(elements);
    expect(pushes.map((args) => args.length - 2)).toEqual(
      Array.from({ length: Math.ceil(size / 512) }, (_, i) => Math.min(512, size - 512 * i)),
    );
  });

  test('of large elements, none with much more than 64 KiB', async () => {
    const elements = Array.from({ length: 40 }, (_, i) => String(i).padEnd(10_000, '.'));
    const input = new RdbBuilder().key(2, 's', strings(...elements)).build();
    const { bytes: written } = await exportDump(input, new RespFormat());
    const [, ...adds] = commandsOf(written);
    expect(adds.flatMap(([, , ...rest]) => rest)).toEqual(elements);
    for (const args of adds) expect(args.join('').length).toBeLessThan(80_000);
  });

  test('for an old target: HMSET, and no ABSTTL', async () => {
    const target = formatOfServer('redis', '3.2');
    expect((await commands(new RespFormat({ target }))).lines).toContain('HMSET hash f v');
    const { lines } = await commands(new RespFormat({ target, restore: true }));
    expect(lines.filter((line) => line.includes(' zset '))).toEqual([]);
    const newer = await commands(new RespFormat({ target: formatOfServer('redis', '4.0'), restore: true }));
    const zset = newer.lines.findIndex((line) => line.startsWith('RESTORE zset 0 '));
    expect(newer.lines[zset + 1]).toBe('PEXPIREAT zset 1893456000000');
  });

  test('that restore have their checksums, however many there are and whatever stands between', async () => {
    const builder = new RdbBuilder().selectDb(0);
    for (let i = 0; i < 20_000; i++) {
      if (i % 5 === 0) builder.expireMs(4e12 + i);
      const content = i % 4999 === 7 ? `${i}`.repeat(50_000) : `${i}`.repeat(i % 60);
      builder.key(0, `k${i}`, string(content));
    }
    const input = builder.build();
    const { bytes: written } = await exportDump(input, new RespFormat({ restore: true }));
    const restores = commandsOf(written).slice(1);
    expect(restores.length).toBe(20_000);
    for (const [, , , payload = ''] of restores) {
      const content = Buffer.from(payload, 'latin1');
      const crc = new Crc64();
      crc.update(content, 0, content.length - 8);
      expect([content.readInt32LE(content.length - 8), content.readInt32LE(content.length - 4)]).toEqual([
        crc.low,
        crc.high,
      ]);
    }
  });

  test('say by name what cannot be said', async () => {
    const input = new RdbBuilder('REDIS0012')
      .selectDb(1)
      .key(1, 'empty', length(0))
      .key(5, 'nan', bytes(length(1), string('m'), float64(Number.NaN)))
      .key(7, 'module', bytes(length(1n << 60n), length(0)))
      .key(25, 'expiring', bytes(littleEndian(4e12, 8), string(listpack(['f', 'v', 4_000_000_000_001]))))
      .key(0, 'good', string('x'))
      .build();
    const { lines, causes } = await commands(
      new RespFormat({ target: formatOfServer('redis', '7.2') }),
      input,
    );
    expect(lines).toEqual(['SELECT 1', 'SET good x']);
    expect(causes).toEqual([
      'no commands build an empty list',
      expect.stringMatching(/^a score is not a number, which servers refuse/),
      'no commands build the value of a module, it can only be restored',
      'the target has no expiry of hash fields',
    ]);
    const restored = await commands(
      new RespFormat({ restore: true, target: formatOfServer('redis', '7.2') }),
      input,
    );
    expect(restored.causes).toEqual(['hash-listpack-ex (type 25) needs Redis 7.4 or newer']);
  });

  test('of functions', async () => {
    const code = '#!lua name=lib\nreturn 1';
    const input = new RdbBuilder().raw(245, string(code)).build();
    expect((await commands(new RespFormat(), input)).lines).toEqual([`FUNCTION LOAD ${code}`]);
    expect((await commands(new RespFormat({ replace: true }), input)).lines).toEqual([
      `FUNCTION LOAD REPLACE ${code}`,
    ]);
    const old = await exportDump(input, new RespFormat({ target: formatOfServer('redis', '6.2') }));
    expect(old.bytes.length).toBe(0);
    expect([...old.account.besides.keys()]).toEqual(['the target has no functions']);
  });
});

test('keys', async () => {
  expect((await exportDump(dump, new KeysFormat())).text).toBe('text\nlist\nzset\nhash\n"\\xff\\n"\n');
});

test('csv', async () => {
  const { text } = await exportDump(dump, new CsvFormat({ values: true }));
  expect(text.split('\r\n')).toEqual([
    'db,key,type,encoding,elements,bytes,expireAt,value',
    '0,text,string,string,1,9,,"Ann, ""A"""',
    '0,list,list,linkedlist,2,5,,',
    '0,zset,zset,skiplist-2,2,21,1893456000000,',
    '3,hash,hash,hashtable,1,5,,',
    '3,"""\\xff\\n""",string,string,1,2,,"""\\x80"""',
    '',
  ]);
});

describe('json', () => {
  const layout = async (name: JsonLayout) => (await exportDump(dump, jsonFormat({ layout: name }))).text;

  test('an object a database', async () => {
    expect(await layout('rdbkit')).toBe(
      [
        '[{',
        '"text":"Ann, \\"A\\"",',
        '"list":["a","b"],',
        '"zset":{"m":1,"n":-2.5}',
        '},{',
        '"hash":{"f":"v"},',
        '"\\udcff\\n":"\\udc80"',
        '}]',
        '',
      ].join('\n'),
    );
  });

  test('as redis-rdb-tools has it', async () => {
    expect(await layout('rdbtools')).toContain('"zset":{"m":1.0,"n":-2.5}\n},{');
  });

  test('as rdb-cli has it', async () => {
    const text = await layout('rdb-cli');
    expect(text).toContain('"zset":{"m":"1","n":"-2.5"}\n},{');
    expect(text).toContain('"ÿ\\n":"\u0080"');
  });

  test('as HDT3213/rdb has it', async () => {
    expect(JSON.parse(await layout('hdt3213'))).toEqual([
      { db: 0, key: 'redis-ver', size: 0, type: 'aux', encoding: '', value: '7.4.1' },
      { db: 0, key: 'text', size: 9, type: 'string', encoding: 'string', value: 'Ann, "A"' },
      { db: 0, key: 'list', size: 5, type: 'list', encoding: 'linkedlist', values: ['a', 'b'] },
      {
        db: 0,
        key: 'zset',
        expiration: '2030-01-01T00:00:00.000Z',
        size: 21,
        type: 'zset',
        encoding: 'skiplist-2',
        entries: [
          { member: 'm', score: 1 },
          { member: 'n', score: -2.5 },
        ],
      },
      { db: 3, key: 'hash', size: 5, type: 'hash', encoding: 'hashtable', hash: { f: 'v' } },
      { db: 3, key: '\udcff\n', size: 2, type: 'string', encoding: 'string', value: '\udc80' },
    ]);
  });

  test('of no keys', async () => {
    const none = new RdbBuilder().build();
    for (const name of ['rdbkit', 'rdbtools', 'rdb-cli', 'hdt3213'] as const) {
      expect(JSON.parse((await exportDump(none, jsonFormat({ layout: name }))).text)).toEqual([]);
    }
  });

  test('infinite scores are strings', async () => {
    const input = new RdbBuilder().key(5, 'z', bytes(length(1), string('m'), float64(-Infinity))).build();
    for (const name of ['rdbkit', 'rdbtools', 'rdb-cli'] as const) {
      expect((await exportDump(input, jsonFormat({ layout: name }))).text).toContain('{"m":"-inf"}');
    }
  });
});
