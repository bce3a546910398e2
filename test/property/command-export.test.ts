import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { AofFormat } from '../../src/sinks/aof.js';
import { RespFormat } from '../../src/sinks/resp.js';
import { damage, damaged } from '../support/arbitraries.js';
import { commandsOf } from '../support/commands.js';
import { exportDump, IN_PARTS } from '../support/export-dump.js';
import { anyKey, dumpOf, type GeneratedKey, latin1 } from '../support/keyspace.js';

type Pair = readonly [string, string, string?];

/** What the commands for one key say that a value is, in the form of what was generated. */
function built(name: string, commands: readonly string[][]): unknown {
  const of = (command: string) => commands.filter(([word]) => word === command).map((args) => args.slice(2));
  if (name === 'string') return of('SET')[0]?.[0];
  if (name.startsWith('list')) return of('RPUSH').flat();
  if (name.startsWith('set')) return of('SADD').flat();
  if (name.startsWith('zset')) return pairs(of('ZADD').flat()).map(([score, member]) => [member, score]);
  if (name.startsWith('hash')) {
    const expiries = of('HPEXPIREAT').map(([at, , , field]) => [field, at]);
    return { fields: pairs(of('HSET').flat()), expiries };
  }
  const [state = []] = of('XSETID');
  return {
    entries: of('XADD').filter(([first]) => first !== 'MAXLEN'),
    lastId: state[0],
    entriesAdded: state[2],
    maxDeletedId: state[4],
  };
}

function wanted({ name, expected }: GeneratedKey): unknown {
  if (name.startsWith('hash')) {
    const fields = expected as Pair[];
    return {
      fields: fields.map(([field, value]) => [field, value]),
      expiries: fields.filter((field) => field.length > 2).map(([field, , at]) => [field, at]),
    };
  }
  if (!name.startsWith('stream')) return expected;
  const { entries, lastId, entriesAdded, maxDeletedId } = expected as Record<string, unknown>;
  return { entries, lastId, entriesAdded, maxDeletedId };
}

function pairs(flat: readonly string[]): string[][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => flat.slice(2 * i, 2 * i + 2));
}

const isEmpty = ({ name, expected }: GeneratedKey) =>
  name !== 'string' && Array.isArray(expected) && expected.length === 0;

describe.each([
  ['whole', {}],
  ['in parts and fragments', IN_PARTS],
])('values %s', (_, limits) => {
  test('data commands say what the dump holds', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, async (key) => {
        const { bytes, rejects } = await exportDump(dumpOf([key]), new RespFormat(), limits);
        const commands = commandsOf(bytes);
        if (isEmpty(key)) {
          expect(rejects.map(({ cause }) => cause)).toEqual([expect.stringContaining('empty')]);
          expect(commands).toEqual([]);
          return;
        }
        expect(rejects).toEqual([]);
        const [select, ...rest] = commands;
        expect(select).toEqual(['SELECT', String(key.db)]);
        expect(rest.every(([, name]) => name === latin1(key.key))).toBe(true);
        expect(built(key.name, rest)).toEqual(wanted(key));
        const expiry = rest.filter(([word]) => word === 'PEXPIREAT').map(([, , at]) => at);
        // In a dump, -1 is no expiry.
        const at = key.expireAtMs === undefined ? [] : [String(key.expireAtMs > 0n ? key.expireAtMs : 1)];
        expect(expiry).toEqual(at);
      }),
      { numRuns: 300 },
    );
  });

  test('SELECT stands where the database changes, whatever is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyKey, { maxLength: 8 }), async (keys) => {
        const { bytes } = await exportDump(dumpOf(keys), new AofFormat(), limits);
        let db = -1;
        const found: string[] = [];
        for (const [word, argument] of commandsOf(bytes)) {
          if (word === 'SELECT') db = Number(argument);
          else if (found.at(-1) !== `${db} ${argument}`) found.push(`${db} ${argument}`);
        }
        const expected = keys
          .filter((key) => !isEmpty(key))
          .map(({ db: own, key }) => `${own} ${latin1(key)}`);
        expect(found).toEqual(expected.filter((name, i) => name !== expected[i - 1]));
      }),
      { numRuns: 100 },
    );
  });

  test('RESTORE carries the value as it is', async () => {
    await fc.assert(
      fc.asyncProperty(anyKey, async (key) => {
        const { bytes, rejects } = await exportDump(
          dumpOf([key]),
          new RespFormat({ restore: true, replace: true }),
          limits,
        );
        expect(rejects).toEqual([]);
        const [, [word, name, ttl, payload = '', ...options] = []] = commandsOf(bytes);
        expect([word, name]).toEqual(['RESTORE', latin1(key.key)]);
        expect(payload.slice(0, -10)).toBe(String.fromCharCode(key.type) + latin1(key.value));
        expect(options).toEqual(key.expireAtMs === undefined ? ['REPLACE'] : ['REPLACE', 'ABSTTL']);
        const at = key.expireAtMs ?? 0n;
        expect(ttl).toBe(String(key.expireAtMs === undefined ? 0 : at > 0n ? at : 1));
      }),
      { numRuns: 150 },
    );
  });

  test('a damaged dump raises typed errors only, and leaves whole commands', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyKey, { minLength: 1, maxLength: 3 }),
        damage,
        fc.boolean(),
        async (keys, how, restore) => {
          try {
            const { bytes } = await exportDump(
              damaged(dumpOf(keys), how),
              new RespFormat({ restore }),
              limits,
            );
            commandsOf(bytes);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(RdbkitError);
            expect((thrown as RdbkitError).code).toMatch(/^INPUT_|^LIMIT_EXCEEDED$/);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
