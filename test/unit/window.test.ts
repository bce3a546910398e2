import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Window } from '../../src/bytes/window.js';
import { RdbkitError } from '../../src/errors.js';

const RUNS = 500;

function thrownBy(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

describe('Window', () => {
  test('is a view of the unread part of a stream, whatever is read and consumed', () => {
    const step = fc.record({ size: fc.nat(40), filled: fc.nat(40), consumed: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 50 }), (steps, capacity) => {
        const window = new Window(capacity, 4096);
        let given = 0;
        for (const { size, filled, consumed } of steps) {
          const [before, position] = [window.start, window.offset];
          const moved = window.reserve(size);
          expect(before - window.start).toBe(moved);
          expect(window.offset).toBe(position);
          expect(window.space().length).toBeGreaterThanOrEqual(size);
          const space = window.space().subarray(0, Math.min(filled, size));
          for (let i = 0; i < space.length; i++) space[i] = given++;
          window.end += space.length;
          window.start = Math.min(window.end, window.start + consumed);
          expect(window.base + window.end).toBe(given);
          for (let i = window.start; i < window.end; i++) {
            expect(window.bytes[i]).toBe((window.base + i) & 0xff);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('moves nothing while there is space behind the unread bytes', () => {
    const window = new Window(100, 100);
    window.end = 60;
    window.start = 50;
    expect(window.reserve(40)).toBe(0);
    expect([window.start, window.end, window.base]).toEqual([50, 60, 0]);
    expect(window.reserve(41)).toBe(50);
    expect([window.start, window.end, window.base]).toEqual([0, 10, 50]);
  });

  test('keeps its memory where what was consumed makes room', () => {
    const window = new Window(100, 1000);
    const { bytes } = window;
    window.end = 100;
    window.start = 30;
    window.reserve(30);
    expect(window.bytes).toBe(bytes);
    window.reserve(31);
    expect(window.bytes).not.toBe(bytes);
  });

  test('grows to the bound and not beyond', () => {
    const window = new Window(10, 100);
    window.end = 10;
    window.start = 4;
    window.reserve(94);
    expect(window.space().length).toBe(94);
    const thrown = thrownBy(() => window.reserve(95)) as RdbkitError;
    expect(thrown).toBeInstanceOf(RdbkitError);
    expect([thrown.code, thrown.offset]).toEqual(['LIMIT_EXCEEDED', 4]);
    expect([window.start, window.end, window.base]).toEqual([0, 6, 4]);
  });

  test('its first memory keeps to the bound, too', () => {
    expect(new Window(1000, 100).space().length).toBe(100);
  });

  test('looking a little ahead of the last byte stays inside the array', () => {
    const window = new Window(10, 100);
    window.reserve(window.space().length);
    window.end += window.space().length;
    expect(window.bytes.length).toBeGreaterThanOrEqual(window.end + 16);
    window.reserve(90);
    window.end += window.space().length;
    expect(window.end).toBe(100);
    expect(window.bytes.length).toBeGreaterThanOrEqual(window.end + 16);
  });
});
