import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latin1Bytes } from '../../src/bytes/ascii.js';
import { globMatches } from '../../src/bytes/glob.js';

const RUNS = 4000;

function matches(pattern: string, text: string): boolean {
  return globMatches(latin1Bytes(pattern), latin1Bytes(text), 0, text.length);
}

/** The same rules as a regular expression. */
function expressionOf(pattern: string): RegExp {
  const literal = (char: string) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  let source = '';
  for (let p = 0; p < pattern.length; ) {
    const char = pattern[p++] as string;
    if (char === '*') source += '[^]*';
    else if (char === '?') source += '[^]';
    else if (char === '\\') source += literal(pattern[p++] ?? '\\');
    else if (char !== '[') source += literal(char);
    else {
      const isNegated = pattern[p] === '^';
      if (isNegated) p++;
      let members = '';
      while (p < pattern.length && pattern[p] !== ']') {
        if (pattern[p] === '\\' && p + 1 < pattern.length) {
          members += literal(pattern[p + 1] as string);
          p += 2;
        } else if (pattern[p + 1] === '-' && p + 2 < pattern.length) {
          members += [pattern[p], pattern[p + 2]]
            .sort()
            .map((end) => literal(end as string))
            .join('-');
          p += 3;
        } else {
          members += literal(pattern[p++] as string);
        }
      }
      p++;
      source += isNegated ? `[^${members}]` : `[${members}]`;
    }
  }
  return new RegExp(`^${source}$`);
}

describe('globMatches', () => {
  test.each([
    ['', '', true],
    ['', 'a', false],
    ['a', '', false],
    ['*', '', true],
    ['***', '', false],
    ['?', '', false],
    ['*?', 'a', true],
    ['user:*', 'user:1', true],
    ['user:*', 'user:', true],
    ['user:*', 'user', false],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h*llo', 'heeeello', true],
    ['*a*b*c', 'xxaxxbxxbc', true],
    ['*a*b*c', 'xxaxxbxxcx', false],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-b]llo', 'hbllo', true],
    ['h[b-a]llo', 'hallo', true],
    ['h[a-b]llo', 'hcllo', false],
    ['[a-cx-z]', 'y', true],
    ['[a-cx-z]', 'm', false],
    ['[-a]', '-', true],
    ['[^]', 'a', true],
    ['[]', 'a', false],
    ['[]a]', 'a]', false],
    ['[\\]]', ']', true],
    ['[\\^a]', '^', true],
    ['[\\-a]', '-', true],
    ['[a', 'a', true],
    ['[a', 'b', false],
    ['[^a', 'b', true],
    ['[', '[', false],
    ['[^', 'a', true],
    ['[a-', '-', true],
    ['[a-]', 'a', true],
    ['[a-c', 'b', true],
    ['[a-c', '-', false],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['\\?', '?', true],
    ['\\[a]', '[a]', true],
    ['\\a', 'a', true],
    ['\\', '\\', true],
    ['a\\', 'a\\', true],
    ['\\\\', '\\', true],
    ['A', 'a', false],
    ['a\0b', 'a\0b', true],
    ['a\0b', 'a\0c', false],
    ['a*c', 'a\0\xff\r\nc', true],
    ['?', '\0', true],
    ['[\0-\x05]', '\x03', true],
    ['[^\0]', '\0', false],
    ['\xff\xfe*', '\xff\xfe\x80', true],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  test('a part of the text is matched as if it were alone', () => {
    const text = latin1Bytes('user:1');
    expect(globMatches(latin1Bytes('ser'), text, 1, 4)).toBe(true);
    expect(globMatches(latin1Bytes('ser:'), text, 1, 4)).toBe(false);
    expect(globMatches(latin1Bytes('*r'), text, 0, 4)).toBe(true);
  });

  test('agrees with the rules written as a regular expression', () => {
    const pattern = fc.string({ unit: fc.constantFrom(...'aab\0-*?[]^\\'), maxLength: 9 });
    const text = fc.string({ unit: fc.constantFrom(...'aab\0-*[]^\\'), maxLength: 7 });
    fc.assert(
      fc.property(pattern, text, (glob, key) => {
        // Redis' loop is not entered for an empty key: only the empty glob and a single star match it.
        const expected = key === '' ? glob === '' || glob === '*' : expressionOf(glob).test(key);
        expect(matches(glob, key)).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });

  test('many stars on a long key that nearly matches come to an end', () => {
    expect(matches(`${'a*'.repeat(50)}b`, 'a'.repeat(10_000))).toBe(false);
  });
});
