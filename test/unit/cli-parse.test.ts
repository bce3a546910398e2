import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  parseBytes,
  parseCount,
  parseDb,
  parseDbMap,
  parseDbs,
  parseDuration,
  parseExpression,
  parseRate,
  parseShare,
  parseSize,
  parseSlots,
  parseSubstitution,
  parseTtl,
  parseTypes,
} from '../../src/cli/parse.js';
import { latin1Bytes, utf8Bytes } from '../../src/index.js';

/** Texts and what they mean, then texts that mean nothing. */
function describeParser<T>(
  parse: (text: string) => T,
  good: readonly (readonly [string, T])[],
  bad: readonly string[],
): void {
  describe(parse.name, () => {
    test.each(good)('reads %j', (text, expected) => {
      expect(parse(text)).toEqual(expected);
    });

    test.each(bad)('refuses %j', (text) => {
      expect(() => parse(text)).toThrow(InvalidArgumentError);
    });
  });
}

describeParser(
  parseSize,
  [
    ['0', 0],
    ['4096', 4096],
    ['64kb', 65_536],
    ['64KB', 65_536],
    ['64k', 65_536],
    ['64KiB', 65_536],
    ['1.5mb', 1_572_864],
    ['2g', 2 ** 31],
    ['2gb', 2 ** 31],
    ['1t', 2 ** 40],
    [' 10 mb ', 10 * 2 ** 20],
    ['7b', 7],
  ],
  ['', 'kb', '-1', '1e3', '1,5mb', '1.mb', '.5mb', '1 k b', '10x', '10kbs', '0x10', '1p'],
);

describeParser<{ keys?: number; bytes?: number }>(
  parseRate,
  [
    ['5000', { keys: 5000 }],
    ['20mb/s', { bytes: 20 * 2 ** 20 }],
    ['20mb', { bytes: 20 * 2 ** 20 }],
    ['512k/s', { bytes: 524_288 }],
  ],
  ['', '0', '0mb/s', '0.1b', '-5', 'fast', '20mb/m', '20mb/s/s'],
);

describeParser(
  parseDuration,
  [
    ['250ms', 250],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    ['1.5h', 5_400_000],
    ['1m30s250ms', 90_250],
    ['0s', 0],
  ],
  ['', '90', 's', '-1h', '1h 30m', '1y', '1.h', '.5h', '1h30', '1H'],
);

describeParser(
  parseCount,
  [
    ['0', 0],
    ['12', 12],
    ['999999999999999', 999_999_999_999_999],
  ],
  ['', '-1', '1.5', '1e3', ' 1', '1000000000000000', 'ten'],
);

describeParser(
  parseDb,
  [
    ['0', 0],
    ['15', 15],
    ['999999999', 999_999_999],
  ],
  ['', '-1', 'x', '1.0', '1000000000', '0,1'],
);

describeParser(
  parseDbs,
  [
    ['0', [0]],
    ['0,3,7', [0, 3, 7]],
    [' 0 , 3 ', [0, 3]],
  ],
  ['', '0,', ',0', '0;3', '0-3', 'all'],
);

describeParser(
  parseDbMap,
  [
    ['3:0', new Map([[3, 0]])],
    [
      '3:0, 5:1',
      new Map([
        [3, 0],
        [5, 1],
      ]),
    ],
    [
      '0:1,1:0',
      new Map([
        [0, 1],
        [1, 0],
      ]),
    ],
    [
      '1:0,2:0',
      new Map([
        [1, 0],
        [2, 0],
      ]),
    ],
  ],
  ['', '3', '3:', ':0', '3:0:1', '3:0,', '3:0,3:1', 'a:b', '3-0', '3:-1'],
);

describeParser(
  parseTypes,
  [
    ['string', ['string']],
    ['String, HASH', ['string', 'hash']],
    [
      'list,set,zset,stream,module,array,opaque',
      ['list', 'set', 'zset', 'stream', 'module', 'array', 'opaque'],
    ],
  ],
  ['', 'string,', 'strings', 'json', 'string;hash'],
);

describeParser<(readonly [number, number])[]>(
  parseSlots,
  [
    ['0-5460', [[0, 5460]]],
    ['7000', [[7000, 7000]]],
    [
      '0-5460, 7000,16383',
      [
        [0, 5460],
        [7000, 7000],
        [16_383, 16_383],
      ],
    ],
  ],
  ['', '0-', '-5', '5-3', '16384', '0-16384', '0-1-2', 'a-b', '1,', '0..5'],
);

describeParser(
  parseShare,
  [
    ['1%', 0.01],
    ['0.5%', 0.005],
    ['100%', 1],
    ['0.01', 0.01],
    ['0', 0],
    ['1', 1],
  ],
  ['', '%', '101%', '1.01', '-1%', '.5', '1e-3', 'half', '1%%'],
);

describeParser(
  parseBytes,
  [
    ['user:*', utf8Bytes('user:*')],
    ['', latin1Bytes('')],
    ['caf\u00e9', latin1Bytes('caf\xc3\xa9')],
    ['a\\x00', latin1Bytes('a\\x00')],
    ['"bin\\x00\\xff"', latin1Bytes('bin\0\xff')],
    ['"tab\\t\\"caf\u00e9\\""', latin1Bytes('tab\t"caf\xc3\xa9"')],
    ['""', latin1Bytes('')],
    ['"', latin1Bytes('"')],
    ['"open', latin1Bytes('"open')],
    ['"a"b"', latin1Bytes('"a"b"')],
    ['"end\\"', latin1Bytes('"end\\"')],
  ],
  [],
);

describe('parseExpression', () => {
  test('sees the bytes of the text', () => {
    expect(parseExpression('caf\u00e9').test('caf\xc3\xa9')).toBe(true);
    expect(parseExpression('^\\xff\\x00').test('\xff\0key')).toBe(true);
    expect(parseExpression('KEY', 'i').test('key')).toBe(true);
  });

  test.each(['(', '[', '*', '(?<a>x)(?<a>y)', 'x{2,1}'])('refuses %j', (text) => {
    expect(() => parseExpression(text)).toThrow(InvalidArgumentError);
  });
});

describe('parseSubstitution', () => {
  const substituted = (text: string, key: string) => {
    const { expression, replacement } = parseSubstitution(text);
    return key.replace(expression, replacement);
  };

  test.each([
    ['s/^old:/new:/', 'old:1', 'new:1'],
    ['s/a/b/', 'aaa', 'baa'],
    ['s/a/b/g', 'aaa', 'bbb'],
    ['s/A/b/gi', 'aaa', 'bbb'],
    ['s/A/b/ig', 'aaa', 'bbb'],
    ['s/a//g', 'banana', 'bnn'],
    ['s/$/:end/', 'key', 'key:end'],
    ['s|/|:|g', 'a/b/c', 'a:b:c'],
    ['s,a\\,b,c,', 'xa,b', 'xc'],
    ['s/a\\/b/c\\/d/', 'a/b', 'c/d'],
    ['s/\\\\/:/', 'a\\b', 'a:b'],
    ['s/\\./-/g', 'a.b.c', 'a-b-c'],
    ['s/(\\w+):(\\w+)/\\2:\\1/', 'a:b', 'b:a'],
    ['s/(\\w+):(\\w+)/$2:$1/', 'a:b', 'b:a'],
    ['s/b/<$&>/', 'abc', 'a<b>c'],
    ['s/\u00e9/e/', 'caf\xc3\xa9', 'cafe'],
    ['s/e/\u00e9/', 'cafe', 'caf\xc3\xa9'],
    ['s/\\xff/\u00ff/', '\xff', '\xc3\xbf'],
    ['s#^#"#', 'a', '"a'],
    ['s|a\\|b|c|', 'xa|b', 'xc'],
    ['s/b+/<\\0>/', 'abbc', 'a<bb>c'],
    ['s/a/\\\\/', 'a', '\\'],
  ])('%j makes of %j %j', (text, from, to) => {
    expect(substituted(text, from)).toBe(to);
  });

  test.each([
    '',
    's',
    's/',
    's/a',
    's/a/b',
    's/a/b/c/',
    's/a/b/x',
    's/a/b/gg',
    's/a/b/m',
    'y/a/b/',
    '/a/b/',
    'sxaxbx',
    's a b ',
    's\\a\\b\\',
    's/(/b/',
    's/a/b\\/',
  ])('refuses %j', (text) => {
    expect(() => parseSubstitution(text)).toThrow(InvalidArgumentError);
  });
});

describeParser(
  parseTtl,
  [
    ['keep', { kind: 'keep' }],
    ['drop', { kind: 'drop' }],
    ['+1h', { kind: 'shift', ms: 3_600_000 }],
    ['-5m', { kind: 'shift', ms: -300_000 }],
    ['max:7d', { kind: 'max', ms: 604_800_000 }],
    ['jitter:10%', { kind: 'jitter', share: 0.1 }],
    ['jitter:0.5', { kind: 'jitter', share: 0.5 }],
  ],
  [
    '',
    'KEEP',
    '1h',
    '+',
    '-',
    '+1',
    '--5m',
    'max',
    'max:',
    'max:7',
    'max:-1d',
    'jitter:',
    'jitter:200%',
    'none',
  ],
);
