import { describe, expect, test } from 'vitest';
import { moduleId } from '../../src/rdb/module-id.js';
import { Opcode } from '../../src/rdb/opcodes.js';
import {
  type BytesLike,
  bytes,
  float64,
  integerString,
  length,
  littleEndian,
  lzfString,
  streamId,
  string,
} from '../support/bytes.js';
import { exportJsonLines, IN_PARTS, linesOf } from '../support/jsonl-export.js';
import { listpack, streamNode } from '../support/packed.js';
import { RdbBuilder } from '../support/rdb-builder.js';

// The lines as they are written, byte by byte.

const EMPTY_IDMP = bytes(length(100), length(100), length(0), length(0), length(0));

async function textOf(builder: RdbBuilder): Promise<string> {
  const file = builder.build();
  const { text, account } = await exportJsonLines(file);
  expect((await exportJsonLines(file, IN_PARTS)).text).toBe(text);
  expect(account.totals().failed).toBe(0);
  return text;
}

/** The line of one key named `k`. */
async function lineOf(type: number, value: BytesLike, magic = 'REDIS0014'): Promise<string> {
  return (await textOf(new RdbBuilder(magic).key(type, 'k', value))).trimEnd();
}

const head = (type: string, encoding: string) =>
  `{"db":0,"key":"k","type":"${type}","encoding":"${encoding}"`;

describe('what stands before the value', () => {
  test('is database, key, type, expiry, access and encoding', async () => {
    const text = await textOf(
      new RdbBuilder('REDIS0009')
        .selectDb(3)
        .expireMs(9_223_372_036_854_775_807n)
        .idle(0xffff_ffff_ffff_ffffn)
        .key(0, 'a"b', string('v'))
        .expireSeconds(-5)
        .frequency(255)
        .key(0, '', integerString(-7)),
    );
    expect(text.split('\n')).toEqual([
      '{"db":3,"key":"a\\"b","type":"string","expireAt":9223372036854775807,"idle":18446744073709551615,"encoding":"string","value":"v"}',
      '{"db":3,"key":"","type":"string","expireAt":-5000,"freq":255,"encoding":"string","value":"-7"}',
      '',
    ]);
  });

  test('is the metadata that modules attach', async () => {
    const block = bytes(
      Opcode.keyMetadata,
      length(1),
      littleEndian((0x123456 << 8) | 9, 4),
      length(2),
      length(9),
      length(0),
    );
    const [line] = linesOf(
      await exportJsonLines(new RdbBuilder('REDIS0013').raw(block).key(0, 'k', string('v')).build()),
    );
    expect(line).toMatchObject({ metadata: Buffer.from(block).toString('base64'), value: 'v' });
  });
});

describe('strings', () => {
  test('are escaped where JSON demands it', async () => {
    expect(await lineOf(0, string('"\\\b\t\n\f\r\u0001\u007f\u2028é🐎/'))).toBe(
      `${head('string', 'string')},"value":"\\"\\\\\\b\\t\\n\\f\\r\\u0001\u007f\u2028é🐎/"}`,
    );
  });

  test('are all bytes of a record where one of them is no UTF-8', async () => {
    expect(await lineOf(1, bytes(length(3), string('é'), string(bytes(0xff, 0)), integerString(5)))).toBe(
      `${head('list', 'linkedlist')},"bytes":"latin1","value":["Ã©","ÿ\\u0000","5"]}`,
    );
    const text = await textOf(
      new RdbBuilder().key(0, bytes('k', 0x80), string('é')).key(0, 'k', string('é')),
    );
    expect(text).toBe(
      '{"db":0,"key":"k\u0080","type":"string","encoding":"string","bytes":"latin1","value":"Ã©"}\n' +
        `${head('string', 'string')},"value":"é"}\n`,
    );
  });

  test('may be large, compressed, and no UTF-8 at their end only', async () => {
    const long = bytes('0123456789é'.repeat(60_000), 0xff);
    const file = new RdbBuilder().key(0, 'k', string(long)).key(0, 'z', lzfString(long)).build();
    for (const limits of [{}, { maxInlineValue: 1000, partBytes: 10_000 }]) {
      const exported = await exportJsonLines(file, limits);
      for (const line of linesOf(exported)) {
        expect(line.bytes).toBe('latin1');
        expect(Buffer.from(line.value as string, 'latin1').equals(long)).toBe(true);
      }
    }
  });
});

describe('collections', () => {
  test('are arrays, scores the shortest numbers', async () => {
    expect(
      await lineOf(
        5,
        bytes(length(5), ...[1.5, -0, 0.1, 1e21, 5e-324].map((score) => bytes(string('m'), float64(score)))),
      ),
    ).toBe(`${head('zset', 'skiplist-2')},"value":[["m",1.5],["m",-0],["m",0.1],["m",1e+21],["m",5e-324]]}`);
    expect(
      await lineOf(
        17,
        string(listpack(['a', '-0', 'b', 7, 'c', '3.1400000000000001', 'd', 'inf', 'e', 2n ** 62n])),
      ),
    ).toBe(
      `${head('zset', 'listpack')},"value":[["a",-0],["b",7],["c",3.14],["d","inf"],["e",4611686018427388000]]}`,
    );
    expect(
      await lineOf(3, bytes(length(3), string('a'), 254, string('b'), 255, string('c'), string('2'))),
    ).toBe(`${head('zset', 'skiplist')},"value":[["a","inf"],["b","-inf"],["c",2]]}`);
    expect(await lineOf(2, length(0))).toBe(`${head('set', 'hashtable')},"value":[]}`);
  });

  test('of fields are objects in stored order, with their expiries behind', async () => {
    expect(await lineOf(4, bytes(length(2), string('2'), string('a'), string('1'), string('b')))).toBe(
      `${head('hash', 'hashtable')},"value":{"2":"a","1":"b"}}`,
    );
    const before = bytes(
      littleEndian(1000, 8),
      length(3),
      ...[length(0), string('a'), string('1'), length(6), string('b'), string('2')],
      ...[length(1), string('__proto__'), string('3')],
    );
    expect(await lineOf(24, before)).toBe(
      `${head('hash', 'metadata')},"value":{"a":"1","b":"2","__proto__":"3"},"fieldExpireAt":{"b":1005,"__proto__":1000}}`,
    );
    const never = littleEndian(-1, 8);
    const far = 9_223_372_036_854_775_807n;
    const behind = (...expiries: Uint8Array[]) =>
      bytes(
        length(2),
        string('a'),
        string('1'),
        expiries[0] as Uint8Array,
        string('b'),
        string('2'),
        expiries[1] as Uint8Array,
      );
    expect(await lineOf(22, behind(never, littleEndian(far, 8)), 'VALKEY080')).toBe(
      `${head('hash', 'hashtable-2')},"value":{"a":"1","b":"2"},"fieldExpireAt":{"b":${far}}}`,
    );
    expect(await lineOf(22, behind(never, never), 'VALKEY080')).toBe(
      `${head('hash', 'hashtable-2')},"value":{"a":"1","b":"2"}}`,
    );
    expect(await lineOf(25, bytes(littleEndian(5, 8), string(listpack(['a', 1, 5, 'b', 2, 0]))))).toBe(
      `${head('hash', 'listpack-ex')},"value":{"a":"1","b":"2"},"fieldExpireAt":{"a":5}}`,
    );
  });

  test('of indexes are arrays of index and string', async () => {
    const items = bytes(
      ...[length(0), length(1), littleEndian(-5, 8), length(7), length(2), float64(3.25)],
      ...[length(9), length(3), string('"'), length(2n ** 63n), length(0), string('long')],
    );
    const text = '"items":[[0,"-5"],[7,"3.25"],[9,"\\""],[9223372036854775808,"long"]]';
    expect(await lineOf(28, bytes(length(4), length(1), length(2), items))).toBe(
      `${head('array', 'array')},"value":{"insertIndex":2,${text}}}`,
    );
    expect(await lineOf(28, bytes(length(4), length(0), items))).toBe(
      `${head('array', 'array')},"value":{${text}}}`,
    );
  });
});

describe('streams', () => {
  const node = bytes(
    string(streamId(5, 1)),
    string(
      streamNode(
        ['f'],
        [
          { ms: 0, seq: 0, same: ['a'] },
          { ms: 0, seq: 1, deleted: true, same: ['b'] },
          {
            ms: 1,
            seq: 0,
            pairs: [
              [1, 'c'],
              ['g', 2],
            ],
          },
        ],
      ),
    ),
  );
  const entries = '"entries":[["5-1",["f","a"]],["6-1",["1","c","g","2"]]],"lastId":"7-0"';
  const tail = bytes(length(2), length(7), length(0));
  const limits = bytes(length(5), length(1), length(5), length(2), length(3));

  test('of the first revision have no counters', async () => {
    const group = bytes(
      ...[string('g'), length(6), length(1), length(2)],
      ...[streamId(5, 1), littleEndian(1700, 8), length(3), streamId(6, 1), littleEndian(-1, 8), length(1)],
      ...[length(2), string('idle'), littleEndian(9, 8), length(0)],
      ...[string('busy'), littleEndian(8, 8), length(2), streamId(5, 1), streamId(6, 1)],
    );
    expect(await lineOf(15, bytes(length(1), node, tail, length(1), group))).toBe(
      `${head('stream', 'listpacks')},"value":{${entries},"groups":[{"name":"g","lastId":"6-1",` +
        '"pending":[["5-1","busy",1700,3],["6-1","busy",-1,1]],' +
        '"consumers":[{"name":"idle","seenAt":9},{"name":"busy","seenAt":8}]}]}}',
    );
  });

  test('of the last have counters, producers and entries that nobody holds', async () => {
    const group = (name: string, read: number | bigint, nacked: boolean) =>
      bytes(
        ...[string(name), length(6), length(1), length(read), length(1)],
        ...[streamId(5, 1), littleEndian(0, 8), length(2n ** 63n)],
        ...[length(1), string('c'), littleEndian(9, 8), littleEndian(-1, 8)],
        ...(nacked ? [length(0), length(1), streamId(5, 1)] : [length(1), streamId(5, 1), length(0)]),
      );
    const idmp = bytes(
      ...[length(60), length(1000), length(2)],
      ...[string('p'), length(2), string('x'), length(5), length(1), string('y'), length(6), length(1)],
      ...[string('q'), length(0), length(7), length(8)],
    );
    const groups = bytes(length(2), group('g', 0xffff_ffff_ffff_ffffn, true), group('h', 2, false));
    const consumers = '"consumers":[{"name":"c","seenAt":9,"activeAt":-1}]';
    expect(await lineOf(27, bytes(length(1), node, tail, limits, groups, idmp))).toBe(
      `${head('stream', 'listpacks-5')},"value":{${entries},"entriesAdded":3,"firstId":"5-1","maxDeletedId":"5-2",` +
        `"groups":[{"name":"g","lastId":"6-1","entriesRead":null,"pending":[["5-1",null,0,9223372036854775808]],${consumers}},` +
        `{"name":"h","lastId":"6-1","entriesRead":2,"pending":[["5-1","c",0,9223372036854775808]],${consumers}}],` +
        '"idempotence":{"durationSeconds":60,"maxSize":1000,' +
        '"producers":[{"id":"p","entries":[["x","5-1"],["y","6-1"]]},{"id":"q","entries":[]}],"added":7,"duplicates":8}}}',
    );
    expect(
      await lineOf(27, bytes(length(0), length(0), length(7), length(0), limits, length(0), EMPTY_IDMP)),
    ).toBe(
      `${head('stream', 'listpacks-5')},"value":{"entries":[],"lastId":"7-0","entriesAdded":3,"firstId":"5-1","maxDeletedId":"5-2",` +
        '"groups":[],"idempotence":{"durationSeconds":100,"maxSize":100,"producers":[],"added":0,"duplicates":0}}}',
    );
  });

  test('whose consumers do not agree with their group fail, and so do groups that are too large', async () => {
    const group = (held: Uint8Array[], pending = [streamId(5, 1)]) =>
      bytes(
        ...[string('g'), length(6), length(1), length(pending.length)],
        ...pending.map((id) => bytes(id, littleEndian(1, 8), length(1))),
        ...[length(held.length), ...held.map((id) => bytes(string('c'), littleEndian(1, 8), length(1), id))],
      );
    const build = (body: Uint8Array) =>
      new RdbBuilder()
        .key(0, 'before', string('v'))
        .key(15, 'k', bytes(length(1), node, tail, length(1), body))
        .key(0, 'behind', string('v'))
        .build();
    const failing = [
      [group([streamId(5, 2)]), /which its group|that its group does not list/],
      [group([streamId(5, 1), streamId(5, 1)]), /same|another/],
      [group([], [streamId(5, 2), streamId(5, 1)]), /ascend|follow/],
    ] as const;
    for (const [body, cause] of failing) {
      for (const limits of [{}, IN_PARTS]) {
        const exported = await exportJsonLines(build(body), limits);
        expect(linesOf(exported).map(({ key }) => key)).toEqual(['before', 'behind']);
        expect(exported.account.totals()).toMatchObject({ read: 3, written: 2, failed: 1 });
        expect([...exported.account.causes.keys()][0]).toMatch(cause);
      }
    }
    const large = build(group([streamId(5, 1)]));
    for (const limits of [{ maxGroupEntries: 1 }, { ...IN_PARTS, maxGroupEntries: 1 }]) {
      const exported = await exportJsonLines(large, limits);
      expect(linesOf(exported)).toHaveLength(2);
      expect([...exported.account.causes.keys()][0]).toMatch(/more than the limit of 1/);
    }
  });
});

describe('modules', () => {
  const json = (version: number, ...items: BytesLike[]) =>
    bytes(length(moduleId('ReJSON-RL', version)), ...items, length(0));
  const text = (content: BytesLike) => bytes(length(5), string(content));
  const unsigned = (value: number | bigint) => bytes(length(2), length(value));

  async function decodedOf(payload: Uint8Array): Promise<Record<string, unknown>> {
    const line = await lineOf(7, payload);
    const { value } = JSON.parse(line) as { value: Record<string, unknown> };
    expect(value['payload']).toBe(Buffer.from(payload).toString('base64'));
    return value;
  }

  test('are their payload', async () => {
    const payload = bytes(length(moduleId('MBbloom--', 4)), unsigned(9), length(0));
    expect(await lineOf(7, payload)).toBe(
      `${head('module', 'module-2')},"value":{"module":"MBbloom--","version":4,"payload":"${Buffer.from(payload).toString('base64')}"}}`,
    );
  });

  test('of RedisJSON are decoded from their text', async () => {
    const document = '{ "a": [1, 2.50,\n"é", 18446744073709551616], "b": null }';
    const line = await lineOf(7, json(3, text(document)));
    expect(line).toContain(',"decoded":{"a":[1,2.50,"é",18446744073709551616],"b":null}}}');
    expect(await decodedOf(json(2, text('[1]'), unsigned(1), text('i'), text('p')))).toMatchObject({
      decoded: [1],
    });
    expect(await decodedOf(json(3, bytes(length(5), integerString(12))))).toMatchObject({ decoded: 12 });
    expect(await decodedOf(json(3, text(`"${'x'.repeat(1000)}"`)))).toMatchObject({
      decoded: 'x'.repeat(1000),
    });
  });

  test('of RedisJSON are decoded from their tree', async () => {
    const leaf = (kind: number, content: BytesLike) => bytes(unsigned(kind), content);
    const entry = (name: string, node: BytesLike) => bytes(unsigned(0x80), text(name), node);
    const tree = bytes(
      ...[unsigned(0x20), unsigned(5)],
      entry('none', unsigned(1)),
      entry('empty', bytes(unsigned(0x20), unsigned(0))),
      entry(
        'list',
        bytes(
          ...[unsigned(0x40), unsigned(4), leaf(2, text('"')), leaf(4, bytes(length(4), float64(0.5)))],
          ...[leaf(8, bytes(length(1), length(0xffff_ffff_ffff_ffffn))), bytes(unsigned(0x40), unsigned(0))],
        ),
      ),
      entry('yes', leaf(0x10, text('1'))),
      entry('no', leaf(0x10, text('0'))),
    );
    expect(await lineOf(7, json(0, tree))).toContain(
      ',"decoded":{"none":null,"empty":{},"list":["\\"",0.5,-1,[]],"yes":true,"no":false}}}',
    );
  });

  test.each([
    ['a text that is no JSON', json(3, text('{"a":1'))],
    ['a text that is no UTF-8', json(3, text(bytes('"', 0xff, '"')))],
    ['nothing', json(3)],
    ['a number instead of text', json(3, unsigned(5))],
    ['two texts', json(3, text('1'), text('2'))],
    ['a version that has no form', json(1, text('1'))],
    ['CBOR', json(4, text(bytes(0xa0)))],
    ['a tree of an unknown kind', json(0, unsigned(3))],
    ['a tree that is cut', json(0, unsigned(0x40), unsigned(2), unsigned(1))],
    ['a tree with more behind it', json(0, unsigned(1), unsigned(1))],
    ['a number that JSON has not', json(0, unsigned(4), length(4), float64(Infinity))],
    [
      'a tree as deep as none is',
      json(0, ...Array.from({ length: 600 }, () => bytes(unsigned(0x40), unsigned(1))), unsigned(1)),
    ],
  ])('of RedisJSON are not decoded from %s', async (_, payload) => {
    expect(await decodedOf(payload)).not.toHaveProperty('decoded');
  });
});

describe('other records', () => {
  test('are lines of their own, hints left out', async () => {
    const aux = bytes(length(moduleId('ReJSON-RL', 3)), length(2), length(1), text5('x'), length(0));
    const builder = new RdbBuilder('VALKEY081')
      .aux('redis-ver', '7.2.6')
      .aux(bytes('n', 0xff), 'é')
      .aux('slot-info', '5,1,0')
      .raw(Opcode.function, string('#!lua name=l\n"'))
      .raw(Opcode.functionPreGa, string('old'), string('LUA'), length(0), string('code'))
      .raw(Opcode.moduleAux, aux)
      .selectDb(2)
      .raw(Opcode.update, '*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\nv\n\r\n')
      .raw(Opcode.update, '*1\r\n$1\r\n', 0xff, '\r\n');
    const { text, account } = await exportJsonLines(builder.build());
    expect(text.split('\n')).toEqual([
      '{"aux":["redis-ver","7.2.6"]}',
      '{"bytes":"latin1","aux":["nÿ","Ã©"]}',
      '{"function":"#!lua name=l\\n\\""}',
      '{"function":"code","name":"old","engine":"LUA"}',
      `{"moduleAux":{"module":"ReJSON-RL","payload":"${Buffer.from(aux).toString('base64')}"}}`,
      '{"db":2,"command":["SET","","v\\n"]}',
      '{"bytes":"latin1","db":2,"command":["ÿ"]}',
      '',
    ]);
    account.balance();
  });

  test('of types that cannot be looked into are their payload', async () => {
    expect(await lineOf(33, length(300), 'REDIS0015')).toBe(
      `${head('unknown:33', 'gcra')},"payload":"QSw="}`,
    );
  });
});

describe('damaged values', () => {
  test('fail, and leave the lines of the others as they are', async () => {
    const damaged = [
      [16, string(bytes(listpack(['f', 'v']).subarray(0, 9), 0xff))],
      [0, bytes(0xc3, length(4), length(60), hexNoise())],
      [17, string(listpack(['m', 'no score']))],
      [14, bytes(length(1), string('no ziplist'))],
    ] as const;
    for (const [type, value] of damaged) {
      const file = new RdbBuilder()
        .key(0, 'a', string('v'))
        .key(type, 'k', value)
        .key(0, 'b', string('v'))
        .build();
      for (const limits of [{}, { ...IN_PARTS, maxInlineValue: 3 }]) {
        const exported = await exportJsonLines(file, limits);
        expect(linesOf(exported).map(({ key }) => key)).toEqual(['a', 'b']);
        expect(exported.account.totals()).toMatchObject({ read: 3, written: 2, failed: 1 });
      }
    }
  });
});

function text5(content: string): Uint8Array {
  return bytes(length(5), string(content));
}

function hexNoise(): Uint8Array {
  return Uint8Array.of(0xe0, 0xff, 0xff, 0xff);
}
