import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { type Reply, ReplyDecoder } from '../../src/resp/reply.js';
import { chunkSizes } from '../support/arbitraries.js';
import { bytes } from '../support/bytes.js';
import { chunksOf } from '../support/read.js';

const RUNS = 500;

type Event = 'OK' | Reply;

/** What a decoder hands out for the input, given in chunks of those sizes. */
function decoded(input: Uint8Array, sizes?: readonly number[]): Event[] {
  const events: Event[] = [];
  const handler = { onOk: () => events.push('OK'), onReply: (reply: Reply) => events.push(reply) };
  const decoder = new ReplyDecoder();
  for (const chunk of chunksOf(input, sizes)) decoder.push(chunk, handler);
  return events;
}

function codeOf(input: Uint8Array, sizes?: readonly number[]): string {
  try {
    return `read as ${JSON.stringify(decoded(input, sizes))}`;
  } catch (thrown) {
    if (!(thrown instanceof RdbkitError)) throw thrown;
    return thrown.code;
  }
}

interface Sample {
  readonly wire: Uint8Array;
  readonly event: Event;
  /** What the elements of an array are. */
  readonly elements?: readonly Event[];
}

const line = fc
  .string({ unit: fc.constantFrom(...'OK -+:$*1\r\xe9'), maxLength: 12 })
  .map((text) => text.replace(/\r$/, ''));
const status: fc.Arbitrary<Sample> = fc.oneof(fc.constant('OK'), line).map((text) => ({
  wire: Uint8Array.from(Buffer.from(`+${text}\r\n`, 'latin1')),
  event: text === 'OK' ? 'OK' : { kind: 'status', text },
}));
const error: fc.Arbitrary<Sample> = line.map((text) => ({
  wire: Uint8Array.from(Buffer.from(`-${text}\r\n`, 'latin1')),
  event: { kind: 'error', text },
}));
const integer: fc.Arbitrary<Sample> = fc.maxSafeInteger().map((value) => ({
  wire: bytes(`:${value}\r\n`),
  event: { kind: 'integer', value },
}));
const bulk: fc.Arbitrary<Sample> = fc.option(fc.uint8Array({ maxLength: 20 })).map((content) => ({
  wire: content === null ? bytes('$-1\r\n') : bytes(`$${content.length}\r\n`, content, '\r\n'),
  event: { kind: 'bulk', size: content?.length ?? -1 },
}));
const { reply } = fc.letrec<{ reply: Sample; array: Sample }>((tie) => ({
  reply: fc.oneof({ depthSize: 'small' }, status, error, integer, bulk, tie('array')),
  array: fc.option(fc.array(tie('reply'), { maxLength: 4 })).map((elements) => ({
    wire:
      elements === null
        ? bytes('*-1\r\n')
        : bytes(`*${elements.length}\r\n`, ...elements.map(({ wire }) => wire)),
    event: { kind: 'array', size: elements?.length ?? -1 },
    ...(elements === null ? {} : { elements: elements.map(({ event }) => event) }),
  })),
}));

const QUEUED: Sample = { wire: bytes('+QUEUED\r\n'), event: { kind: 'status', text: 'QUEUED' } };

describe('ReplyDecoder', () => {
  test('hands out every reply once, in order, whatever the chunks', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 8 }), fc.option(chunkSizes), (replies, sizes) => {
        const input = bytes(...replies.map(({ wire }) => wire));
        expect(decoded(input, sizes ?? undefined)).toEqual(replies.map(({ event }) => event));
      }),
      { numRuns: RUNS },
    );
  });

  test('hands out nothing before a reply is whole', () => {
    fc.assert(
      fc.property(reply, ({ wire, event }) => {
        expect(decoded(wire.subarray(0, -1))).toEqual([]);
        expect(decoded(wire)).toEqual([event]);
      }),
      { numRuns: RUNS },
    );
  });

  test('hands out the elements of an outermost array, each with its index, before the array', () => {
    const samples = fc.array(fc.oneof(reply, fc.constant(QUEUED)), { maxLength: 6 });
    fc.assert(
      fc.property(samples, fc.option(chunkSizes), (replies, sizes) => {
        const seen: unknown[] = [];
        const decoder = new ReplyDecoder();
        const handler = {
          onOk: () => seen.push('OK'),
          onReply: (one: Reply) => seen.push(one),
          onElement: (index: number, one: Reply) => seen.push([index, one]),
        };
        const input = bytes(...replies.map(({ wire }) => wire));
        for (const chunk of chunksOf(input, sizes ?? undefined)) decoder.push(chunk, handler);
        expect(seen).toEqual(
          replies.flatMap(({ event, elements = [] }) => [
            ...elements.map((one, i) => [i, one === 'OK' ? { kind: 'status', text: 'OK' } : one]),
            event,
          ]),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('takes an error that quotes a long key', () => {
    const text = `ERR ${'k'.repeat(60_000)}`;
    for (const sizes of [undefined, [1000], [65_536]]) {
      expect(decoded(bytes('-', text, '\r\n+OK\r\n'), sizes)).toEqual([{ kind: 'error', text }, 'OK']);
    }
  });

  test.each([{ sizes: undefined }, { sizes: [1000] }])(
    'takes no line longer than 64 KiB: $sizes',
    ({ sizes }) => {
      const input = bytes('-', 'k'.repeat(70_000), '\r\n');
      expect(codeOf(input.subarray(0, -2), sizes)).toBe('TARGET_REPLY');
      expect(codeOf(input, sizes)).toBe('TARGET_REPLY');
    },
  );

  test.each([
    'HTTP/1.1 400 Bad Request\r\n',
    'OK\r\n',
    '\r\n',
    '$\r\n',
    '$-2\r\n',
    '$1x\r\n',
    '$ 1\r\n',
    '$1234567890123456\r\n',
    '*\r\n',
    '*-2\r\n',
    '*1\r\nx\r\n',
    ':\r\n',
    ':1x\r\n',
    ':abc\r\n',
    ':1.5\r\n',
    '$1\r\nabc\r\n',
    '$1\r\na\n\r',
  ])('%j is no RESP', (text) => {
    expect(codeOf(bytes(text))).toBe('TARGET_REPLY');
    expect(codeOf(bytes(text), [1])).toBe('TARGET_REPLY');
  });

  test('goes on in the middle of anything: a handler sees each reply as soon as it is whole', () => {
    const decoder = new ReplyDecoder();
    const seen: Event[] = [];
    const push = (text: string) => {
      seen.length = 0;
      decoder.push(bytes(text), { onOk: () => seen.push('OK'), onReply: (one) => seen.push(one) });
      return [...seen];
    };
    expect(push('+O')).toEqual([]);
    expect(push('K\r')).toEqual([]);
    expect(push('\n*2\r\n$3\r\nab')).toEqual(['OK']);
    expect(push('c\r\n:')).toEqual([]);
    expect(push('7\r\n+OK\r\n')).toEqual([{ kind: 'array', size: 2 }, 'OK']);
  });
});
