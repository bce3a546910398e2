import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Integer } from '../../src/bytes/integer.js';
import { type Chunk, CommandWriter, framed } from '../../src/resp/command-writer.js';
import { anyBytes, int64, uint64 } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';

const RUNS = 400;

type Argument =
  | { readonly as: 'text'; readonly text: string }
  | { readonly as: 'integer'; readonly value: Integer }
  | { readonly as: 'bytes'; readonly content: Uint8Array }
  | { readonly as: 'pieces'; readonly pieces: readonly Uint8Array[] };

const argument: fc.Arbitrary<Argument> = fc.oneof(
  fc.record({ as: fc.constant('text' as const), text: fc.stringMatching(/^[A-Z]{0,40}$/) }),
  fc.record({ as: fc.constant('integer' as const), value: fc.oneof(int64, uint64, fc.maxSafeInteger()) }),
  fc.record({ as: fc.constant('bytes' as const), content: fc.oneof(anyBytes(30), anyBytes(400)) }),
  fc.record({ as: fc.constant('pieces' as const), pieces: fc.array(anyBytes(20), { maxLength: 4 }) }),
);
const commands = fc.array(fc.array(argument, { minLength: 1, maxLength: 5 }), { maxLength: 8 });

function contentOf(one: Argument): Uint8Array {
  switch (one.as) {
    case 'text':
      return bytes(one.text);
    case 'integer':
      return bytes(String(one.value));
    case 'bytes':
      return one.content;
    case 'pieces':
      return bytes(...one.pieces);
  }
}

/** The commands as RESP arrays of bulk strings. */
function respOf(list: readonly (readonly Argument[])[]): Uint8Array {
  return bytes(
    ...list.map((parts) => [
      `*${parts.length}\r\n`,
      ...parts.map((part) => {
        const content = contentOf(part);
        return [`$${content.length}\r\n`, content, '\r\n'];
      }),
    ]),
  );
}

function write(writer: CommandWriter, parts: readonly Argument[]): void {
  writer.begin(parts.length);
  for (const part of parts) {
    if (part.as === 'text') writer.text(part.text);
    else if (part.as === 'integer') writer.integer(part.value);
    else if (part.as === 'bytes') writer.bytes(bytes('<', part.content, '>'), 1, 1 + part.content.length);
    else {
      writer.beginBytes(contentOf(part).length);
      for (const piece of part.pieces) writer.piece(bytes('<', piece, '>'), 1, 1 + piece.length);
      writer.endBytes();
    }
  }
}

describe('CommandWriter', () => {
  test('frames commands, whatever the size of its chunks', () => {
    fc.assert(
      fc.property(commands, fc.integer({ min: 1, max: 300 }), (list, chunkBytes) => {
        const output: Uint8Array[] = [];
        const writer = new CommandWriter(chunkBytes, (chunk, size) =>
          output.push(chunk.bytes.slice(0, size)),
        );
        for (const parts of list) write(writer, parts);
        writer.flush();
        const expected = respOf(list);
        expect(Buffer.concat(output).toString('latin1')).toBe(Buffer.from(expected).toString('latin1'));
        expect(writer.total).toBe(expected.length);
        expect(output.every((chunk) => chunk.length > 0)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('takes the beginning of a command that was framed before', () => {
    for (const chunkBytes of [1, 20, 300]) {
      const output: Uint8Array[] = [];
      const writer = new CommandWriter(chunkBytes, (chunk, size) => output.push(chunk.bytes.slice(0, size)));
      writer.raw(framed(2, 'GET'));
      writer.bytes(bytes('key'));
      writer.flush();
      const expected = '*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n';
      expect([Buffer.concat(output).toString(), writer.total]).toEqual([expected, expected.length]);
    }
  });

  test('a chunk that somebody holds is not written to again', () => {
    fc.assert(
      fc.property(commands, fc.array(fc.nat(3), { minLength: 1, maxLength: 6 }), (list, delays) => {
        const held: { chunk: Chunk; size: number; sent: string; left: number }[] = [];
        const output: string[] = [];
        const text = (chunk: Chunk, size: number) =>
          Buffer.from(chunk.bytes.subarray(0, size)).toString('latin1');
        const writer = new CommandWriter(64, (chunk, size) => {
          expect(chunk.holds).toBe(1);
          expect(held.some((other) => other.chunk === chunk)).toBe(false);
          held.push({
            chunk,
            size,
            sent: text(chunk, size),
            left: delays[output.length % delays.length] as number,
          });
          output.push(text(chunk, size));
        });
        const age = () => {
          for (const one of held.splice(0)) {
            expect(text(one.chunk, one.size)).toBe(one.sent);
            if (one.left-- > 0) held.push(one);
            else writer.release(one.chunk);
          }
        };
        for (const parts of list) {
          write(writer, parts);
          age();
        }
        writer.flush();
        expect(output.join('')).toBe(Buffer.from(respOf(list)).toString('latin1'));
      }),
      { numRuns: RUNS },
    );
  });

  test('a chunk is used again when all who held it have let go', () => {
    const given: Chunk[] = [];
    const writer = new CommandWriter(64, (chunk) => given.push(chunk));
    const send = () => {
      writer.text('PING');
      writer.flush();
      return given.at(-1) as Chunk;
    };
    const [first, second] = [send(), send()];
    expect(second).not.toBe(first);
    first.holds++;
    writer.release(first);
    send();
    expect(writer.current).not.toBe(first);
    writer.release(first);
    send();
    expect(writer.current).toBe(first);
  });

  test('chunks that were made larger for one argument are not kept', () => {
    const given: Chunk[] = [];
    const writer = new CommandWriter(64, (chunk) => given.push(chunk));
    writer.text('X'.repeat(100));
    writer.flush();
    const large = given.at(-1) as Chunk;
    expect(large.bytes.length).toBeGreaterThan(64);
    writer.release(large);
    for (let i = 0; i < 3; i++) {
      writer.text('PING');
      writer.flush();
      expect(given.at(-1)).not.toBe(large);
    }
  });

  test('ensure makes room in one chunk', () => {
    const sizes: number[] = [];
    const writer = new CommandWriter(64, (_, size) => sizes.push(size));
    writer.text('PING');
    writer.ensure(54);
    expect([writer.at, sizes]).toEqual([10, []]);
    writer.ensure(55);
    expect([writer.at, sizes]).toEqual([0, [10]]);
    writer.ensure(1000);
    expect(writer.chunk.length).toBe(1000);
    expect(sizes).toEqual([10]);
  });

  test('a key of a megabyte goes through chunks of 64 KiB', () => {
    const key = Uint8Array.from({ length: 1_000_001 }, (_, i) => i);
    const output: Uint8Array[] = [];
    const writer: CommandWriter = new CommandWriter(65_536, (chunk, size) => {
      output.push(chunk.bytes.slice(0, size));
      writer.release(chunk);
    });
    writer.begin(2);
    writer.text('GET');
    writer.bytes(key);
    writer.flush();
    const expected = bytes('*2\r\n$3\r\nGET\r\n$1000001\r\n', key, '\r\n');
    expect(Buffer.compare(Buffer.concat(output), expected)).toBe(0);
    expect(output.every((chunk) => chunk.length <= 65_536)).toBe(true);
  });

  test('flush of nothing hands out nothing', () => {
    const given: number[] = [];
    new CommandWriter(64, (_, size) => given.push(size)).flush();
    expect(given).toEqual([]);
  });

  test('copies what stands one behind the other at once, and it is the same', () => {
    const source = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
    const step = fc.record({
      from: fc.option(fc.nat(900)),
      size: fc.nat(60),
      isRun: fc.boolean(),
      flushes: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 64, max: 300 }),
        (steps, chunkBytes) => {
          const written: Uint8Array[] = [];
          const writer = new CommandWriter(chunkBytes, (chunk, size) => {
            written.push(chunk.bytes.slice(0, size));
            writer.release(chunk);
          });
          const expected: Uint8Array[] = [];
          let last = 0;
          for (const { from, size, isRun, flushes } of steps) {
            // Most of the time where the piece before has ended.
            const start = from ?? last;
            last = Math.min(start + size, source.length);
            writer.ensure(last - start);
            if (isRun) writer.run(source, start, last);
            else writer.piece(source, start, last);
            expected.push(source.slice(start, last));
            if (flushes && size % 5 === 0) writer.flush();
          }
          writer.flush();
          expect(bytes(...written)).toEqual(bytes(...expected));
          expect(writer.total).toBe(bytes(...expected).length);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
