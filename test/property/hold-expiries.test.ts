import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandLookup } from '../../src/aof/command-lookup.js';
import { fieldTimes, HELD_TOLERANCE_MS, keyTimes, LATEST_HELD } from '../../src/aof/held-time.js';
import type { Emit } from '../../src/pipeline.js';
import type { LogCommand } from '../../src/record.js';
import { holdExpiries } from '../../src/stages/hold-expiries.js';
import { logCommand } from '../support/log-commands.js';

const lookup = new CommandLookup();
const NOW = 1_800_000_000_000;
const WINDOW = 600_000;

const bytes = fc.uint8Array({ maxLength: 200 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const near = fc.integer({ min: -1000, max: LATEST_HELD + 1000 });

interface Written {
  readonly args: Buffer[];
  readonly failed: boolean;
  readonly noted: readonly (readonly [string, number | undefined])[];
}

/** What the stage makes of a command. */
function held(args: readonly (string | Uint8Array)[], timeSeconds = -1, size = 0): Written {
  const noted: [string, number | undefined][] = [];
  let failed = false;
  const stage = holdExpiries(
    {
      size,
      hasFields: false,
      add: (_, __, key, start, end, atMs) =>
        noted.push([Buffer.from(key.subarray(start, end)).toString('latin1'), atMs]),
      swap: () => {},
      flush: () => {},
    },
    { windowMs: WINDOW, nowMs: () => NOW },
  );
  const emit: Emit = Object.assign(() => {}, {
    fail: () => {
      failed = true;
    },
    note: () => {},
    add: () => {},
    skip: () => {},
    hold: () => {},
    pour: () => {},
  });
  const record = logCommand(args, lookup, 3);
  record.timeSeconds = timeSeconds;
  stage.write(record, emit);
  expect(framed(record)).toEqual(Buffer.from(record.bytes.subarray(record.start, record.end)));
  return { args: argumentsOf(record), failed, noted };
}

function argumentsOf(record: LogCommand): Buffer[] {
  return Array.from({ length: record.argumentCount }, (_, i) => Buffer.from(record.argument(i)));
}

/** The record's arguments as they have to be framed. */
function framed(record: LogCommand): Buffer {
  const parts = argumentsOf(record).map((argument) =>
    Buffer.concat([Buffer.from(`$${argument.length}\r\n`), argument, Buffer.from('\r\n')]),
  );
  return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts]);
}

const texts = (args: readonly (string | Uint8Array)[]) =>
  args.map((argument) => Buffer.from(argument as string));

describe('held times', () => {
  test.each([
    ['keys', keyTimes, 2 ** 53],
    ['fields', fieldTimes, 2 ** 46],
  ] as const)('of %s stand for one expiry each and stay below their bound', (_, times, bound) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LATEST_HELD }), (atMs) => {
        const time = times.hold(atMs);
        expect(Number.isSafeInteger(time) && time < bound).toBe(true);
        expect(times.isHeld(time)).toBe(true);
        expect(times.release(time)).toBe(atMs);
        expect(times.isHeld(atMs)).toBe(false);
      }),
    );
    for (const atMs of [1, 2, LATEST_HELD - 1, LATEST_HELD])
      expect(times.release(times.hold(atMs))).toBe(atMs);
    expect(times.hold(LATEST_HELD)).toBeLessThan(bound);
    expect(times.isHeld(times.hold(LATEST_HELD))).toBe(true);
    expect([-5, 0, 1].map((atMs) => times.release(times.hold(atMs)))).toEqual([1, 1, 1]);
    for (const never of [2n ** 63n - 1n, Number.MAX_SAFE_INTEGER, 2 ** 46 - 1, 0, -1]) {
      expect(times.isHeld(never)).toBe(false);
    }
  });

  test('of keys may be misread by half a second', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: LATEST_HELD }),
        fc.double({ min: -HELD_TOLERANCE_MS, max: HELD_TOLERANCE_MS, noNaN: true }),
        (atMs, off) => {
          expect(keyTimes.isHeld(keyTimes.hold(atMs) + off)).toBe(true);
          expect(keyTimes.release(keyTimes.hold(atMs) + off)).toBe(atMs);
        },
      ),
    );
  });
});

describe('holdExpiries', () => {
  test('writes any PEXPIREAT so that the expiry meant can be told, or fails it', () => {
    fc.assert(
      fc.property(bytes, fc.oneof(int64, near.map(BigInt)), (key, atMs) => {
        const { args, failed, noted } = held(['PEXPIREAT', key, String(atMs)]);
        const written = BigInt(String(args[2]));
        expect(args.length).toBe(3);
        expect(args[1]).toEqual(Buffer.from(key));
        if (atMs < NOW + WINDOW) {
          const meant = atMs < 1n ? 1n : atMs;
          expect(BigInt(keyTimes.release(Number(written)))).toBe(meant);
          expect(noted).toEqual([[Buffer.from(key).toString('latin1'), Number(meant)]]);
        } else {
          expect(written).toBe(atMs);
          expect(noted).toEqual([]);
          expect(failed).toBe(atMs >= 4_100_000_000_000_000n && keyTimes.isHeld(atMs));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('changes nothing but what says when a key expires', () => {
    const options = fc.shuffledSubarray(['NX', 'GET', 'XX']);
    fc.assert(
      fc.property(
        bytes,
        bytes,
        options,
        options,
        fc.constantFrom('PX', 'px', 'EX', 'EXAT', 'PXAT', 'pxat'),
        fc.integer({ min: 1, max: 3_000_000_000 }),
        (key, value, before, behind, word, number) => {
          const input = ['SET', key, value, ...before, word, String(number), ...behind];
          const { args, noted } = held(input);
          const unit = word.toUpperCase().startsWith('E') ? 1000 : 1;
          const atMs = number * unit + (word.length > 2 ? 0 : NOW);
          const at = 3 + before.length;
          if (atMs >= NOW + WINDOW) expect(args).toEqual(texts(input));
          else {
            expect(keyTimes.release(Number(args[at + 1]))).toBe(atMs);
            expect(String(args[at])).toBe('PXAT');
            expect(noted.length).toBe(1);
            args.splice(at, 2);
            expect(args).toEqual(texts([...input.slice(0, at), ...input.slice(at + 2)]));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('leaves any other command as it is', () => {
    const names = [
      'HSET',
      'RPUSH',
      'SET',
      'DEL',
      'PERSIST',
      'XADD',
      'MOVE',
      'RENAME',
      'COPY',
      'NO.SUCH',
      'PEXPIREAT',
      'RESTORE',
      'HSETEX',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(bytes, { maxLength: 6 }), (name, rest) => {
        const { args, noted } = held([name, ...rest], -1, 1);
        if (noted.every(([, atMs]) => atMs === undefined)) expect(args).toEqual(texts([name, ...rest]));
      }),
      { numRuns: 500 },
    );
  });
});
