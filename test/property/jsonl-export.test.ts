import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doubleText } from '../../src/bytes/ascii.js';
import { RdbkitError } from '../../src/errors.js';
import { damage, damaged } from '../support/arbitraries.js';
import { exportJsonLines, IN_PARTS, type JsonRecord, linesOf } from '../support/jsonl-export.js';
import { bytesOf } from '../support/jsonl-truth.js';
import { anyKey, dumpOf, type GeneratedKey } from '../support/keyspace.js';

/** Parsers of JSON keep one of the fields of the same name; no server has a hash with two. */
const parsableKey = anyKey.filter(({ name, expected: value }) => {
  if (!name.startsWith('hash')) return true;
  const fields = (value as string[][]).map(([field]) => field);
  return new Set(fields).size === fields.length;
});

describe('generated keyspaces', () => {
  test('are the same as JSON Lines, whole and in parts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(parsableKey, { maxLength: 6 }), async (keys) => {
        const file = dumpOf(keys);
        const whole = await exportJsonLines(file);
        const records = linesOf(whole).filter(({ key }) => key !== undefined);
        expect(records.map(found)).toEqual(keys.map(expected));
        expect((await exportJsonLines(file, IN_PARTS, [7, 1, 100])).text).toBe(whole.text);
      }),
      { numRuns: 150 },
    );
  });

  test('when they are damaged, are whole lines and typed errors', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyKey, { minLength: 1, maxLength: 4 }), damage, async (keys, change) => {
        const file = damaged(dumpOf(keys), change);
        for (const limits of [{}, IN_PARTS]) {
          try {
            const exported = await exportJsonLines(file, limits);
            const { read, written, failed } = exported.account.totals();
            expect(linesOf(exported).filter(({ key }) => key !== undefined)).toHaveLength(written);
            expect(written + failed).toBe(read);
          } catch (thrown) {
            if (!(thrown instanceof RdbkitError)) throw thrown;
            expect(thrown.code).toMatch(/^(INPUT_|LIMIT_EXCEEDED)/);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});

function expected({ db, key, expireAtMs, name, expected: value }: GeneratedKey): unknown {
  return {
    db,
    key: Buffer.from(key).toString('latin1'),
    expireAt: expireAtMs === undefined ? undefined : Number(expireAtMs),
    name,
    value: name.startsWith('hash') ? byField(value as string[][]) : value,
  };
}

/** A line as the generator has it: every string as its bytes. */
function found(record: JsonRecord): unknown {
  const { db, type, encoding, expireAt } = record;
  const text = (value: string) => Buffer.from(bytesOf(record, value)).toString('latin1');
  return {
    db,
    key: text(record.key),
    expireAt,
    name: type === encoding ? type : `${type}-${encoding}`,
    value: contentOf(record, text),
  };
}

function contentOf({ type, value, fieldExpireAt }: JsonRecord, text: (value: string) => string): unknown {
  switch (type) {
    case 'string':
      return text(value as string);
    case 'zset':
      return (value as [string, number | string][]).map(([member, score]) => [
        text(member),
        typeof score === 'string' ? score : doubleText(score),
      ]);
    case 'hash':
      return byField(
        Object.entries(value as Record<string, string>).map(([field, content]) => [
          text(field),
          text(content),
          ...(fieldExpireAt?.[field] === undefined ? [] : [String(fieldExpireAt[field])]),
        ]),
      );
    case 'stream': {
      const stream = value as { entries: [string, string[]][]; entriesAdded: number };
      return {
        ...stream,
        entries: stream.entries.map(([id, fields]) => [id, ...fields.map(text)]),
        length: String(stream.entries.length),
        entriesAdded: String(stream.entriesAdded),
        idempotence: null,
      };
    }
    default:
      return (value as string[]).map(text);
  }
}

function byField(fields: readonly string[][]): unknown[] {
  return [...fields].sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
}
