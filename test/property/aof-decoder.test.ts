import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Limits } from '../../src/limits.js';
import { logOf, respBytes } from '../support/log-bytes.js';
import { readLog } from '../support/log-reader.js';

/** Names that keep the grammar of transactions, and arbitrary bytes. */
const argument = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.uint8Array({ maxLength: 300 }),
  fc
    .constantFrom('*3\r\n$3\r\nSET\r\n', '#TS:1\r\n', '\r\n', '$-1')
    .map((text) => new Uint8Array(Buffer.from(text))),
);
const name = fc.oneof(
  fc
    .constantFrom('SET', 'set', 'ZADD', 'HSET', 'no.such', 'XGROUP', '')
    .map((text) => new Uint8Array(Buffer.from(text))),
  argument.filter((bytes) => !/^(?:multi|exec|discard|select)$/i.test(Buffer.from(bytes).toString('latin1'))),
);
const plain = fc.tuple(name, fc.array(argument, { maxLength: 8 })).map(([first, rest]) => [first, ...rest]);
const commands = fc.array(plain, { maxLength: 12 });
const chunks = fc.oneof(
  fc.constant([1]),
  fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
);

/** Hardly anything is held, and batches are short. */
const TINY: Partial<Limits> = {
  maxInlineCommand: 40,
  commandHeadBytes: 16,
  partBytes: 16,
  batchRecords: 3,
  batchBytes: 64,
};
const limits = fc.constantFrom<Partial<Limits>>({}, TINY, { ...TINY, commandHeadBytes: 64 });

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

describe('any list of commands', () => {
  test('reads back equal, whatever the chunks and limits', () => {
    fc.assert(
      fc.property(
        commands,
        chunks,
        limits,
        fc.boolean(),
        fc.boolean(),
        (list, sizes, bounds, viaSpace, knowsSize) => {
          const input = Buffer.concat(list.map((args) => respBytes(...args)));
          const log = readLog(input, {
            chunks: sizes,
            limits: bounds,
            viaSpace,
            ...(knowsSize ? { inputBytes: input.length } : {}),
          });
          expect(log.error).toBeUndefined();
          expect(log.torn).toBeUndefined();
          expect(log.commands.map(({ args }) => args)).toEqual(list.map((args) => args.map(latin1)));
          expect(Buffer.concat(log.commands.map(({ bytes }) => bytes)).equals(input)).toBe(true);
          let offset = 0;
          log.commands.forEach((command, i) => {
            expect(command).toMatchObject({ offset, index: i + 1, db: 0, transaction: 0, time: -1 });
            offset += command.bytes.length;
            expect(command.endOffset).toBe(offset);
          });
        },
      ),
      { numRuns: 400 },
    );
  });

  test('cut at any byte, reads as the whole commands before the cut and a torn tail', () => {
    fc.assert(
      fc.property(commands, chunks, limits, fc.nat(), fc.boolean(), (list, sizes, bounds, cut, knowsSize) => {
        const pieces = list.map((args) => respBytes(...args));
        const whole = Buffer.concat(pieces);
        const input = whole.subarray(0, whole.length === 0 ? 0 : cut % (whole.length + 1));
        const log = readLog(input, {
          chunks: sizes,
          limits: bounds,
          ...(knowsSize ? { inputBytes: input.length } : {}),
        });
        let end = 0;
        let count = 0;
        for (; count < pieces.length; count++) {
          const next = end + (pieces[count] as Buffer).length;
          if (next > input.length) break;
          end = next;
        }
        expect(log.error).toBeUndefined();
        expect(log.commands.length).toBe(count);
        expect(log.offset).toBe(end);
        expect(log.torn).toEqual(
          end === input.length ? undefined : { offset: end, size: input.length - end },
        );
        if (!knowsSize) expect(Buffer.from(log.tail).equals(input.subarray(end))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('with bytes changed, raises nothing but INPUT_CORRUPT, the same for any chunks', () => {
    fc.assert(
      fc.property(
        commands,
        chunks,
        limits,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
        (list, sizes, bounds, changes) => {
          const input = Buffer.concat([...list.map((args) => respBytes(...args)), logOf('SET a b')]);
          for (const [at, byte] of changes) input[at % input.length] = byte;
          const one = readLog(input);
          const other = readLog(input, { chunks: sizes, limits: bounds });
          for (const { error } of [one, other])
            if (error !== undefined) expect(error.code).toBe('INPUT_CORRUPT');
          expect(other.commands.map(({ args }) => args)).toEqual(one.commands.map(({ args }) => args));
          expect(other.torn).toEqual(one.torn);
          expect(other.error?.offset).toBe(one.error?.offset);
        },
      ),
      { numRuns: 600 },
    );
  });

  test('arbitrary bytes raise nothing but INPUT_CORRUPT', () => {
    const mark = fc.constantFrom(
      '*',
      '$',
      '#',
      '\r\n',
      '*1\r\n',
      '$1\r\n',
      '#TS:',
      '0',
      '9',
      '*3\r\n$6\r\nSELECT\r\n',
    );
    const bytes = fc
      .array(
        fc.oneof(
          mark.map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 4 }).map(Buffer.from),
        ),
        {
          maxLength: 30,
        },
      )
      .map((pieces) => Buffer.concat(pieces as Uint8Array[]));
    fc.assert(
      fc.property(bytes, chunks, limits, (input, sizes, bounds) => {
        const { error } = readLog(input, { chunks: sizes, limits: bounds });
        if (error !== undefined) expect(error.code).toBe('INPUT_CORRUPT');
      }),
      { numRuns: 1500 },
    );
  });
});

test('every prefix of a small log is a whole prefix of commands and a torn tail', () => {
  const whole = Buffer.concat([
    logOf(
      '#TS:1795165529',
      'SELECT 3',
      'SET key value',
      'MULTI',
      'INCR n',
      '#TS:1795165530',
      'INCR m',
      'EXEC',
    ),
    respBytes(
      'SET',
      'blob',
      new Uint8Array(300).map((_, i) => i),
    ),
    logOf('#a comment of no meaning', 'DEL key'),
  ]);
  const all = readLog(whole).commands;
  expect(all.length).toBe(8);
  for (const bounds of [{}, TINY]) {
    for (let size = 0; size <= whole.length; size++) {
      const { commands: read, torn, error, state } = readLog(whole.subarray(0, size), { limits: bounds });
      expect(error).toBeUndefined();
      expect(read.map(({ args }) => args)).toEqual(all.slice(0, read.length).map(({ args }) => args));
      const next = all[read.length];
      if (next !== undefined) expect(size).toBeLessThan(next.endOffset);
      expect(read.at(-1)?.endOffset ?? 0).toBeLessThanOrEqual(torn?.offset ?? size);
      expect(torn === undefined ? size : torn.offset + torn.size).toBe(size);
      expect(state.open === undefined).toBe(read.length < 3 || read.length >= 6);
    }
  }
});
