import { expect, test } from 'vitest';
import { Account } from '../../src/account.js';
import { run, type Stage } from '../../src/pipeline.js';
import type { DumpRecord, KeyBegin } from '../../src/record.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { limit } from '../../src/stages/limit.js';
import { key, keyInParts, NotingSink, sourceOf, through } from '../support/records.js';

/** Holds values in parts back and pours them, each part twice, once they have ended. */
function doubling(log: string[] = []): Stage {
  let begin: KeyBegin | undefined;
  let parts: DumpRecord[] = [];
  function* again(records: readonly DumpRecord[]): Generator<DumpRecord> {
    try {
      yield* records;
      log.push('poured');
    } finally {
      log.push('left');
    }
  }
  return {
    name: 'doubling',
    write(record, emit) {
      switch (record.kind) {
        case 'key-begin':
          begin = record;
          parts = [];
          emit.hold(record);
          break;
        case 'key-part':
          parts.push(record, record);
          break;
        case 'key-end':
          if (begin !== undefined) emit.pour(again([begin, ...parts, record]));
          break;
        default:
          emit(record);
      }
    },
    close: () => log.push('closed'),
  };
}

const batches = () => [[key('a'), ...keyInParts('big', ['x', 'y']), key('b')], [key('c')]];

test('what is poured comes a record a batch, before the rest of what was read', async () => {
  const sink = new NotingSink();
  const account = new Account();
  const log: string[] = [];
  await run(sourceOf(...batches()), [doubling(log)], sink, { account });
  expect(sink.batches.filter((batch) => batch.length > 0)).toEqual([
    ['0 a'],
    ['0 big …'],
    ['part x'],
    ['part x'],
    ['part y'],
    ['part y'],
    ['end 2'],
    ['0 b'],
    ['0 c'],
  ]);
  expect(account.totals()).toMatchObject({ read: 4, written: 4, skipped: 0 });
  expect(log).toEqual(['poured', 'left', 'closed']);
});

test('two stages may pour', async () => {
  const { out } = await through([doubling(), doubling()], batches());
  expect(out.filter((text) => text === 'part x')).toHaveLength(4);
  expect(out.filter((text) => !text.startsWith('part'))).toEqual(['0 a', '0 big …', 'end 2', '0 b', '0 c']);
});

test('a key that a later stage drops is poured no further', async () => {
  const log: string[] = [];
  const notBig = keyStage('not big', (head) => head.key.length === 1);
  const { out, account } = await through([doubling(log), notBig], batches());
  expect(out).toEqual(['0 a', '0 b', '0 c']);
  expect(account.totals()).toMatchObject({ read: 4, written: 3, skipped: 1 });
  expect(log).toEqual(['left', 'closed']);
});

test('a run that ends leaves what is poured', async () => {
  const log: string[] = [];
  const { out } = await through([doubling(log), limit(1)], batches());
  expect(out).toEqual(['0 a']);
  expect(log).toEqual(['closed']);
  const whole = await through([doubling(), limit(2)], batches());
  expect(whole.out.at(-1)).toBe('end 2');
});

test('a sink that fails, or ends the run, in the middle closes what is poured', async () => {
  for (const fails of [true, false]) {
    const log: string[] = [];
    const sink = new NotingSink();
    sink.write = ({ records }) => {
      if (records[0]?.kind !== 'key-part') return;
      if (fails) throw new Error('full');
      return false;
    };
    await run(sourceOf(...batches()), [doubling(log)], sink).catch(() => {});
    expect(log).toEqual(['left', 'closed']);
  }
});

test('a key held back may be failed at its end', async () => {
  const refusing: Stage = {
    name: 'refusing',
    write(record, emit) {
      if (record.kind === 'key-begin') {
        emit.hold(record);
        begin = record;
      } else if (record.kind === 'key-end' && begin !== undefined) {
        emit.fail(begin, { code: 'INPUT_CORRUPT', cause: 'no' });
      } else if (record.kind === 'key') emit(record);
    },
  };
  let begin: KeyBegin | undefined;
  const { out, account } = await through([refusing], batches());
  expect(out).toEqual(['0 a', '0 b', '0 c']);
  expect(account.totals()).toMatchObject({ read: 4, written: 3, failed: 1 });
});
