import { describe, expect, test } from 'vitest';
import { parsePosition, positionText, timeText } from '../../src/aof/position.js';

describe('positions', () => {
  test.each([
    ['end-of-base', { kind: 'end-of-base' }],
    ['1795165529', { kind: 'time', seconds: 1_795_165_529 }],
    ['1795165529000', { kind: 'time', seconds: 1_795_165_529 }],
    ['2026-11-20T12:05:29Z', { kind: 'time', seconds: 1_795_176_329 }],
    ['2026-11-20 12:05:29 Z', { kind: 'time', seconds: 1_795_176_329 }],
    ['2026-11-20T14:05:29+02:00', { kind: 'time', seconds: 1_795_176_329 }],
    ['2026-11-20T14:05:29.000+0200', { kind: 'time', seconds: 1_795_176_329 }],
    ['2026-11-20t07:05-05', { kind: 'time', seconds: 1_795_176_300 }],
    ['appendonly.aof.2.incr.aof:17', { kind: 'part-offset', part: 'appendonly.aof.2.incr.aof', offset: 17 }],
    ['a:b:0', { kind: 'part-offset', part: 'a:b', offset: 0 }],
    ['2:17', { kind: 'part-offset', part: 2, offset: 17 }],
    ['02:17', { kind: 'part-offset', part: '02', offset: 17 }],
  ] as const)('%s', (text, position) => {
    expect(parsePosition(text)).toEqual(position);
    expect(parsePosition(positionText(position))).toEqual(position);
  });

  test.each([
    ['2026-11-20T12:05:29', 'time zone'],
    ['2026-11-20', 'no moment'],
    ['2026-02-30T00:00:00Z', 'no such time'],
    ['2026-13-01T00:00:00Z', 'no such time'],
    ['2026-11-20T25:00:00Z', 'no such time'],
    ['2026-11-20T12:05:29.5Z', 'whole seconds'],
    ['1795165529001', 'whole seconds'],
    ['', 'no position'],
    ['yesterday', 'no position'],
    ['part:', 'no position'],
    [':5', 'no position'],
    ['part:-1', 'no position'],
    ['part:99999999999999999999', 'no file'],
  ])('%s is refused', (text, message) => {
    expect(() => parsePosition(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
    );
  });

  test('times of far years', () => {
    expect(timeText(0)).toBe('1970-01-01T00:00:00Z');
    expect(timeText(253_402_300_799)).toBe('9999-12-31T23:59:59Z');
    expect(timeText(999_999_999_999_999)).toBe('999999999999999');
  });
});
