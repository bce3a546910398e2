import { describe, expect, test } from 'vitest';
import { Account } from '../../src/account.js';
import { RdbkitError } from '../../src/errors.js';
import { run, type Sink, type Source, type Stage } from '../../src/pipeline.js';
import type { DumpRecord, KeyRecord, RecordBatch } from '../../src/record.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { bytes } from '../support/bytes.js';
import { deferred, turns } from '../support/deferred.js';
import { aux, key, keyInParts, MemorySource, NotingSink, sourceOf, through } from '../support/records.js';

const two = () => sourceOf([key('a'), key('b')], [key('c')]);
const pass = keyStage('pass', () => true);

describe('a run to the end', () => {
  test('opens the sink, writes every batch, closes, and returns the report', async () => {
    const [source, sink] = [two(), new NotingSink()];
    expect(await run(source, [pass], sink)).toBe('report');
    expect(sink.calls).toEqual(['open', 'write', 'write', 'close']);
    expect(sink.batches).toEqual([['0 a', '0 b'], ['0 c']]);
    expect(source.closed).toBe(true);
  });

  test('hands account and signal to the sink, and the signal to the source', async () => {
    const sink = new NotingSink();
    const account = new Account();
    const { signal } = new AbortController();
    let seen: AbortSignal | undefined;
    const source: Source = Object.assign(two(), {
      read(given: AbortSignal) {
        seen = given;
        return MemorySource.prototype.read.call(source);
      },
    });
    await run(source, [], sink, { account, signal });
    expect(sink.context?.account).toBe(account);
    expect(sink.context?.signal).toBe(signal);
    expect(seen).toBe(signal);
  });

  test('without stages and account the batches pass untouched', async () => {
    const batches: RecordBatch[] = [{ records: [key('a')] }, { records: keyInParts('b', ['x']) }];
    const seen: RecordBatch[] = [];
    const sink: Sink = {
      name: 'seeing',
      write: (batch) => void seen.push(batch),
      close: () => undefined,
      abort: () => undefined,
    };
    await run(new MemorySource(batches), [], sink);
    expect(seen).toHaveLength(2);
    expect(seen.every((batch, i) => batch === batches[i])).toBe(true);
    expect(batches[0]?.records[0]).toMatchObject({ tally: -1 });
  });

  test('tells of progress after every batch', async () => {
    const sink = new NotingSink();
    const seen: number[] = [];
    await run(two(), [], sink, { onProgress: () => seen.push(sink.calls.length) });
    expect(seen).toEqual([2, 3]);
  });

  test('asks for the next batch only when the sink is done with the one before', async () => {
    const [source, sink, first] = [two(), new NotingSink(), deferred()];
    sink.write = (batch) => {
      sink.calls.push(`write ${batch.records.length}`);
      return batch.records.length === 2 ? first.promise : undefined;
    };
    const running = run(source, [], sink);
    await turns();
    expect([source.asked, sink.calls]).toEqual([1, ['open', 'write 2']]);
    first.settle();
    await running;
    expect([source.asked, sink.calls]).toEqual([3, ['open', 'write 2', 'write 1', 'close']]);
  });

  test('awaits open and close', async () => {
    const [source, sink, opening, closing] = [two(), new NotingSink(), deferred(), deferred()];
    sink.open = () => opening.promise;
    sink.close = () => closing.promise.then(() => 'late');
    let report: string | undefined;
    const running = run(source, [], sink).then((result) => {
      report = result;
    });
    await turns();
    expect(source.asked).toBe(0);
    opening.settle();
    await turns();
    expect([source.closed, report]).toEqual([true, undefined]);
    closing.settle();
    await running;
    expect(report).toBe('late');
  });

  test.each<false | Promise<false>>([false, Promise.resolve(false)])(
    'a sink that returns false ends it: %s',
    async (answer) => {
      const [source, sink] = [two(), new NotingSink()];
      sink.write = () => answer;
      expect(await run(source, [pass], sink)).toBe('report');
      expect(sink.calls).toEqual(['open', 'close']);
      expect([source.asked, source.closed]).toEqual([1, true]);
    },
  );
});

describe('stages', () => {
  test('see records in order, each what the one before has emitted', async () => {
    const renaming = (suffix: string) =>
      keyStage('rename', (head) => {
        head.rename(Buffer.concat([head.key, Buffer.from(suffix)]));
        return true;
      });
    const { out } = await through(
      [renaming('1'), keyStage('no b', (head) => head.key[0] !== 0x62), renaming('2')],
      [[key('a'), key('b'), aux('x')]],
    );
    expect(out).toEqual(['0 a12', 'aux x']);
  });

  test('can hold records back and give them when the source has ended', async () => {
    const held: DumpRecord[] = [];
    const holding: Stage = {
      name: 'holding',
      write(record, emit) {
        if (record.kind === 'aux') held.push(record);
        else emit(record);
      },
      flush(emit) {
        for (const record of held) emit(record);
      },
    };
    const sink = new NotingSink();
    await run(sourceOf([aux('x'), key('a')], [aux('y')]), [holding, pass], sink);
    expect(sink.batches).toEqual([['0 a'], [], ['aux x', 'aux y']]);
    expect(sink.calls.at(-1)).toBe('close');
  });

  test('what they drop is skipped under the name of the first that did, or failed', async () => {
    const stages: Stage[] = [
      keyStage('first', (head) => head.key[0] !== 0x61),
      keyStage('second', (head) => head.key[0] !== 0x62 && head.key[0] !== 0x61),
      {
        name: 'third',
        write(record, emit) {
          if (record.kind === 'key' && record.key[0] === 0x63)
            emit.fail(record, { code: 'CONFLICT', cause: 'no c' });
          else emit(record);
        },
      },
    ];
    const { account } = await through(stages, [['a', 'b', 'c', 'd', 'a'].map((name) => key(name))]);
    expect([...account.reasons]).toEqual([
      ['first', 2],
      ['second', 1],
    ]);
    expect([...account.causes]).toEqual([['no c', 1]]);
    expect(account.shown).toEqual([
      { db: 0, key: bytes('c'), command: undefined, code: 'CONFLICT', cause: 'no c' },
    ]);
    expect(account.totals()).toEqual({ read: 5, bytes: 30, written: 1, skipped: 3, failed: 1 });
  });
});

describe('the account', () => {
  test('takes what is delivered as written, by database and type', async () => {
    const { account } = await through(
      [],
      [
        [
          key('a', { db: 1 }),
          aux('x'),
          ...keyInParts('bb', ['xyz', 'z'], { family: 'list' }),
          key('c', { value: '' }),
        ],
      ],
    );
    expect(account.tallies).toEqual([
      { unit: 'key', db: 1, type: 'string', read: 1, bytes: 6, written: 1, skipped: 0, failed: 0 },
      { unit: 'key', db: 0, type: 'list', read: 1, bytes: 6, written: 1, skipped: 0, failed: 0 },
      { unit: 'key', db: 0, type: 'string', read: 1, bytes: 1, written: 1, skipped: 0, failed: 0 },
    ]);
  });

  test('is left to a sink that accounts itself, and INTERNAL when it does not', async () => {
    const account = new Account();
    const sink = Object.assign(new NotingSink(), { accounts: true });
    await expect(run(two(), [], sink, { account })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('3 read, 0 written'),
    });
    expect(sink.calls.at(-1)).toBe('close');

    const good = Object.assign(new NotingSink(), { accounts: true });
    good.write = (batch) => {
      for (const record of batch.records)
        if (record.kind === 'key') good.context?.account.written(record.tally);
    };
    expect(await run(two(), [], good)).toBe('report');
  });

  test('has what a stage drops that is no key, where the sink accounts the rest of it', async () => {
    const account = new Account();
    const functions = [1, 2].map(
      (name): DumpRecord => ({ kind: 'function', code: bytes(`#!lua name=l${name}`), offset: 0 }),
    );
    const moduleAux: DumpRecord = {
      kind: 'module-aux',
      module: 'scdtype00',
      bytes: bytes('12345'),
      offset: 0,
    };
    const drop: Stage = {
      name: 'dropped',
      write(record, emit) {
        if (record.kind !== 'module-aux' && record !== functions[0]) emit(record);
      },
    };
    const sink = Object.assign(new NotingSink(), { accounts: true });
    await run(sourceOf([...functions, moduleAux]), [drop], sink, { account });
    expect([...account.besides]).toEqual([['dropped', 2]]);
    expect(account.totals(() => true)).toEqual({ read: 2, bytes: 18, written: 0, skipped: 2, failed: 0 });
  });

  test('is INTERNAL when a stage gives a key twice', async () => {
    const doubling: Stage = {
      name: 'doubling',
      write(record, emit) {
        emit(record);
        emit(record);
      },
    };
    await expect(run(two(), [doubling], new NotingSink())).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('balances after a fault, too: what was read and not written has failed', async () => {
    const account = new Account();
    const fault = new RdbkitError('INPUT_CORRUPT', 'broken');
    const source = new MemorySource([{ records: [key('a'), key('b'), key('c')] }], fault);
    const sink = Object.assign(new NotingSink(), { accounts: true });
    sink.write = ({ records: [first] }) => account.written((first as KeyRecord).tally);
    sink.abort = () => account.skipped(0, 'just in time');
    await expect(run(source, [], sink, { account })).rejects.toThrow('broken');
    expect(account.totals()).toMatchObject({ read: 3, written: 1, skipped: 1, failed: 1 });
    expect([...account.causes.values()]).toEqual([1]);
  });
});
