import { describe, expect, test } from 'vitest';
import { dumpPayload, PayloadFooter } from '../../src/rdb/payload.js';
import { bytes, hex } from '../support/bytes.js';

const HELLO = hex('05 68656C6C6F');

describe('dumpPayload', () => {
  // As servers answer DUMP: type, value, version, checksum.
  test.each([
    ['"hello" of Redis 2.6', 0, HELLO, 6, '00 0568656C6C6F 0600 F59FB7F690611C99'],
    ['"hello" of Redis 7.2', 0, HELLO, 11, '00 0568656C6C6F 0B00 0AAD620598ABC983'],
    ['"hello" of Redis 7.4', 0, HELLO, 12, '00 0568656C6C6F 0C00 A804EBB69F1EBE43'],
    ['"hello" of Valkey 9.1', 0, HELLO, 80, '00 0568656C6C6F 5000 AC5816E7FB6647FE'],
    ['"123" of Redis 2.6', 0, hex('C07B'), 6, '00 C07B 0600 DE0F3B61F52F5B2A'],
    [
      '100 times "a"',
      0,
      hex('C3094064 016161 E05700 016161'),
      6,
      '00 C3094064 016161E05700016161 0600 7E4EDD874538CEE2',
    ],
    [
      'an intset',
      11,
      hex('0E 02000000 03000000 0100 0200 2C01'),
      6,
      '0B 0E0200000003000000010002002C01 0600 73FDDA0E8EC01539',
    ],
  ])('%s', (_, type, value, version, expected) => {
    expect(dumpPayload(type, value, version)).toEqual(hex(expected));
  });
});

describe('PayloadFooter', () => {
  test('sums up a payload given in pieces, and begins anew after reset', () => {
    const footer = new PayloadFooter(0x0102);
    for (const value of [bytes('first'), bytes('second one')]) {
      const expected = dumpPayload(7, value, 0x0102);
      const target = new Uint8Array(12).fill(0xa5);
      footer.reset();
      footer.update(bytes(7), 0, 1);
      footer.update(bytes('..', value), 2, 4);
      footer.update(value, 2, value.length);
      footer.put(target, 1);
      expect(target).toEqual(bytes(0xa5, expected.subarray(-10), 0xa5));
    }
  });

  test('the version stands before the checksum, little-endian', () => {
    expect(dumpPayload(0, bytes(), 0x0102).subarray(1, 3)).toEqual(bytes(2, 1));
  });
});
