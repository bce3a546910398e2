import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyKey, dumpOf, type GeneratedKey } from '../support/keyspace.js';
import { masked } from '../support/masked.js';

const SMALL = { maxInlineValue: 60, partBytes: 20, fragmentBytes: 24 };

/** A value taken apart: strings that are masked, in stored order, and what has to stay. */
interface Parts {
  readonly strings: string[];
  readonly rest: unknown;
}

function partsOf(type: string, value: unknown): Parts {
  if (type.startsWith('string')) return { strings: [value as string], rest: 'string' };
  if (type.startsWith('list') || type.startsWith('set'))
    return { strings: value as string[], rest: 'elements' };
  if (type.startsWith('zset')) {
    const members = value as [string, string][];
    return {
      strings: members.map(([member]) => member),
      // Members of equal scores stand in another order, and 0 and -0 are equal.
      rest: members.map(([, score]) => (Object.is(Number(score), -0) ? '-0' : `${Number(score)}`)).sort(),
    };
  }
  if (type.startsWith('hash')) {
    // Encoders may put fields that expire in another order.
    const fields = [...(value as string[][])].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    return {
      strings: fields.map((field) => field[1] as string),
      rest: fields.map(([name, , expiry]) => [name, expiry]),
    };
  }
  const { entries, ...stream } = value as { entries: string[][] };
  return {
    strings: entries.flatMap((entry) => entry.slice(1).filter((_, i) => i % 2 === 1)),
    rest: [stream, entries.map((entry) => entry.filter((_, i) => i % 2 === 1 || i === 0))],
  };
}

/** Whether a server could hold it: members and names of fields differ. */
function isSound({ name, expected }: GeneratedKey): boolean {
  const names = name.startsWith('set')
    ? (expected as string[])
    : name.startsWith('zset') || name.startsWith('hash')
      ? (expected as string[][]).map(([first]) => first)
      : [];
  return new Set(names).size === names.length;
}

const soundKey = anyKey.filter(isSound);
const limitsOf = (isSmall: boolean) => (isSmall ? SMALL : {});

/** Whether noise may stand for a string: as long, and of text the same classes of characters. */
function isNoiseOf(noise: string, text: string): boolean {
  if (noise.length !== text.length) return false;
  const isText = !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]/.test(text) && /[0-9A-Za-z]/.test(text);
  return !isText || classesOf(noise) === classesOf(text);
}

function classesOf(text: string): string {
  return text.replaceAll(/[a-z]/g, 'a').replaceAll(/[A-Z]/g, 'A').replaceAll(/\d/g, '0');
}

test('hash: every string is replaced, as many as there were, and the rest stays', async () => {
  await fc.assert(
    fc.asyncProperty(soundKey, fc.boolean(), async (key, isSmall) => {
      const { keys, account } = await masked(dumpOf([key]), ['*=hash'], { limits: limitsOf(isSmall) });
      expect([...account.causes.keys()]).toEqual([]);
      const before = partsOf(key.name, key.expected);
      const after = partsOf(keys[0]?.type ?? '', keys[0]?.value);
      expect(after.rest).toEqual(before.rest);
      expect(after.strings).toHaveLength(before.strings.length);
      for (const text of after.strings) expect(text).toMatch(/^[0-9a-f]{32}$/);
      expect(new Set(after.strings).size).toBe(new Set(before.strings).size);
    }),
    { numRuns: 300 },
  );
});

test('noise: lengths and classes stay, and nothing of the strings but their marks', async () => {
  await fc.assert(
    fc.asyncProperty(soundKey, fc.boolean(), async (key, isSmall) => {
      const { keys } = await masked(dumpOf([key]), ['*=noise'], { limits: limitsOf(isSmall) });
      const before = partsOf(key.name, key.expected);
      const after = partsOf(keys[0]?.type ?? '', keys[0]?.value);
      expect(after.rest).toEqual(before.rest);
      expect(after.strings).toHaveLength(before.strings.length);
      if (key.name.startsWith('set') || key.name.startsWith('zset')) {
        expect(new Set(after.strings).size).toBe(before.strings.length);
        return;
      }
      const odd = before.strings.filter((text, i) => !isNoiseOf(after.strings[i] as string, text));
      expect(odd).toEqual([]);
      // Eight drawn characters in a row are the same by chance once in 10^8 or less.
      for (const run of before.strings.flatMap((text) => text.match(/[0-9A-Za-z\x80-\xff]{8,}/g) ?? [])) {
        for (const text of after.strings) expect(text).not.toContain(run.slice(0, 8));
      }
    }),
    { numRuns: 300 },
  );
});

test('equal runs give equal bytes, whatever the limits, and fixed texts lose no element', async () => {
  await fc.assert(
    fc.asyncProperty(soundKey, fc.constantFrom('hash', 'noise', 'fixed:x'), async (key, method) => {
      const dump = dumpOf([key]);
      const rules = [`*=${method}`];
      const [a, b, c] = await Promise.all([
        masked(dump, rules),
        masked(dump, rules),
        masked(dump, rules, { limits: SMALL }),
      ]);
      expect(b.keys).toEqual(a.keys);
      expect(c.keys[0]?.value).toEqual(a.keys[0]?.value);
      expect(partsOf(a.keys[0]?.type ?? '', a.keys[0]?.value).strings).toHaveLength(
        partsOf(key.name, key.expected).strings.length,
      );
    }),
    { numRuns: 200 },
  );
});

test('names of fields: as many fields, values where they were', async () => {
  await fc.assert(
    fc.asyncProperty(
      soundKey.filter(({ name }) => name.startsWith('hash')),
      fc.constantFrom('hash', 'noise', 'fixed:x'),
      async (key, method) => {
        const { keys, account } = await masked(dumpOf([key]), [`* field-name *=${method}`]);
        expect([...account.causes.keys()]).toEqual([]);
        const before = key.expected as string[][];
        const after = keys[0]?.value as string[][];
        expect(new Set(after.map(([name]) => name)).size).toBe(before.length);
        expect(after.map((field) => field.slice(1)).sort()).toEqual(
          before.map((field) => field.slice(1)).sort(),
        );
      },
    ),
    { numRuns: 100 },
  );
});
