import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { LogBegin, LogCommand } from '../../src/record.js';
import { hasLongerArgument } from '../../src/redis/argument-size.js';
import { missedEffect } from '../../src/redis/effects.js';
import { FingerprintSet } from '../../src/redis/fingerprint-set.js';
import { firstKey } from '../../src/redis/held-command.js';
import { KnownCommands } from '../../src/redis/known-commands.js';
import { SentCommands } from '../../src/redis/sent-commands.js';
import { CommandWriter } from '../../src/resp/command-writer.js';
import { command } from '../support/log-source.js';

const lookup = new CommandLookup();
const part = { index: 0, name: 'part' };

/** The row of a command given as words. */
function specOf(...words: readonly string[]) {
  const bytes = Buffer.from(words.join(''));
  const marks = new Int32Array(2 * words.length);
  let at = 0;
  for (const [i, word] of words.entries()) {
    marks[2 * i] = at;
    at += word.length;
    marks[2 * i + 1] = at;
  }
  return lookup.find(bytes, marks, 0, words.length);
}

describe('SentCommands', () => {
  const set = specOf('SET');

  test('keeps what it is given, in order, whatever comes and goes', () => {
    const steps = fc.array(fc.record({ added: fc.nat(6000), popped: fc.nat(6000) }), { maxLength: 6 });
    fc.assert(
      fc.property(steps, (all) => {
        const sent = new SentCommands(new CommandWriter(64, () => {}), { commands: 1 << 20, bytes: 1000 });
        for (const { added, popped } of all) {
          for (let i = 0; i < added; i++) {
            const number = sent.next;
            expect(sent.add(set, part, 10 * number, 10 * number + 9, number % 7, number % 11)).toBe(number);
          }
          for (let number = sent.first; number < sent.next; number += 397) {
            expect(sent.offsetOf(number)).toBe(10 * number);
            expect(sent.endOffsetOf(number)).toBe(10 * number + 9);
            expect(sent.dbOf(number)).toBe(number % 7);
            expect(sent.tallyOf(number)).toBe(number % 11);
            expect(sent.specOf(number)).toBe(set);
            expect(sent.partOf(number)).toBe(part);
          }
          for (let i = 0; i < popped && sent.first < sent.next; i++) sent.pop();
          expect(sent.answered).toBeGreaterThanOrEqual(sent.first);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('holds chunks as long as their commands, up to a bound', () => {
    const writer = new CommandWriter(4096, () => {});
    const sent = new SentCommands(writer, { commands: 1 << 20, bytes: 100 });
    const bytes = command('SET', 'name', 'value');
    const chunk = writer.current;
    for (let i = 0; i < 4; i++) {
      const from = writer.at;
      writer.raw(bytes);
      sent.add(set, part, 0, 0, 0, 0);
      sent.hold(chunk, from, writer.at);
    }
    expect(bytes.length).toBe(34);
    expect(chunk.holds).toBe(2);
    expect([0, 1, 2, 3].map((i) => Buffer.from(sent.keyOf(i)).toString())).toEqual(['name', 'name', '', '']);
    sent.pop();
    expect(chunk.holds).toBe(1);
    sent.add(set, part, 0, 0, 0, 0);
    sent.hold(chunk, 0, bytes.length);
    expect(Buffer.from(sent.keyOf(4)).toString()).toBe('name');
    while (sent.first < sent.next) sent.pop();
    expect(chunk.holds).toBe(0);
  });

  test('ends when a transaction is too large to be followed', () => {
    const sent = new SentCommands(new CommandWriter(64, () => {}), { commands: 5000, bytes: 0 });
    expect(() => {
      for (let i = 0; i < 10_000; i++) sent.add(set, part, i, i, 0, 0);
    }).toThrow('a transaction of more than 8192 commands');
  });
});

test('a set of fingerprints is one', () => {
  const word = fc.integer({ min: -3, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word, word), { maxLength: 300 }), (prints) => {
      const set = new FingerprintSet();
      const named = ([a, ...rest]: readonly number[]) => [(a as number) | 1, ...rest].join(' ');
      const seen = new Set<string>();
      for (const print of prints) {
        expect(set.has(Int32Array.from(print))).toBe(seen.has(named(print)));
        set.add(Int32Array.from(print));
        seen.add(named(print));
      }
      expect(set.size).toBe(seen.size);
    }),
    { numRuns: 50 },
  );
  const many = new FingerprintSet();
  for (let i = 1; i <= 50_000; i++) many.add(Int32Array.of(i, i % 100, i >> 4, ~i));
  for (let i = 1; i <= 50_000; i++) expect(many.has(Int32Array.of(i, i % 100, i >> 4, ~i))).toBe(true);
  expect([many.size, many.has(Int32Array.of(1, 1, 0, 0))]).toEqual([50_000, false]);
  many.clear();
  expect([many.size, many.has(Int32Array.of(1, 1, 0, ~1))]).toEqual([0, false]);
});

describe('the first key of a command that was sent', () => {
  const keyOf = (bytes: Uint8Array, ...words: string[]) =>
    Buffer.from(firstKey(specOf(...words), bytes, 0, bytes.length)).toString('latin1');

  test('is told by its row', () => {
    expect(keyOf(command('SET', 'a\r\nb', 'x'), 'SET', 'a')).toBe('a\r\nb');
    expect(keyOf(command('XGROUP', 'CREATE', 's', 'g', '0'), 'XGROUP', 'CREATE')).toBe('s');
    expect(keyOf(command('EVAL', 'return 1', '1', 'k'), 'EVAL', 'x')).toBe('k');
    expect(keyOf(command('FLUSHALL'), 'FLUSHALL')).toBe('');
    expect(keyOf(command('NO.SUCH', 'x'), 'NO.SUCH')).toBe('');
  });

  test('is not known where it is cut off, and no prefix is misread', () => {
    const whole = command('SET', 'name', 'value');
    const end = whole.indexOf('name') + 4;
    for (let size = 0; size < whole.length; size++) {
      const bytes = whole.subarray(0, size);
      expect(keyOf(bytes, 'SET', 'name')).toBe(size < end ? '' : 'name');
    }
  });
});

describe('an argument that is too long', () => {
  test('is found in a whole command, and in one of which the beginning is held', () => {
    const bytes = command('SET', 'key', 'x'.repeat(100));
    const marks = Int32Array.from([8, 11, 17, 20, 28, 128]);
    expect(bytes.subarray(28, 128).toString()).toBe('x'.repeat(100));
    const whole = new LogCommand();
    whole.rewrite(bytes, 0, bytes.length, 3, marks, 0);
    expect([99, 100, 1000].map((most) => hasLongerArgument(whole, most))).toEqual([true, false, false]);
    const large = new LogBegin();
    large.rewrite(bytes, 0, 40, 3, marks, 0);
    large.heldArguments = 2;
    large.size = bytes.length;
    expect([99, 100, 1000].map((most) => hasLongerArgument(large, most))).toEqual([true, false, false]);
  });
});

describe('what a server knows', () => {
  const known = new KnownCommands(new Set(['SET', 'XGROUP', 'XGROUP|', 'XGROUP|CREATE', 'OBJECT']));

  test.each([
    ['SET', true],
    ['GET', false],
    ['XGROUP CREATE', true],
    ['XGROUP SETID', false],
    // A server before 7.0 does not tell subcommands.
    ['OBJECT FREQ', true],
    ['NO.SUCH', false],
  ])('%s: %s', (name, isKnown) => {
    const spec = specOf(...name.split(' '), 'k');
    expect(spec.name).toBe(name);
    expect(known.refusal(spec)).toEqual(
      isKnown ? undefined : { code: 'TARGET_INCOMPATIBLE', cause: `the target does not know ${name}` },
    );
    expect(known.refusal(spec)).toBe(known.refusal(spec));
    expect(new KnownCommands(undefined).refusal(spec)).toBeUndefined();
  });
});

test('replies that show another state than the log was written in', () => {
  const none = { kind: 'integer', value: 0 } as const;
  expect(missedEffect(specOf('PEXPIREAT'), none)).toMatch(/^expiries/);
  expect(missedEffect(specOf('PEXPIREAT'), { kind: 'integer', value: 1 })).toBeUndefined();
  expect(missedEffect(specOf('DEL'), none)).toBeUndefined();
  expect(missedEffect(specOf('LPOP'), { kind: 'bulk', size: -1 })).toMatch(/^elements removed/);
  expect(missedEffect(specOf('LPOP'), { kind: 'bulk', size: 0 })).toBeUndefined();
});
