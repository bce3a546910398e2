import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Crc64 } from '../../src/codec/crc64.js';
import { replaceInCrc } from '../../src/codec/crc64-combine.js';

function crcOf(bytes: Uint8Array): [number, number] {
  const crc = new Crc64();
  crc.update(bytes);
  return [crc.high, crc.low];
}

test('a checksum corrected for replaced bytes is that of the changed content', () => {
  const content = fc.uint8Array({ minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(content, content, fc.nat(), fc.nat({ max: 5000 }), (whole, change, at, zeros) => {
      const before = new Uint8Array(whole.length + zeros);
      before.set(whole);
      const position = at % before.length;
      const after = before.slice();
      const piece = change.subarray(0, before.length - position);
      after.set(piece, position);
      const crc = new Crc64();
      crc.update(before);
      replaceInCrc(crc, before.length, position, before.slice(position, position + piece.length), piece);
      expect([crc.high, crc.low]).toEqual(crcOf(after));
    }),
  );
});

test('a change at the very beginning of many megabytes reaches the end', () => {
  const before = new Uint8Array(5_000_000).fill(7);
  const after = before.slice();
  after.set([1, 2, 3]);
  const crc = new Crc64();
  crc.update(before);
  replaceInCrc(crc, before.length, 0, before.slice(0, 3), after.slice(0, 3));
  expect([crc.high, crc.low]).toEqual(crcOf(after));
});
