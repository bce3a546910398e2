import { describe, expect, test } from 'vitest';
import { fixtureFiles } from '../support/fixture-files.js';
import { forEachKey } from '../support/read.js';
import { tokensInParts, tokensWhole } from '../support/tokens.js';

/** Strings are long, and come in fragments, from here on. */
const LIMITS = { fragmentBytes: 50 };

/** A byte at a time only up to this size. */
const SMALL = 20_000;

describe.each(fixtureFiles().filter(({ name }) => /^built|\/dump$|r72/.test(name)))(
  'values of $name',
  ({ file }) => {
    test.each([
      ['whole, long strings in fragments', undefined],
      ['a byte at a time', [1]],
      ['in parts of odd sizes', [3, 50, 1, 700, 16_384]],
    ] as const)('give the same tokens %s', (_, sizes) => {
      forEachKey(file, (record) => {
        if (sizes?.length === 1 && record.size > SMALL) return;
        const read = sizes === undefined ? tokensWhole(record, LIMITS) : tokensInParts(record, sizes, LIMITS);
        expect(read.join('\n') === tokensWhole(record).join('\n'), `${record.type.name} ${record.key}`).toBe(
          true,
        );
      });
    });
  },
);
