import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonDocument } from '../../src/sinks/json-document.js';
import { OutputBuffer } from '../../src/sinks/output-buffer.js';
import { chunkSizes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { MemoryOutput } from '../support/memory-output.js';
import { chunksOf } from '../support/read.js';

const document = new JsonDocument();

/** The copy of a document given in pieces; undefined when it is none. */
function copied(input: Uint8Array, sizes: readonly number[] = [1_000_000]): string | undefined {
  const output = new MemoryOutput();
  const out = new OutputBuffer(output);
  document.begin();
  for (const piece of chunksOf(input, sizes))
    if (!document.put(out, piece, 0, piece.length)) return undefined;
  if (!document.end()) return undefined;
  out.flush();
  return Buffer.from(output.bytes).toString();
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const anyJson = fc.json({ maxDepth: 4 });
const indented = fc
  .tuple(fc.jsonValue(), fc.constantFrom(' ', '\t', '\r\n  '))
  .map(([value, space]) => JSON.stringify(value, undefined, space));

/** Texts that are nearly JSON: pieces of it in any order, or JSON with a character changed. */
const nearlyJson = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        ...[
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '"',
          '"a"',
          '\\',
          '\\u00e9',
          '\\x',
          '1',
          '0',
          '01',
          '-',
          '.',
          '.5',
          'e',
        ],
        ...['E+', '1e5', 'true', 'fals', 'null', ' ', '\n', '\u0001', 'é'],
      ),
      { maxLength: 7 },
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(anyJson, fc.nat(), fc.constantFrom('"', '{', '}', ',', '\\', '0', '-', 'x', ' ', '\n', ''))
    .map(([text, place, change]) => {
      const at = place % text.length;
      return text.slice(0, at) + change + text.slice(at + 1);
    }),
);

describe('documents', () => {
  test('are copied without blanks, in whatever pieces they come', () => {
    fc.assert(
      fc.property(fc.oneof(anyJson, indented), chunkSizes, (text, sizes) => {
        expect(copied(bytes(text), sizes)).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 1000 },
    );
  });

  test('are what JSON.parse takes, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyJson, anyJson), chunkSizes, (text, sizes) => {
        const copy = copied(bytes(text), sizes);
        expect(copy !== undefined, text).toBe(parses(text));
        if (copy !== undefined) expect(JSON.parse(copy)).toEqual(JSON.parse(text));
      }),
      { numRuns: 5000 },
    );
  });

  test('keep their numbers and escapes as they are', () => {
    expect(
      copied(bytes(' { "a" : [ 1.50 , 18446744073709551616, -0, 1E+2 ] ,"\\u00e9\\/": "\\ud800" }\n')),
    ).toBe('{"a":[1.50,18446744073709551616,-0,1E+2],"\\u00e9\\/":"\\ud800"}');
  });

  test('are UTF-8', () => {
    expect(copied(bytes('"', 0xc3, 0xa9, '"'), [2])).toBe('"é"');
    expect(copied(bytes('"', 0xc3, '"'))).toBeUndefined();
    expect(copied(bytes('"', 0xff, '"'))).toBeUndefined();
  });

  test('are nested up to 512 deep', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(copied(bytes(nested(512)))).toBe(nested(512));
    expect(copied(bytes(nested(513)))).toBeUndefined();
  });
});
