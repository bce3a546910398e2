import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyKey, dumpOf, type GeneratedKey, latin1 } from '../support/keyspace.js';
import { plain } from '../support/plain.js';
import { type Read, type ReadKey, readAll, readText } from '../support/read.js';

const RUNS = 400;

const keyspace = fc.array(anyKey, { maxLength: 12 });

function expectedOf(keys: readonly GeneratedKey[]): unknown[] {
  return keys.map(({ db, key, expireAtMs, name, expected }) => ({
    db,
    key: latin1(key),
    type: name,
    expireAtMs: expireAtMs === undefined ? undefined : String(expireAtMs),
    value: expected,
  }));
}

function keysOf(read: Read): unknown[] {
  return read.records
    .filter(({ kind }) => kind === 'key')
    .map((record) => {
      const { db, key, type, expireAtMs, decoded } = record as ReadKey;
      return {
        db,
        key: Buffer.from(key, 'hex').toString('latin1'),
        type,
        expireAtMs: expireAtMs === undefined ? undefined : String(expireAtMs),
        value: decoded === undefined ? undefined : plain(decoded),
      };
    });
}

describe('a generated dump', () => {
  test('reads back as what it was generated from', () => {
    fc.assert(
      fc.property(keyspace, (keys) => {
        const read = readAll(dumpOf(keys), { decode: true });
        expect(read.error?.describe()).toBeUndefined();
        expect(read.checksum).toBe('ok');
        expect(keysOf(read)).toEqual(expectedOf(keys));
      }),
      { numRuns: RUNS },
    );
  });

  test('reads the same in any chunks and parts', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(keyspace, sizes, fc.integer({ min: 1, max: 300 }), (keys, chunks, maxInlineValue) => {
        const file = dumpOf(keys);
        expect(readText(readAll(file, { chunks, decode: true }))).toBe(
          readText(readAll(file, { decode: true })),
        );
        expect(readText(readAll(file, { chunks, limits: { maxInlineValue, partBytes: 17 } }))).toBe(
          readText(readAll(file)),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('cut anywhere gives a whole beginning and INPUT_TRUNCATED', () => {
    fc.assert(
      fc.property(keyspace, fc.nat(), (keys, position) => {
        const file = dumpOf(keys);
        const cut = readAll(file.subarray(0, position % file.length), { decode: true });
        expect(cut.error?.code).toBe('INPUT_TRUNCATED');
        expect(keysOf(cut)).toEqual(expectedOf(keys).slice(0, keysOf(cut).length));
      }),
      { numRuns: RUNS },
    );
  });

  test('with any one byte changed is not read as a whole file', () => {
    fc.assert(
      fc.property(keyspace, fc.nat(), fc.integer({ min: 1, max: 255 }), (keys, position, change) => {
        const file = dumpOf(keys);
        // Behind the first nine bytes; eight zeros at the end would mean that there is no checksum.
        const at = 9 + (position % (file.length - 17));
        file[at] = (file[at] as number) ^ change;
        const { error } = readAll(file);
        expect(error?.code).toMatch(/^(?:INPUT_|LIMIT_EXCEEDED)/);
      }),
      { numRuns: RUNS },
    );
  });
});
