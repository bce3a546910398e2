import { describe, expect, test } from 'vitest';
import { latin1Bytes, latin1Text } from '../../src/bytes/ascii.js';
import { literalEnds } from '../../src/stages/mask-keys.js';
import { MaskRules, parseMaskRule } from '../../src/stages/mask-rules.js';
import { key } from '../support/records.js';

describe('rules', () => {
  test.each([
    ['user:*:email=hash', 'values', 'user:*:email', undefined, 'hash'],
    ['*=noise', 'values', '*', undefined, 'noise'],
    ['user:* field email=noise', 'field', 'user:*', 'email', 'noise'],
    ['cart:* field-name *=hash', 'field-name', 'cart:*', '*', 'hash'],
    ['key session:*=hash', 'key', 'session:*', undefined, 'hash'],
    ['a=b=keep', 'values', 'a=b', undefined, 'keep'],
    ['k=fixed', 'values', 'k', undefined, 'fixed masked'],
    ['k=fixed:', 'values', 'k', undefined, 'fixed '],
    ['k=fixed:x=hash', 'values', 'k', undefined, 'fixed x=hash'],
    ['my[ ]field x=hash', 'values', 'my[ ]field x', undefined, 'hash'],
    ['[k]ey x=hash', 'values', '[k]ey x', undefined, 'hash'],
    ['a b field c d=hash', 'field', 'a b', 'c d', 'hash'],
  ])('%s', (text, target, keys, fields, method) => {
    const rule = parseMaskRule(text);
    expect(rule.target).toBe(target);
    expect(latin1Text(rule.keys)).toBe(keys);
    expect(rule.fields === undefined ? undefined : latin1Text(rule.fields)).toBe(fields);
    const { kind } = rule.method;
    expect(rule.method.kind === 'fixed' ? `fixed ${latin1Text(rule.method.text)}` : kind).toBe(method);
    expect(rule.text).toBe(text);
  });

  test.each([
    '',
    'hash',
    '=hash',
    'user:*',
    'user:*=',
    'user:*=md5',
    'user:*=Hash',
    'user:*=hash:',
    '*=noise ',
  ])('%j is refused, and the forms are named', (text) => {
    expect(() => parseMaskRule(text)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining(JSON.stringify(text)),
        hint: expect.stringMatching(
          /KEYS=METHOD.*field NAMES.*key KEYS.*hash, noise, fixed, fixed:TEXT or keep/,
        ),
      }),
    );
  });

  test('keys cannot all become one', () => {
    expect(() => parseMaskRule('key *=fixed:x')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('of those that match, the first decides', () => {
  const head = key('user:1');
  const name = (text: string) => [latin1Bytes(text), 0, text.length] as const;
  const select = (...rules: string[]) =>
    new MaskRules(rules.map((rule) => parseMaskRule(rule))).ofValue(head);

  test('rules of other keys, and keys themselves, do not touch values', () => {
    expect(select('other:*=hash', 'key user:*=hash')).toBeUndefined();
  });

  test('keep stands before all that comes behind', () => {
    expect(select('user:*=keep', '*=hash', '* field a=noise')).toBeUndefined();
    expect(select('* field a=noise', 'user:*=keep', '*=hash')?.element?.kind).toBe('keep');
  });

  test('a field is masked by its own rule, the others by that of the value', () => {
    const mask = select('user:* field e*=noise', '*=hash');
    expect(mask?.field(...name('email'))?.kind).toBe('noise');
    expect(mask?.field(...name('name'))?.kind).toBe('hash');
    expect(mask?.element?.kind).toBe('hash');
  });

  test('names are masked by their own rules only', () => {
    const mask = select('*=hash', '* field-name x*=noise');
    expect(mask?.fieldName(...name('x1'))?.kind).toBe('noise');
    expect(mask?.fieldName(...name('a'))).toBeUndefined();
    expect(select('*=hash')?.fieldName(...name('a'))).toBeUndefined();
  });

  test('rules that matched nothing are told', () => {
    const rules = new MaskRules(
      ['user:*=hash', 'usr:*=hash', '* field emial=hash', 'key usr:*=hash'].map((rule) =>
        parseMaskRule(rule),
      ),
    );
    rules.ofValue(head)?.field(...name('email'));
    rules.ofKey(head);
    expect(rules.unused.map(({ text }) => text)).toEqual([
      'usr:*=hash',
      '* field emial=hash',
      'key usr:*=hash',
    ]);
  });
});

test.each([
  ['*', 0, 0],
  ['user:*', 5, 0],
  ['user:*:email', 5, 6],
  ['a?b*c[xy]de', 1, 2],
  ['a\\*b*', 3, 0],
  ['*\\]]', 0, 2],
  ['x[a\\]b]y', 1, 1],
  ['x[open', 1, 0],
  ['exact', 0, 0],
])('every match of %s keeps %i bytes before and %i behind', (glob, before, behind) => {
  expect(literalEnds(latin1Bytes(glob))).toEqual({ before, behind });
});
