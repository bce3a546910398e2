import { moduleId } from '../../src/rdb/module-id.js';
import { Opcode } from '../../src/rdb/opcodes.js';
import {
  bytes,
  float64,
  hex,
  integerString,
  length,
  littleEndian,
  lzfString,
  streamId,
  string,
} from './bytes.js';
import { intset, listpack, streamNode, ziplist, zipmap } from './packed.js';
import { RdbBuilder } from './rdb-builder.js';
import { toHex } from './read.js';

/**
 * Dumps that no server at hand writes, with what must be read from them. `npm run fixtures` puts
 * them into fixtures/built; the conformance test reads them there.
 */
export interface BuiltFixture {
  readonly name: string;
  readonly file: Uint8Array;
  readonly expected: Expected;
}

export interface Expected {
  readonly magic: string;
  readonly checksum: 'ok' | 'absent';
  readonly records: readonly ExpectedRecord[];
}

/** A key with its decoded value in the form of `plain`, or another record with text for bytes. */
export type ExpectedRecord = { readonly kind: string; readonly [field: string]: unknown };

const EMPTY_IDMP = bytes(length(100), length(100), length(0), length(0), length(0));
const UNKNOWN = 0xffff_ffff_ffff_ffffn;

function key(name: string, type: string, value: unknown, more: Record<string, unknown> = {}): ExpectedRecord {
  return { kind: 'key', db: 0, key: name, type, value, ...more };
}

function fixture(
  name: string,
  magic: string,
  file: Uint8Array,
  records: readonly ExpectedRecord[],
  checksum: Expected['checksum'] = 'ok',
): BuiltFixture {
  return { name, file, expected: { magic, checksum, records } };
}

/** Headers and ends of every version. */
function versions(): BuiltFixture[] {
  return [
    ...[1, 2, 3, 4].map((version) => {
      const magic = `REDIS000${version}`;
      const file = new RdbBuilder(magic).selectDb(0).key(0, 'k', string('v')).build('none');
      return fixture(`version-${version}`, magic, file, [key('k', 'string', 'v')], 'absent');
    }),
    ...['REDIS0005', 'REDIS0013', 'REDIS0014', 'REDIS0015', 'REDIS0016', 'VALKEY080', 'VALKEY081'].map(
      (magic) => {
        const file = new RdbBuilder(magic).selectDb(0).key(0, 'k', string('v')).build();
        return fixture(`version-${magic.toLowerCase()}`, magic, file, [key('k', 'string', 'v')]);
      },
    ),
    fixture(
      'checksum-disabled',
      'REDIS0009',
      new RdbBuilder('REDIS0009').selectDb(0).key(0, 'k', string('v')).build('zero'),
      [key('k', 'string', 'v')],
      'absent',
    ),
    fixture('no-keys', 'REDIS0011', new RdbBuilder().aux('redis-ver', '7.2.0').build(), [
      { kind: 'aux', name: 'redis-ver', value: '7.2.0' },
    ]),
    fixture('no-select', 'REDIS0006', new RdbBuilder('REDIS0006').key(0, 'k', string('v')).build(), [
      key('k', 'string', 'v'),
    ]),
    fixture(
      'select-again',
      'REDIS0011',
      new RdbBuilder()
        .selectDb(0)
        .resizeDb(9, 9)
        .key(0, 'a', string('1'))
        .selectDb(16_000)
        .key(0, 'b', string('2'))
        .selectDb(0)
        .key(0, 'c', string('3'))
        .build(),
      [key('a', 'string', '1'), key('b', 'string', '2', { db: 16_000 }), key('c', 'string', '3')],
    ),
  ];
}

/** Strings as keys, fields and values, in every form. */
function strings(): BuiltFixture[] {
  const long = 'abcdefghij'.repeat(40);
  const integers = [0, -1, 127, -128, 128, 32_767, -32_768, 32_768, 2_147_483_647, -2_147_483_648];
  return [
    fixture(
      'string-forms',
      'REDIS0009',
      new RdbBuilder('REDIS0009')
        .raw(0, integerString(-7), string('integer key'))
        .raw(0, lzfString(long), string('compressed key'))
        .raw(...integers.map((value) => [0, string(`i${value}`), integerString(value)]))
        .key(0, 'lzf', lzfString(long))
        .key(0, 'lzf-vector', hex('C3094064 016161 E05700 016161'))
        .key(0, 'length-14', string('x'.repeat(300)))
        .key(0, 'length-32', bytes(0x80, hex('00000003'), 'abc'))
        .key(0, 'length-64', bytes(0x81, hex('0000000000000003'), 'abc'))
        .key(0, '', string(''))
        .key(0, bytes(0, 255, 10), string(bytes(0, 1, 2, 254, 255)))
        .build(),
      [
        key('-7', 'string', 'integer key'),
        key(long, 'string', 'compressed key'),
        ...integers.map((value) => key(`i${value}`, 'string', String(value))),
        key('lzf', 'string', long),
        key('lzf-vector', 'string', 'a'.repeat(100)),
        key('length-14', 'string', 'x'.repeat(300)),
        key('length-32', 'string', 'abc'),
        key('length-64', 'string', 'abc'),
        key('', 'string', ''),
        key('\0\xff\n', 'string', '\0\x01\x02\xfe\xff'),
      ],
    ),
    fixture(
      'plain-collections',
      'REDIS0003',
      new RdbBuilder('REDIS0003')
        .key(1, 'list', bytes(length(3), string('a'), integerString(5), lzfString(long)))
        .key(2, 'set', bytes(length(2), string('m'), integerString(-300)))
        .key(
          3,
          'zset',
          bytes(
            length(6),
            string('a'),
            string('1.5'),
            string('b'),
            254,
            string('c'),
            255,
            string('d'),
            string('-0'),
            string('e'),
            string('1e-300'),
            string('f'),
            string('17179869184.000004'),
          ),
        )
        .key(3, 'zset-nan', bytes(length(1), string('n'), 253))
        .key(4, 'hash', bytes(length(2), string('f'), string('v'), integerString(1), lzfString(long)))
        .key(1, 'list-empty', length(0))
        .key(4, 'hash-empty', length(0))
        .build('none'),
      [
        key('list', 'list-linkedlist', ['a', '5', long]),
        key('set', 'set-hashtable', ['m', '-300']),
        key('zset', 'zset-skiplist', [
          ['a', '1.5'],
          ['b', 'inf'],
          ['c', '-inf'],
          ['d', '-0'],
          ['e', '1e-300'],
          ['f', '17179869184.000004'],
        ]),
        key('zset-nan', 'zset-skiplist', [['n', 'nan']]),
        key('hash', 'hash-hashtable', [
          ['f', 'v'],
          ['1', long],
        ]),
        key('list-empty', 'list-linkedlist', []),
        key('hash-empty', 'hash-hashtable', []),
      ],
      'absent',
    ),
    fixture(
      'binary-scores',
      'REDIS0008',
      new RdbBuilder('REDIS0008')
        .key(
          5,
          'z',
          bytes(
            length(7),
            ...[1e300, Infinity, -Infinity, -0, 0.1, 5e-324, Number.NaN].map((score, i) => [
              string(`m${i}`),
              float64(score),
            ]),
          ),
        )
        .build(),
      [
        key('z', 'zset-skiplist-2', [
          ['m0', '1e+300'],
          ['m1', 'inf'],
          ['m2', '-inf'],
          ['m3', '-0'],
          ['m4', '0.1'],
          ['m5', '5e-324'],
          ['m6', 'nan'],
        ]),
      ],
    ),
  ];
}

/** Packed blobs in the forms that present servers do not write any more, or only at their edges. */
function blobs(): BuiltFixture[] {
  const big = 'B'.repeat(300);
  const many = Array.from({ length: 70_000 }, (_, i) => i % 100);
  return [
    fixture(
      'zipmap',
      'REDIS0002',
      new RdbBuilder('REDIS0002')
        .key(
          9,
          'small',
          string(
            zipmap([
              ['f', 'v'],
              ['', ''],
              ['n', '5'],
            ]),
          ),
        )
        .key(
          9,
          'free',
          string(
            zipmap(
              [
                ['f', 'v'],
                ['g', 'w'],
              ],
              { free: 3 },
            ),
          ),
        )
        .key(9, 'big', lzfString(zipmap([[big, big]])))
        .key(9, 'count-unknown', string(zipmap([['f', 'v']], { count: 254 })))
        .key(9, 'empty', string(zipmap([])))
        .build('none'),
      [
        key('small', 'hash-zipmap', [
          ['f', 'v'],
          ['', ''],
          ['n', '5'],
        ]),
        key('free', 'hash-zipmap', [
          ['f', 'v'],
          ['g', 'w'],
        ]),
        key('big', 'hash-zipmap', [[big, big]]),
        key('count-unknown', 'hash-zipmap', [['f', 'v']]),
        key('empty', 'hash-zipmap', []),
      ],
      'absent',
    ),
    fixture(
      'ziplists',
      'REDIS0007',
      new RdbBuilder('REDIS0007')
        .key(
          10,
          'list',
          string(
            ziplist([
              'a',
              0,
              12,
              13,
              -128,
              32_767,
              -8_388_608,
              2_147_483_647,
              9_223_372_036_854_775_807n,
              big,
              'x'.repeat(20_000),
            ]),
          ),
        )
        .key(10, 'wide-previous', string(ziplist(['a', 'b', 3], { widePrevious: true })))
        .key(12, 'zset', string(ziplist(['m', 1, 'n', '2.5', 'o', '-inf'])))
        .key(13, 'hash', lzfString(ziplist(['f', 'v', big, big])))
        .key(
          14,
          'quicklist',
          bytes(length(3), string(ziplist(['a', 1])), lzfString(ziplist([big, big])), string(ziplist([]))),
        )
        .build(),
      [
        key('list', 'list-ziplist', [
          'a',
          '0',
          '12',
          '13',
          '-128',
          '32767',
          '-8388608',
          '2147483647',
          '9223372036854775807',
          big,
          'x'.repeat(20_000),
        ]),
        key('wide-previous', 'list-ziplist', ['a', 'b', '3']),
        key('zset', 'zset-ziplist', [
          ['m', '1'],
          ['n', '2.5'],
          ['o', '-inf'],
        ]),
        key('hash', 'hash-ziplist', [
          ['f', 'v'],
          [big, big],
        ]),
        key('quicklist', 'list-quicklist', ['a', '1', big, big]),
      ],
    ),
    fixture(
      'intsets',
      'REDIS0006',
      new RdbBuilder('REDIS0006')
        .key(11, 'two', string(intset([1, 2, 300])))
        .key(11, 'four', string(intset([-70_000, 0, 70_000])))
        .key(11, 'eight', string(intset([-9_223_372_036_854_775_808n, -1, 9_223_372_036_854_775_807n])))
        .build(),
      [
        key('two', 'set-intset', ['1', '2', '300']),
        key('four', 'set-intset', ['-70000', '0', '70000']),
        key('eight', 'set-intset', ['-9223372036854775808', '-1', '9223372036854775807']),
      ],
    ),
    fixture(
      'listpacks',
      'REDIS0011',
      new RdbBuilder()
        .key(
          16,
          'hash',
          string(
            listpack([
              'f',
              'v',
              'n',
              127,
              'm',
              128,
              'o',
              -4096,
              'p',
              32_768,
              'q',
              -8_388_608,
              'r',
              2_147_483_648,
              's',
              -9_223_372_036_854_775_808n,
            ]),
          ),
        )
        .key(17, 'zset', string(listpack(['a', '-inf', 'b', -1, 'c', '2.5', 'd', 'inf'])))
        .key(20, 'set', lzfString(listpack([big, 'x'.repeat(5000), 7])))
        .key(
          18,
          'quicklist',
          bytes(
            length(4),
            length(2),
            string(listpack(['a', 1])),
            length(1),
            string(big),
            length(2),
            lzfString(listpack([big, big])),
            length(2),
            string(listpack([])),
          ),
        )
        .key(20, 'count-unknown', string(listpack(['a', 'b'], { count: 0xffff })))
        .key(18, 'count-full', bytes(length(1), length(2), lzfString(listpack(many))))
        .key(
          18,
          'old-width',
          bytes(length(1), length(2), string(listpack(['x'.repeat(16_378)], { widths: 'old' }))),
        )
        .key(
          18,
          'new-width',
          bytes(length(1), length(2), string(listpack(['x'.repeat(16_378)], { widths: 'new' }))),
        )
        .build(),
      [
        key('hash', 'hash-listpack', [
          ['f', 'v'],
          ['n', '127'],
          ['m', '128'],
          ['o', '-4096'],
          ['p', '32768'],
          ['q', '-8388608'],
          ['r', '2147483648'],
          ['s', '-9223372036854775808'],
        ]),
        key('zset', 'zset-listpack', [
          ['a', '-inf'],
          ['b', '-1'],
          ['c', '2.5'],
          ['d', 'inf'],
        ]),
        key('set', 'set-listpack', [big, 'x'.repeat(5000), '7']),
        key('quicklist', 'list-quicklist-2', ['a', '1', big, big, big]),
        key('count-unknown', 'set-listpack', ['a', 'b']),
        key('count-full', 'list-quicklist-2', many.map(String)),
        key('old-width', 'list-quicklist-2', ['x'.repeat(16_378)]),
        key('new-width', 'list-quicklist-2', ['x'.repeat(16_378)]),
      ],
    ),
  ];
}

/** Hashes whose fields expire, in every layout. */
function expiringHashes(): BuiltFixture[] {
  const at = 4_102_444_800_000;
  return [
    fixture(
      'hash-expiry-redis',
      'REDIS0012',
      new RdbBuilder('REDIS0012')
        .key(
          22,
          'pre-ga',
          bytes(length(2), length(BigInt(at)), string('f'), string('v'), length(0), string('g'), string('w')),
        )
        .key(23, 'pre-ga-listpack', string(listpack(['f', 'v', at, 'g', 'w', 0])))
        .key(
          24,
          'metadata',
          bytes(
            littleEndian(at, 8),
            length(3),
            length(1),
            string('f'),
            string('v'),
            length(6),
            string('g'),
            string('w'),
            length(0),
            string('h'),
            string('x'),
          ),
        )
        .key(25, 'listpack-ex', bytes(littleEndian(at, 8), string(listpack(['f', 'v', at, 'g', 'w', 0]))))
        .build(),
      [
        key('pre-ga', 'hash-metadata-pre-ga', [
          ['f', 'v', String(at)],
          ['g', 'w'],
        ]),
        key('pre-ga-listpack', 'hash-listpack-ex-pre-ga', [
          ['f', 'v', String(at)],
          ['g', 'w'],
        ]),
        key('metadata', 'hash-metadata', [
          ['f', 'v', String(at)],
          ['g', 'w', String(at + 5)],
          ['h', 'x'],
        ]),
        key('listpack-ex', 'hash-listpack-ex', [
          ['f', 'v', String(at)],
          ['g', 'w'],
        ]),
      ],
    ),
    fixture(
      'hash-expiry-valkey',
      'VALKEY080',
      new RdbBuilder('VALKEY080')
        .key(
          22,
          'h',
          bytes(
            length(2),
            string('f'),
            string('v'),
            littleEndian(at, 8),
            string('g'),
            string('w'),
            littleEndian(-1, 8),
          ),
        )
        .build(),
      [
        key('h', 'hash-hashtable-2', [
          ['f', 'v', String(at)],
          ['g', 'w'],
        ]),
      ],
    ),
    fixture(
      'hash-templates',
      'REDIS0015',
      new RdbBuilder('REDIS0015')
        .raw(Opcode.hashTemplate, length(7), length(2), string('field1'), string('field2'))
        .raw(Opcode.hashTemplate, length(70_000), length(1), string('only'))
        .selectDb(0)
        .key(32, 'array-ref', bytes(length(7), integerString(1), string('two')))
        .key(30, 'listpack-ref', string(listpack([7, 1, 'two'])))
        .key(30, 'listpack-ref-big-id', string(listpack([70_000, 'x'])))
        .key(31, 'array', bytes(length(1), length(2), string('a'), string('b'), string('1'), string('2')))
        .key(
          31,
          'array-names-packed',
          bytes(length(0), string(listpack(['a', 'b'])), string('1'), string('2')),
        )
        .key(29, 'listpack', bytes(length(0), string(listpack(['a', 'b'])), string(listpack([99, '1', 2]))))
        .key(29, 'listpack-names-plain', bytes(length(1), length(1), string('a'), string(listpack([0, 'v']))))
        .build(),
      [
        key('array-ref', 'hash-template-array-ref', [
          ['field1', '1'],
          ['field2', 'two'],
        ]),
        key('listpack-ref', 'hash-template-listpack-ref', [
          ['field1', '1'],
          ['field2', 'two'],
        ]),
        key('listpack-ref-big-id', 'hash-template-listpack-ref', [['only', 'x']]),
        key('array', 'hash-template-array', [
          ['a', '1'],
          ['b', '2'],
        ]),
        key('array-names-packed', 'hash-template-array', [
          ['a', '1'],
          ['b', '2'],
        ]),
        key('listpack', 'hash-template-listpack', [
          ['a', '1'],
          ['b', '2'],
        ]),
        key('listpack-names-plain', 'hash-template-listpack', [['a', 'v']]),
      ],
    ),
  ];
}

/** Streams of every revision with what is rare in them. */
function streams(): BuiltFixture[] {
  const node = bytes(
    string(streamId(1, 1)),
    string(
      streamNode(
        ['a', 'b'],
        [
          { ms: 0, seq: 0, same: [1, 2] },
          { ms: 0, seq: 1, same: [3, 4], deleted: true },
          {
            ms: 0,
            seq: 2,
            pairs: [
              ['c', 5],
              ['c', 'again'],
            ],
          },
        ],
      ),
    ),
  );
  const tail1 = bytes(length(2), length(1), length(3));
  const tail2 = bytes(tail1, length(1), length(1), length(1), length(2), length(3));
  const pending = bytes(
    streamId(1, 1),
    littleEndian(1_700_000_000_000, 8),
    length(3),
    streamId(1, 2),
    littleEndian(-1, 8),
    length(1),
  );
  const entries = [
    ['1-1', 'a', '1', 'b', '2'],
    ['1-3', 'c', '5', 'c', 'again'],
  ];
  const state = { entries, length: '2', lastId: '1-3' };
  const counted = { ...state, firstId: '1-1', maxDeletedId: '1-2', entriesAdded: '3' };
  const consumer = (revision: number) =>
    bytes(
      string('alice'),
      littleEndian(1_700_000_000_001, 8),
      revision >= 3 ? littleEndian(-1, 8) : [],
      length(1),
      streamId(1, 1),
    );
  const rest = (revision: number) =>
    bytes(
      string('bob'),
      littleEndian(5, 8),
      revision >= 3 ? littleEndian(6, 8) : [],
      length(1),
      streamId(1, 2),
    );
  const idle = (revision: number) =>
    bytes(string('idle'), littleEndian(7, 8), revision >= 3 ? littleEndian(8, 8) : [], length(0));
  const groups = (revision: number) =>
    bytes(
      length(2),
      string('g'),
      length(1),
      length(2),
      revision >= 2 ? length(UNKNOWN) : [],
      length(2),
      pending,
      length(3),
      consumer(revision),
      rest(revision),
      idle(revision),
      revision >= 5 ? length(0) : [],
      string('empty'),
      length(0),
      length(0),
      revision >= 2 ? length(0) : [],
      length(0),
      length(0),
      revision >= 5 ? length(0) : [],
    );
  const expectedGroups = (revision: number) => [
    {
      name: 'g',
      lastId: '1-2',
      entriesRead: null,
      pending: [
        ['1-1', 'alice', '1700000000000', '3'],
        ['1-2', 'bob', '-1', '1'],
      ],
      consumers: [
        ['alice', '1700000000001', revision >= 3 ? '-1' : null],
        ['bob', '5', revision >= 3 ? '6' : null],
        ['idle', '7', revision >= 3 ? '8' : null],
      ],
    },
    { name: 'empty', lastId: '0-0', entriesRead: revision >= 2 ? '0' : null, pending: [], consumers: [] },
  ];
  const noCounts = { firstId: null, maxDeletedId: null, entriesAdded: null };
  const nacked = bytes(
    length(1),
    string('g'),
    length(1),
    length(1),
    length(1),
    length(1),
    streamId(1, 1),
    littleEndian(0, 8),
    length(1),
    length(1),
    string('c'),
    littleEndian(1, 8),
    littleEndian(2, 8),
    length(0),
    length(1),
    streamId(1, 1),
  );
  const idmp = bytes(
    length(60),
    length(1000),
    length(1),
    string('p'),
    length(1),
    string('x'),
    length(1_795_165_510_308n),
    length(0),
    length(1),
    length(0),
  );
  const idempotence = { durationSeconds: '100', maxSize: '100', producers: [], added: '0', duplicates: '0' };
  return [
    fixture(
      'streams',
      'REDIS0014',
      new RdbBuilder('REDIS0014')
        .key(15, 'one', bytes(length(1), node, tail1, groups(1)))
        .key(19, 'two', bytes(length(1), node, tail2, groups(2)))
        .key(21, 'three', bytes(length(1), node, tail2, groups(3)))
        .key(26, 'four', bytes(length(1), node, tail2, groups(4), idmp))
        .key(27, 'five', bytes(length(1), node, tail2, nacked, EMPTY_IDMP))
        .key(27, 'empty', hex('00 00 0101 0000 0101 01 00 4064 4064 00 00 00'))
        .key(
          21,
          'wrap',
          bytes(
            length(1),
            string(streamId(UNKNOWN, UNKNOWN)),
            lzfString(streamNode(['f'], [{ ms: 0, seq: 0, same: ['v'] }])),
            length(1),
            length(UNKNOWN),
            length(UNKNOWN),
            length(UNKNOWN),
            length(UNKNOWN),
            length(0),
            length(0),
            length(1),
            length(0),
          ),
        )
        .build(),
      [
        key('one', 'stream-listpacks', {
          ...state,
          ...noCounts,
          groups: expectedGroups(1),
          idempotence: null,
        }),
        key('two', 'stream-listpacks-2', { ...counted, groups: expectedGroups(2), idempotence: null }),
        key('three', 'stream-listpacks-3', { ...counted, groups: expectedGroups(3), idempotence: null }),
        key('four', 'stream-listpacks-4', {
          ...counted,
          groups: expectedGroups(4),
          idempotence: {
            durationSeconds: '60',
            maxSize: '1000',
            producers: [['p', ['x', '1795165510308-0']]],
            added: '1',
            duplicates: '0',
          },
        }),
        key('five', 'stream-listpacks-5', {
          ...counted,
          groups: [
            {
              name: 'g',
              lastId: '1-1',
              entriesRead: '1',
              pending: [['1-1', null, '0', '1']],
              consumers: [['c', '1', '2']],
            },
          ],
          idempotence,
        }),
        key('empty', 'stream-listpacks-5', {
          entries: [],
          length: '0',
          lastId: '1-1',
          firstId: '0-0',
          maxDeletedId: '1-1',
          entriesAdded: '1',
          groups: [],
          idempotence,
        }),
        key('wrap', 'stream-listpacks-3', {
          entries: [['18446744073709551615-18446744073709551615', 'f', 'v']],
          length: '1',
          lastId: '18446744073709551615-18446744073709551615',
          firstId: '18446744073709551615-18446744073709551615',
          maxDeletedId: '0-0',
          entriesAdded: '1',
          groups: [],
          idempotence: null,
        }),
      ],
    ),
  ];
}

/** What stands before keys, and what is no key. */
function metadata(): BuiltFixture[] {
  const jsonId = moduleId('ReJSON-RL', 3);
  const items = bytes(
    length(2),
    length(5),
    length(1),
    length(UNKNOWN),
    length(3),
    hex('0000c03f'),
    length(4),
    float64(0.5),
    length(5),
    string('{"a":1}'),
    length(0),
  );
  const meta = bytes(
    Opcode.keyMetadata,
    length(1),
    littleEndian((0x123456 << 8) | (1 << 3) | 1, 4),
    length(2),
    length(9),
    length(0),
  );
  return [
    fixture(
      'attributes',
      'REDIS0009',
      new RdbBuilder('REDIS0009')
        .selectDb(0)
        .expireMs(1_893_456_000_123)
        .idle(16_000)
        .key(0, 'ms-idle', string('v'))
        .frequency(200)
        .expireMs(9_223_372_036_854_775_807n)
        .key(0, 'freq-far', string('v'))
        .expireSeconds(1_893_456_000)
        .key(0, 'seconds', string('v'))
        .expireSeconds(-5)
        .key(2, 'seconds-negative', bytes(length(1), string('m')))
        .expireMs(-1)
        .key(0, 'ms-negative', string('v'))
        .idle(UNKNOWN)
        .key(0, 'idle-huge', string('v'))
        .key(0, 'none', string('v'))
        .build(),
      [
        key('ms-idle', 'string', 'v', { expireAtMs: '1893456000123', idleSeconds: '16000' }),
        key('freq-far', 'string', 'v', { expireAtMs: '9223372036854775807', frequency: 200 }),
        key('seconds', 'string', 'v', { expireAtMs: '1893456000000' }),
        key('seconds-negative', 'set-hashtable', ['m'], { expireAtMs: '-5000' }),
        key('ms-negative', 'string', 'v', { expireAtMs: '-1' }),
        key('idle-huge', 'string', 'v', { idleSeconds: '18446744073709551615' }),
        key('none', 'string', 'v'),
      ],
    ),
    fixture(
      'modules',
      'REDIS0013',
      new RdbBuilder('REDIS0013')
        .raw(Opcode.moduleAux, length(jsonId), length(2), length(1), length(5), string('before'), length(0))
        .selectDb(0)
        .key(7, 'json', bytes(length(jsonId), items))
        .raw(meta)
        .expireMs(1_893_456_000_000)
        .key(0, 'with-metadata', string('v'))
        .key(0, 'without', string('v'))
        .raw(Opcode.moduleAux, length(jsonId), length(2), length(2), length(0))
        .build(),
      [
        { kind: 'module-aux', module: 'ReJSON-RL' },
        key('json', 'module-module-2', {
          module: 'ReJSON-RL',
          version: 3,
          items: [
            ['unsigned', '5'],
            ['signed', '-1'],
            ['float', '1.5'],
            ['double', '0.5'],
            ['string', '{"a":1}'],
          ],
        }),
        key('with-metadata', 'string', 'v', {
          expireAtMs: '1893456000000',
          metadata: Buffer.from(meta).toString('hex'),
        }),
        key('without', 'string', 'v'),
        { kind: 'module-aux', module: 'ReJSON-RL' },
      ],
    ),
    fixture(
      'functions-and-slots',
      'REDIS0012',
      new RdbBuilder('REDIS0012')
        .aux('lua', 'return 1')
        .aux('ctime', bytes('1700000000'))
        .raw(Opcode.aux, string('redis-bits'), integerString(64))
        .raw(Opcode.function, string('#!lua name=lib\nreturn 1'))
        .raw(
          Opcode.functionPreGa,
          string('old'),
          string('LUA'),
          length(1),
          string('what it does'),
          string('return 2'),
        )
        .raw(Opcode.functionPreGa, string('plain'), string('LUA'), length(0), string('return 3'))
        .selectDb(0)
        .raw(Opcode.slotInfo, length(16_383), length(2), length(1))
        .raw(Opcode.enterpriseSlot, length(300))
        .raw(Opcode.enterpriseLru, length(70_000))
        .key(0, 'k', string('v'))
        .build(),
      [
        { kind: 'aux', name: 'lua', value: 'return 1' },
        { kind: 'aux', name: 'ctime', value: '1700000000' },
        { kind: 'aux', name: 'redis-bits', value: '64' },
        { kind: 'function', code: '#!lua name=lib\nreturn 1' },
        { kind: 'function', code: 'return 2', preGa: { name: 'old', engine: 'LUA' } },
        { kind: 'function', code: 'return 3', preGa: { name: 'plain', engine: 'LUA' } },
        { kind: 'slot-info', slot: 16_383, keys: '2', expires: '1' },
        key('k', 'string', 'v'),
      ],
    ),
    fixture(
      'valkey-records',
      'VALKEY081',
      new RdbBuilder('VALKEY081')
        .aux('valkey-ver', '9.2.0')
        .raw(
          Opcode.slotImport,
          string('j'.repeat(40)),
          length(2),
          length(0),
          length(100),
          length(200),
          length(16_383),
        )
        .selectDb(3)
        .aux('slot-info', '5,2,1,0')
        .key(
          23,
          'paths',
          bytes(
            length(2),
            string('p'),
            length(1),
            string('f'),
            string('v'),
            string('q'),
            length(2),
            string('a'),
            string('b'),
            string('c'),
            string('d'),
          ),
        )
        .raw(Opcode.update, '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n')
        .build(),
      [
        { kind: 'aux', name: 'valkey-ver', value: '9.2.0' },
        { kind: 'slot-info', slot: 5, keys: '2', expires: '1' },
        key(
          'paths',
          'opaque-path-hash',
          { code: 23, payload: '02017001016601760171020161016201630164' },
          { db: 3 },
        ),
        { kind: 'command', db: 3, bytes: '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n' },
      ],
    ),
  ];
}

/** Types of forks, and of builds that nobody releases. */
function forks(): BuiltFixture[] {
  const cron = bytes(
    string('return 1'),
    littleEndian(1, 8),
    littleEndian(2, 8),
    length(1),
    string('a'),
    length(0),
  );
  const bloom = bytes(
    length(0),
    float64(2),
    float64(0.01),
    length(1),
    length(2),
    length(3),
    length(1),
    length(7),
    string('bits'),
  );
  return [
    fixture('gcra-14', 'REDIS0014', new RdbBuilder('REDIS0014').key(29, 'g', length(77)).build(), [
      key('g', 'opaque-gcra', { code: 29, payload: '404d' }),
    ]),
    fixture('gcra-15', 'REDIS0015', new RdbBuilder('REDIS0015').key(33, 'g', length(77)).build(), [
      key('g', 'opaque-gcra', { code: 33, payload: '404d' }),
    ]),
    fixture(
      'keydb',
      'REDIS0009',
      new RdbBuilder('REDIS0009')
        .selectDb(0)
        .expireMs(1_893_456_000_000)
        .aux('mvcc-tstamp', '123')
        .key(0, 'k', string('v'))
        .aux('keydb-subexpire-key', 'm')
        .aux('keydb-subexpire-when', '5')
        .key(64, 'cron', cron)
        .build(),
      [
        { kind: 'aux', name: 'mvcc-tstamp', value: '123' },
        key('k', 'string', 'v', { expireAtMs: '1893456000000' }),
        { kind: 'aux', name: 'keydb-subexpire-key', value: 'm' },
        { kind: 'aux', name: 'keydb-subexpire-when', value: '5' },
        key('cron', 'opaque-keydb-cron', { code: 64, payload: toHex(cron) }),
      ],
    ),
    fixture(
      'dragonfly',
      'REDIS0009',
      new RdbBuilder('REDIS0009')
        .aux('df-ver', '1.21')
        .selectDb(0)
        .key(
          21,
          'stream',
          bytes(
            length(0),
            length(0),
            length(0),
            length(0),
            length(0),
            length(0),
            length(0),
            length(0),
            length(0),
            length(0),
          ),
        )
        .key(30, 'json', string('{}'))
        .key(31, 'hash', bytes(length(1), string('f'), string('v'), string('-1')))
        .key(32, 'set', bytes(length(1), string('m'), string('99')))
        .key(33, 'bloom', bloom)
        .build('zero'),
      [
        { kind: 'aux', name: 'df-ver', value: '1.21' },
        key('stream', 'stream-listpacks-3', {
          entries: [],
          length: '0',
          lastId: '0-0',
          firstId: '0-0',
          maxDeletedId: '0-0',
          entriesAdded: '0',
          groups: [],
          idempotence: null,
        }),
        key('json', 'opaque-dragonfly-json', { code: 30, payload: '027b7d' }),
        key('hash', 'opaque-dragonfly-hash-expiry', { code: 31, payload: '0101660176022d31' }),
        key('set', 'opaque-dragonfly-set-expiry', { code: 32, payload: '01016d023939' }),
        key('bloom', 'opaque-dragonfly-bloom', { code: 33, payload: toHex(bloom) }),
      ],
      'absent',
    ),
    fixture(
      'arrays',
      'REDIS0014',
      new RdbBuilder('REDIS0014')
        .key(
          28,
          'a',
          hex(
            '04 01 00 00 03 01 7A 07 02 0000000000000A40 09 03 05 73686F7274 80000F4240 00 0F 61206C6F6E67657220737472696E67',
          ),
        )
        .key(
          28,
          'b',
          bytes(
            length(1),
            length(0),
            length(UNKNOWN),
            length(1),
            littleEndian(-9_223_372_036_854_775_808n, 8),
          ),
        )
        .build(),
      [
        key('a', 'array', {
          insertIndex: '0',
          items: [
            ['0', 'z'],
            ['7', '3.25'],
            ['9', 'short'],
            ['1000000', 'a longer string'],
          ],
        }),
        key('b', 'array', { insertIndex: null, items: [['18446744073709551615', '-9223372036854775808']] }),
      ],
    ),
  ];
}

export function builtFixtures(): BuiltFixture[] {
  return [
    ...versions(),
    ...strings(),
    ...blobs(),
    ...expiringHashes(),
    ...streams(),
    ...metadata(),
    ...forks(),
  ];
}
