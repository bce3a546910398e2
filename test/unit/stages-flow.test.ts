import { describe, expect, test } from 'vitest';
import type { Stage } from '../../src/pipeline.js';
import type { DumpRecord } from '../../src/record.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { limit } from '../../src/stages/limit.js';
import { aux, key, keyInParts, through } from '../support/records.js';

const big = (name = 'big') => keyInParts(name, ['ab', 'cd']);
const BIG = ['0 big …', 'part ab', 'part cd', 'end 4'];

describe('values in parts', () => {
  test('go through whole, also from batch to batch', async () => {
    const [begin, first, second, end] = big() as [DumpRecord, DumpRecord, DumpRecord, DumpRecord];
    const { out, account } = await through(
      [keyStage('all', () => true)],
      [[begin], [first, second], [end, key('next')]],
    );
    expect(out).toEqual([...BIG, '0 next']);
    expect(account.totals()).toMatchObject({ read: 2, written: 2, bytes: 3 + 4 + 4 + 5 });
  });

  test('a key that is dropped takes its parts along, also from batch to batch, and nothing else', async () => {
    const seen: string[] = [];
    const watching: Stage = {
      name: 'watching',
      write(record, emit) {
        seen.push(record.kind);
        emit(record);
      },
    };
    const [begin, first, second, end] = big() as [DumpRecord, DumpRecord, DumpRecord, DumpRecord];
    const { out, account } = await through(
      [watching, keyStage('not big', ({ keyEnd }) => keyEnd !== 4), watching],
      [[begin, first], [second, end, aux('a'), key('small')], keyInParts('other', ['x'])],
    );
    expect(out).toEqual(['aux a', '0 small', '0 other …', 'part x', 'end 1']);
    expect(seen).toEqual([
      'key-begin',
      ...['aux', 'key', 'key-begin', 'key-part', 'key-end'].flatMap((kind) => [kind, kind]),
    ]);
    expect(account.totals()).toMatchObject({ read: 3, written: 2, skipped: 1, bytes: 7 + 10 + 6 });
    expect([...account.reasons]).toEqual([['not big', 1]]);
  });

  test('a key that fails takes its parts along, too', async () => {
    const failing: Stage = {
      name: 'failing',
      write(record, emit) {
        if (record.kind === 'key-begin') emit.fail(record, { code: 'LIMIT_EXCEEDED', cause: 'too big' });
        else emit(record);
      },
    };
    const { out, account } = await through([failing], [[...big(), key('small')]]);
    expect(out).toEqual(['0 small']);
    expect([...account.causes]).toEqual([['too big', 1]]);
    expect(account.totals()).toMatchObject({ read: 2, written: 1, failed: 1 });
  });
});

describe('limit', () => {
  const list = (count: number) => Array.from({ length: count }, (_, i) => key(`${i}`));

  test('lets so many keys pass, then leaves the source', async () => {
    const { out, account, source } = await through([limit(3)], [list(2), list(2), list(2)]);
    expect(out).toEqual(['0 0', '0 1', '0 0']);
    expect([source.asked, source.closed]).toEqual([2, true]);
    expect(account.totals()).toMatchObject({ read: 3, written: 3, skipped: 0 });
  });

  test('ends with the last key of a batch, before the next is asked for', async () => {
    const { out, source } = await through([limit(2)], [list(2), list(2)]);
    expect(out).toHaveLength(2);
    expect([source.asked, source.closed]).toEqual([1, true]);
  });

  test('lets a last key that comes in parts be whole', async () => {
    const [begin, first, second, end] = big() as [DumpRecord, DumpRecord, DumpRecord, DumpRecord];
    const { out, source, account } = await through(
      [limit(2)],
      [[key('a'), begin], [first], [second, end, key('b')], [key('c')]],
    );
    expect(out).toEqual(['0 a', ...BIG]);
    expect([source.asked, source.closed]).toEqual([3, true]);
    expect(account.totals()).toMatchObject({ read: 2, written: 2, skipped: 0, bytes: 6 + 3 + 4 });
  });

  test('counts what reaches it, not what is read', async () => {
    const odd = keyStage('odd', ({ key: [byte] }) => (byte as number) % 2 === 1);
    const { out, account } = await through([odd, limit(2)], [list(10)]);
    expect(out).toEqual(['0 1', '0 3']);
    expect(account.totals()).toMatchObject({ read: 4, written: 2, skipped: 2 });
  });

  test('of more than there are changes nothing; what is no key does not count', async () => {
    const { out, source } = await through(
      [limit(4)],
      [
        [aux('a'), ...list(2)],
        [aux('b'), key('c')],
      ],
    );
    expect(out).toEqual(['aux a', '0 0', '0 1', 'aux b', '0 c']);
    expect(source.asked).toBe(3);
  });

  test('of 0 lets no key pass', async () => {
    for (const keys of [list(2), big()]) {
      const { out, account, source } = await through([limit(0)], [[aux('a'), ...keys], list(1)]);
      expect(out).toEqual(['aux a']);
      expect(account.totals().written).toBe(0);
      expect([source.asked, source.closed]).toEqual([1, true]);
    }
  });
});
