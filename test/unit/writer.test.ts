import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import { jsonText } from '../../src/bytes/text.js';
import { ByteWriter } from '../../src/bytes/writer.js';
import { anyBytes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';

const RUNS = 300;

describe('ByteWriter', () => {
  test('holds all that was put, whatever it began with', () => {
    const part = fc.oneof(anyBytes(40), fc.nat(255));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.nat(30), (parts, capacity) => {
        const writer = new ByteWriter(capacity);
        for (const one of parts) {
          if (typeof one === 'number') writer.byte(one);
          else writer.put(bytes('<', one, '>'), 1, 1 + one.length);
        }
        expect(writer.bytes).toEqual(bytes(...parts));
        expect(writer.size).toBe(writer.bytes.length);
      }),
      { numRuns: RUNS },
    );
  });

  test('reserve makes room that counts once it is used', () => {
    const writer = new ByteWriter(2);
    writer.put(bytes('ab'));
    writer.reserve(3).set(bytes('cde'), writer.size);
    expect(writer.bytes).toEqual(bytes('ab'));
    writer.size += 3;
    expect(writer.bytes).toEqual(bytes('abcde'));
  });
});

describe('jsonText', () => {
  test('gives UTF-8 as it is, with a byte order mark, NUL and all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(jsonText(bytes(text))).toEqual({ text });
      }),
      { numRuns: RUNS },
    );
    expect(jsonText(bytes('\ufeffa\0b'))).toEqual({ text: '\ufeffa\0b' });
  });

  test.each(['\xff', 'caf\xe9', '\xc3', '\xed\xa0\x80', '\xc0\x80', '\xf4\x90\x80\x80'])(
    'gives %j, which is no UTF-8, a character a byte',
    (text) => {
      expect(jsonText(latin1Bytes(text))).toEqual({ text, bytes: 'latin1' });
    },
  );

  test('every string comes back', () => {
    fc.assert(
      fc.property(anyBytes(30), (content) => {
        const { text, bytes: kind } = jsonText(content);
        expect(kind === 'latin1' ? latin1Bytes(text) : bytes(text)).toEqual(content);
      }),
      { numRuns: RUNS },
    );
  });
});
