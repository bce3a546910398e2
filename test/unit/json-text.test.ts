import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOT_UTF8, UTF8_WHOLE, utf8State } from '../../src/bytes/utf8.js';
import { putJsonLatin1, putJsonText, putJsonTextPiece } from '../../src/sinks/json-text.js';
import { OutputBuffer } from '../../src/sinks/output-buffer.js';
import { anyBytes, chunkSizes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { MemoryOutput } from '../support/memory-output.js';
import { chunksOf } from '../support/read.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes; undefined when they are none. */
function textOf(input: Uint8Array): string | undefined {
  try {
    return strict.decode(input);
  } catch {
    return undefined;
  }
}

/** What a writer puts between two others, and what it returns. */
function written<T>(write: (out: OutputBuffer) => T): { text: string; result: T } {
  const output = new MemoryOutput();
  const out = new OutputBuffer(output, 64);
  out.mayFlush = false;
  out.ascii('<');
  const result = write(out);
  out.ascii('>');
  out.flush();
  return { text: Buffer.from(output.bytes).toString(), result };
}

/** Bytes of which many are UTF-8, and many nearly. */
const nearlyUtf8 = fc.oneof(
  anyBytes(40),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => bytes(text)),
  fc
    .tuple(fc.string({ unit: 'binary', maxLength: 12 }), anyBytes(4), fc.string({ maxLength: 8 }))
    .map(([before, noise, after]) => bytes(before, noise, after)),
  fc
    .array(
      fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0),
    )
    .map((list) => Uint8Array.from(list)),
  fc
    .array(fc.constantFrom(0x7f, 0x80, 0xbf, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0x22))
    .map((list) => Uint8Array.from(list)),
);

describe('bytes as UTF-8', () => {
  test('are the JSON string that JSON.parse reads back, or refused with nothing written', () => {
    fc.assert(
      fc.property(nearlyUtf8, fc.nat({ max: 5 }), (input, before) => {
        const inside = bytes('x'.repeat(before), input, '"');
        const { text, result } = written((out) => putJsonText(out, inside, before, before + input.length));
        const expected = textOf(input);
        expect(result).toBe(expected !== undefined);
        if (expected === undefined) expect(text).toBe('<>');
        else expect(JSON.parse(text.slice(1, -1))).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  test('are written as JSON.stringify writes them', () => {
    const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join('');
    const { text } = written((out) => putJsonText(out, bytes(all), 0, bytes(all).length));
    expect(text).toBe(`<${JSON.stringify(all)}>`);
  });

  test('give the same in pieces that are cut anywhere', () => {
    fc.assert(
      fc.property(nearlyUtf8, chunkSizes, (input, sizes) => {
        const { text, result } = written((out) => {
          let state = UTF8_WHOLE;
          let checked = UTF8_WHOLE;
          for (const piece of chunksOf(input, sizes)) {
            state = putJsonTextPiece(out, piece, 0, piece.length, state);
            checked = utf8State(piece, 0, piece.length, checked);
            expect(checked).toBe(state);
          }
          return state;
        });
        const expected = textOf(input);
        expect(result === UTF8_WHOLE).toBe(expected !== undefined);
        if (expected !== undefined) expect(text).toBe(`<${JSON.stringify(expected).slice(1, -1)}>`);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    ['an overlong form of two bytes', 'c0af'],
    ['an overlong form of three bytes', 'e080af'],
    ['an overlong form of four bytes', 'f08080af'],
    ['a high surrogate', 'eda080'],
    ['a low surrogate', 'edbfbf'],
    ['more than U+10FFFF', 'f4908080'],
    ['a first byte that never is', 'f8888080'],
    ['a character cut at the end', 'e282'],
    ['a byte that only follows', '80'],
    ['a character cut by another', 'e28241'],
  ])('are not %s', (_, text) => {
    const input = Uint8Array.from(Buffer.from(text, 'hex'));
    expect(written((out) => putJsonText(out, input, 0, input.length))).toEqual({ text: '<>', result: false });
    expect(utf8State(input, 0, input.length, UTF8_WHOLE)).not.toBe(UTF8_WHOLE);
  });

  test('stay refused', () => {
    expect(utf8State(bytes('plain'), 0, 5, NOT_UTF8)).toBe(NOT_UTF8);
    expect(putJsonTextPiece(new OutputBuffer(new MemoryOutput()), bytes('plain'), 0, 5, NOT_UTF8)).toBe(
      NOT_UTF8,
    );
  });

  test('are refused before anything is handed on, however long they are', () => {
    const long = bytes('é'.repeat(100_000), 0xff);
    const output = new MemoryOutput();
    const out = new OutputBuffer(output);
    out.ascii('before');
    expect(putJsonText(out, long, 0, long.length)).toBe(false);
    expect(out.position).toBe(6);
    expect(putJsonText(out, long, 0, long.length - 1)).toBe(true);
    out.flush();
    expect(strict.decode(output.bytes)).toBe(`before"${'é'.repeat(100_000)}"`);
  });
});

describe('bytes as Latin-1', () => {
  test('are characters of the same numbers', () => {
    fc.assert(
      fc.property(anyBytes(60), (input) => {
        const { text } = written((out) => putJsonLatin1(out, input, 0, input.length));
        expect(text).toBe(`<${JSON.stringify(Buffer.from(input).toString('latin1'))}>`);
      }),
      { numRuns: 2000 },
    );
  });

  test('pass through a small buffer', () => {
    const input = Uint8Array.from({ length: 70_000 }, (_, i) => i);
    const output = new MemoryOutput();
    const out = new OutputBuffer(output);
    putJsonLatin1(out, input, 0, input.length);
    out.flush();
    expect(JSON.parse(strict.decode(output.bytes))).toBe(Buffer.from(input).toString('latin1'));
  });
});
