import { describe, expect, test } from 'vitest';
import { exitCodeOf, RdbkitError } from '../../src/errors.js';
import { defaultLimits, withLimits } from '../../src/limits.js';

describe('RdbkitError', () => {
  test('is an Error with a code and details', () => {
    const error = new RdbkitError('INPUT_CORRUPT', 'broken', { offset: 7, where: 'key 1', hint: 'look' });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'RdbkitError', code: 'INPUT_CORRUPT', message: 'broken' });
    expect(error).toMatchObject({
      offset: 7,
      where: 'key 1',
      hint: 'look',
      key: undefined,
      subject: undefined,
    });
    expect('cause' in error).toBe(false);
  });

  test.each([
    [{}, 'broken'],
    [{ subject: 'dump.rdb' }, 'dump.rdb: broken'],
    [{ offset: 0 }, 'broken (at byte 0)'],
    [{ where: 'key 1 > hash' }, 'broken (in key 1 > hash)'],
    [{ hint: 'take another' }, 'broken; take another'],
    [
      { subject: 'dump.rdb', where: 'key 1', offset: 9, hint: 'take another' },
      'dump.rdb: broken (in key 1, at byte 9); take another',
    ],
  ])('describes %o', (details, expected) => {
    expect(new RdbkitError('INPUT_CORRUPT', 'broken', details).describe()).toBe(expected);
  });

  test('from wraps what is thrown, once', () => {
    const bug = new TypeError('oops');
    const wrapped = RdbkitError.from(bug);
    expect(wrapped).toMatchObject({ code: 'INTERNAL', message: 'oops', cause: bug });
    expect(RdbkitError.from(wrapped, 'IO')).toBe(wrapped);
    expect(RdbkitError.from('text', 'IO')).toMatchObject({ code: 'IO', message: 'text', cause: 'text' });
  });
});

describe('exitCodeOf', () => {
  test.each([
    ['INPUT_CORRUPT', 2],
    ['INPUT_TRUNCATED', 2],
    ['TARGET_LOST', 2],
    ['LIMIT_EXCEEDED', 2],
    ['IO', 2],
    ['USAGE', 64],
    ['INTERNAL', 70],
    ['ABORTED', 130],
  ] as const)('%s is %i', (code, expected) => {
    expect(exitCodeOf(code)).toBe(expected);
  });
});

describe('withLimits', () => {
  test('replaces what is given and keeps the rest', () => {
    expect(withLimits(undefined)).toBe(defaultLimits);
    expect(withLimits({ maxHeldString: 5 })).toEqual({ ...defaultLimits, maxHeldString: 5 });
  });
});
