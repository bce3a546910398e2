import { describe, expect, test } from 'vitest';
import { IntsetReader } from '../../src/encodings/intset.js';
import { ListpackReader } from '../../src/encodings/listpack.js';
import { ZiplistReader } from '../../src/encodings/ziplist.js';
import { ZipmapReader } from '../../src/encodings/zipmap.js';
import { bytes, hex } from '../support/bytes.js';
import { listpack, ziplist, zipmap } from '../support/packed.js';
import { readPacked } from '../support/packed-entries.js';

const readers = {
  listpack: new ListpackReader(),
  ziplist: new ZiplistReader(),
  intset: new IntsetReader(),
  zipmap: new ZipmapReader(),
};

const read = (encoding: keyof typeof readers, blob: Uint8Array) => readPacked(readers[encoding], blob);

const TWO_31 = 2n ** 31n;

describe('blobs that servers wrote', () => {
  test('a ziplist of integers of every width', () => {
    const blob = hex(`51000000 4C000000 0F00 | 00F1 02FD 02FE0D 03FE7F 03FE80 03C08000 04C0FF7F 04F0008000
      05F0FFFF7F 05D000008000 06D000000080 06E00000008000000000 0AE0FFFFFFFFFFFFFF7F 0AFEFF 03C07FFF | FF`);
    expect(read('ziplist', blob)).toEqual({
      items: [
        ...[0n, 12n, 13n, 127n, -128n, 128n, 32_767n, 32_768n, 8_388_607n, 8_388_608n],
        ...[-TWO_31, TWO_31, 2n ** 63n - 1n, -1n, -129n],
      ],
      fault: undefined,
    });
  });

  test('a listpack of integers of every width, and of strings that are nearly integers', () => {
    const blob =
      hex(`6F000000 1400 0001 7F01 C08002 DFFF02 CFFF02 D00002 F1001003 F1FF7F03 F200800004 F2FFFF7F04
      F30000800005 F200008004 F3FFFF7FFF05 F3FFFFFF7F05 F4000000800000000009 822D3003 822B3103 82303103 82203103
      93 39323233333732303336383534373735383038 14 FF`);
    expect(read('listpack', blob)).toEqual({
      items: [
        ...[0n, 127n, 128n, -1n, 4095n, -4096n, 4096n, 32_767n, 32_768n, 8_388_607n, 8_388_608n],
        ...[-8_388_608n, -8_388_609n, TWO_31 - 1n, TWO_31, '-0', '+1', '01', ' 1', '9223372036854775808'],
      ],
      fault: undefined,
    });
  });

  test('an intset', () => {
    expect(read('intset', hex('02000000 03000000 0100 0200 2C01')).items).toEqual([1n, 2n, 300n]);
  });
});

describe('blobs that only a few servers write', () => {
  test('integers and lengths in wider forms than they need', () => {
    const blob = hex(
      '1F000000 0500 | C00702 | F1070003 | F3070000 0005 | E001 41 03 | F001000000 42 06 | FF',
    );
    expect(read('listpack', blob)).toEqual({ items: [7n, 7n, 7n, 'A', 'B'], fault: undefined });
  });

  test.each(['listpack', 'ziplist'] as const)(
    'a %s of more entries than its header can count',
    (encoding) => {
      const numbers = Array.from({ length: 65_540 }, (_, i) => i % 10);
      const blob = encoding === 'listpack' ? listpack(numbers) : ziplist(numbers);
      const { items, fault } = read(encoding, blob);
      expect([items.length, items[65_539], fault]).toEqual([65_540, 9n, undefined]);
    },
  );

  test('a zipmap of more fields than its header can count', () => {
    const { items, fault } = read(
      'zipmap',
      zipmap(Array.from({ length: 300 }, (_, i) => [`f${i}`, `v${i}`])),
    );
    expect([items.length, items[598], items[599], fault]).toEqual([600, 'f299', 'v299', undefined]);
  });
});

describe('faults are named', () => {
  const two = ziplist(['one', 'two']);

  test.each([
    ['listpack', '', 'listpack header', '0 bytes are too few'],
    ['listpack', '07000000 0000 00', 'listpack header', 'no end byte'],
    ['listpack', '08000000 0000 FF', 'listpack header', 'declares 8 bytes where 7 are stored'],
    ['listpack', '09000000 0200 0001 FF', 'listpack header', 'declares 2 entries where 1 are stored'],
    ['listpack', '09000000 0000 0001 FF', 'listpack header', 'declares 0 entries where 1 are stored'],
    ['listpack', '0B000000 0200 0001 0002 FF', 'listpack entry 2', 'back length is wrong'],
    ['listpack', '08000000 0100 00 FF', 'listpack entry 1', 'reaches past the end'],
    ['listpack', '0A000000 0100 8241 03 FF', 'listpack entry 1', 'reaches past the end'],
    ['listpack', '09000000 0100 F102 FF', 'listpack entry 1', 'reaches past the end'],
    ['listpack', '0B000000 0100 F0010000 FF', 'listpack entry 1', 'reaches past the end'],
    ['listpack', '09000000 0100 F501 FF', 'listpack entry 1', 'unknown encoding byte 0xf5'],
    ['listpack', '09000000 0100 FF01 FF', 'listpack entry 1', 'unknown encoding byte 0xff'],
    ['ziplist', '0A000000 0A000000 0000', 'ziplist header', '10 bytes are too few'],
    ['ziplist', '0B000000 0A000000 0000 00', 'ziplist header', 'no end byte'],
    ['ziplist', '0C000000 0A000000 0000 FF', 'ziplist header', 'declares 12 bytes where 11 are stored'],
    ['ziplist', '0D000000 0B000000 0100 00F1 FF', 'ziplist header', 'tail offset is wrong'],
    ['ziplist', '0D000000 0A000000 0200 00F1 FF', 'ziplist header', 'declares 2 entries where 1 are stored'],
    ['ziplist', '0D000000 0A000000 0100 01F1 FF', 'ziplist entry 1', 'says 1 bytes precede it where 0 do'],
    ['ziplist', '0D000000 0A000000 0100 00FF FF', 'ziplist entry 1', 'unknown encoding byte 0xff'],
    ['ziplist', '11000000 0A000000 0100 008100000000 FF', 'ziplist entry 1', 'unknown encoding byte 0x81'],
    ['ziplist', '0D000000 0A000000 0100 0002 FF', 'ziplist entry 1', 'reaches past the end'],
    ['ziplist', '0D000000 0A000000 0100 0001 FF', 'ziplist entry 1', 'reaches past the end'],
    ['ziplist', '0D000000 0A000000 0100 00D0 FF', 'ziplist entry 1', 'reaches past the end'],
    ['ziplist', '0D000000 0A000000 0100 FFF1 FF', 'ziplist entry 1', 'reaches past the end'],
    ['intset', '02000000 000000', 'intset header', '7 bytes are too few'],
    ['intset', '03000000 00000000', 'intset header', 'integers of 3 bytes do not exist'],
    ['intset', '02000000 00000000', 'intset header', 'holds no integers'],
    ['intset', '02000000 02000000 0100', 'intset header', 'declares 2 integers of 2 bytes'],
    ['intset', '02000000 02000000 0100 0100', 'intset entry 2', 'is not greater than the one before'],
    ['intset', '02000000 02000000 0100 FFFF', 'intset entry 2', 'is not greater than the one before'],
    [
      'intset',
      '08000000 02000000 FFFFFFFF00000000 0000000000000000',
      'intset entry 2',
      'is not greater than the one before',
    ],
    ['zipmap', 'FF', 'zipmap header', '1 bytes are too few'],
    ['zipmap', '0000', 'zipmap header', 'no end byte'],
    ['zipmap', '01 0161 FF', 'zipmap entry 1', 'field without a value'],
    ['zipmap', '02 0161 010062 FF', 'zipmap header', 'declares 2 fields where 1 are stored'],
    ['zipmap', '01 0161 010262 FF', 'zipmap entry 2', 'reaches past the end'],
    ['zipmap', '01 0161 010162 FF', 'zipmap entry 2', 'reaches past the end'],
    ['zipmap', '01 FE0100 FF', 'zipmap entry 1', 'reaches past the end'],
  ] as const)('%s %s', (encoding, blob, place, message) => {
    const { fault } = read(encoding, hex(blob));
    expect(fault).toContain(message);
    expect(fault).toContain(`in ${place}`);
  });

  test('in a ziplist, a previous length that is too short or too long for the entry before', () => {
    for (const change of [-1, 1]) {
      const wrong = two.map((byte, i) => (i === 15 ? byte + change : byte));
      expect(read('ziplist', wrong).fault).toContain('precede it where 5 do');
    }
  });

  test('a blob is read as far as it is sound', () => {
    expect(read('listpack', bytes(hex('0E000000 0300 | 816102 | 0701 | 0102 | FF')))).toEqual({
      items: ['a', 7n],
      fault: expect.stringContaining('listpack entry 3'),
    });
  });
});
