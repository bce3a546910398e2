import { describe, expect, test } from 'vitest';
import {
  magicOf,
  targetOfMagic,
  targetOfMagics,
  targetOfServer,
  targetOfVersion,
} from '../../src/rdb/dump-target.js';
import { type Magic, parseMagic } from '../../src/rdb/magic.js';
import { bytes } from '../support/bytes.js';

const magic = (text: string) => parseMagic(bytes(text), 0, text.length) as Magic;

test.each([
  ['redis-2.6', 'redis', 6, 'old'],
  ['redis-3.0', 'redis', 6, 'old'],
  ['redis-3.2', 'redis', 7, 'old'],
  ['redis-4.0', 'redis', 8, 'old'],
  ['redis-6', 'redis', 9, 'old'],
  ['redis-6.2', 'redis', 9, 'old'],
  ['Redis-7.0', 'redis', 10, 'old'],
  ['redis-7.2', 'redis', 11, 'old'],
  ['redis-7.4', 'redis', 12, 'old'],
  ['redis-8', 'redis', 12, 'old'],
  ['redis-8.2.3', 'redis', 12, 'old'],
  ['redis-8.6', 'redis', 13, 'old'],
  ['redis-8.8', 'redis', 14, 'new'],
  ['redis-8.10', 'redis', 15, 'new'],
  ['valkey-7.2', 'valkey', 11, 'old'],
  ['valkey-8', 'valkey', 11, 'old'],
  ['valkey-9', 'valkey', 80, 'old'],
  ['valkey-9.1', 'valkey', 80, 'new'],
  ['valkey-9.2', 'valkey', 81, 'new'],
] as const)('%s', (name, dialect, rdbVersion, backlen) => {
  expect(targetOfServer(name)).toEqual({ dialect, rdbVersion, backlen, asStored: false });
});

test.each([
  'redis',
  'redis-',
  'redis-2.4',
  'valkey-7.0',
  'valkey-1',
  'keydb-6',
  'redis-7.x',
  '7.2',
  'redis 7.2',
])('%s is no server that dumps are written for', (name) => expect(targetOfServer(name)).toBeUndefined());

test('versions have the magic of their family', () => {
  for (const [version, text] of [
    [6, 'REDIS0006'],
    [12, 'REDIS0012'],
    [80, 'VALKEY080'],
    [81, 'VALKEY081'],
  ] as const) {
    expect(magicOf(targetOfVersion(version))).toBe(text);
  }
  expect(magicOf(targetOfServer('valkey-8') as NonNullable<ReturnType<typeof targetOfServer>>)).toBe(
    'REDIS0011',
  );
});

test.each([
  ['REDIS0006', 'REDIS0006'],
  ['REDIS0002', 'REDIS0006'],
  ['REDIS0014', 'REDIS0014'],
  ['REDIS0016', 'REDIS0016'],
  ['VALKEY080', 'VALKEY080'],
])('a copy of %s is %s', (text, copy) => {
  const target = targetOfMagic(magic(text));
  expect([magicOf(target), target.asStored]).toEqual([copy, true]);
});

describe('several dumps together', () => {
  const together = (...texts: string[]) => {
    const target = targetOfMagics(texts.map(magic));
    return [magicOf(target), target.asStored];
  };

  test('stay as they are when they are the same, else become the newest', () => {
    expect(together('REDIS0011', 'REDIS0011')).toEqual(['REDIS0011', true]);
    expect(together('REDIS0006', 'REDIS0012', 'REDIS0009')).toEqual(['REDIS0012', false]);
    expect(together('VALKEY080', 'REDIS0011')).toEqual(['VALKEY080', false]);
    expect(together('REDIS0001', 'REDIS0003')).toEqual(['REDIS0006', false]);
  });

  test('are refused when neither server reads both', () => {
    expect(() => together('VALKEY080', 'REDIS0012')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
