import { describe, expect, test } from 'vitest';
import { RdbkitError } from '../../src/errors.js';
import { run, type Stage } from '../../src/pipeline.js';
import { keyStage } from '../../src/stages/key-stage.js';
import { deferred, turns } from '../support/deferred.js';
import { key, MemorySource, NotingSink, sourceOf } from '../support/records.js';

const two = () => sourceOf([key('a'), key('b')], [key('c')]);
const pass = keyStage('pass', () => true);

/** What `run` throws. */
async function faultOf(...args: Parameters<typeof run>): Promise<RdbkitError> {
  const result = await run(...args).catch((thrown: unknown) => thrown);
  expect(result).toBeInstanceOf(RdbkitError);
  return result as RdbkitError;
}

describe('a run that fails', () => {
  const fault = new RdbkitError('INPUT_CORRUPT', 'broken');

  test('by its source: the sink is aborted with the reason, and not closed', async () => {
    const [source, sink] = [new MemorySource([{ records: [key('a')] }], fault), new NotingSink()];
    expect(await faultOf(source, [pass], sink)).toBe(fault);
    expect(sink.calls).toEqual(['open', 'write', 'abort']);
    expect(sink.reason).toBe(fault);
  });

  test('by a fault that is none of ours: INTERNAL, with its cause', async () => {
    const [bug, sink] = [new TypeError('oops'), new NotingSink()];
    const seen = await faultOf(new MemorySource([], bug), [], sink);
    expect([seen.code, seen.cause, sink.reason]).toEqual(['INTERNAL', bug, seen]);
  });

  test.each(['throws', 'rejects'])(
    'by its sink, which %s: aborted, and the source is closed',
    async (how) => {
      const [source, sink] = [two(), new NotingSink()];
      sink.write = () => {
        if (how === 'rejects') return Promise.reject(fault);
        throw fault;
      };
      expect(await faultOf(source, [], sink)).toBe(fault);
      expect(sink.calls).toEqual(['open', 'abort']);
      expect([source.asked, source.closed]).toEqual([1, true]);
    },
  );

  test('by open: aborted before the source is asked', async () => {
    const [source, sink] = [two(), new NotingSink()];
    sink.open = () => Promise.reject(fault);
    expect(await faultOf(source, [], sink)).toBe(fault);
    expect([sink.calls, source.asked]).toEqual([['abort'], 0]);
  });

  test('by close: that is not followed by abort', async () => {
    const sink = new NotingSink();
    sink.close = () => {
      sink.calls.push('close');
      throw fault;
    };
    expect(await faultOf(two(), [], sink)).toBe(fault);
    expect(sink.calls).toEqual(['open', 'write', 'write', 'close']);
  });

  test('by close with a fault that is none of ours: INTERNAL, with its cause', async () => {
    const [bug, sink] = [new TypeError('oops'), new NotingSink()];
    sink.close = () => {
      throw bug;
    };
    const seen = await faultOf(two(), [], sink);
    expect([seen.code, seen.cause]).toEqual(['INTERNAL', bug]);
  });

  test('a fault of abort does not hide the reason for it', async () => {
    const sink = new NotingSink();
    sink.abort = () => Promise.reject(new Error('the disk is full, too'));
    expect(await faultOf(new MemorySource([], fault), [], sink)).toBe(fault);
  });

  test.each(['write', 'flush'] as const)(
    'by the %s of a stage: aborted, and the source is closed',
    async (where) => {
      const [source, sink] = [two(), new NotingSink()];
      const broken: Stage = {
        ...pass,
        [where]: () => {
          throw fault;
        },
      };
      expect(await faultOf(source, [broken], sink)).toBe(fault);
      expect(sink.calls.filter((call) => call === 'abort' || call === 'close')).toEqual(['abort']);
      expect(source.closed).toBe(true);
    },
  );

  test('awaits abort', async () => {
    const [sink, aborting] = [new NotingSink(), deferred()];
    sink.abort = () => aborting.promise;
    let failed = false;
    const running = faultOf(new MemorySource([], fault), [], sink).then(() => {
      failed = true;
    });
    await turns();
    expect(failed).toBe(false);
    aborting.settle();
    await running;
    expect(failed).toBe(true);
  });
});

describe('a signal', () => {
  test.each([0, 1])('given after %i batches ends the run as ABORTED', async (count) => {
    const [source, sink, controller] = [two(), new NotingSink(), new AbortController()];
    if (count === 0) controller.abort();
    const options = { signal: controller.signal, onProgress: () => controller.abort() };
    const fault = await faultOf(source, [pass], sink, options);
    expect(fault.code).toBe('ABORTED');
    expect(sink.reason).toBe(fault);
    expect(sink.calls).toEqual(['open', ...Array.from({ length: count }, () => 'write'), 'abort']);
    expect(source.closed).toBe(true);
  });

  test('makes every fault ABORTED, with the fault as cause', async () => {
    const [controller, fault] = [new AbortController(), new Error('read was interrupted')];
    const sink = new NotingSink();
    sink.write = () => controller.abort();
    const seen = await faultOf(new MemorySource([{ records: [] }], fault), [], sink, {
      signal: controller.signal,
    });
    expect([seen.code, seen.cause]).toEqual(['ABORTED', fault]);
  });

  test('that comes after the last batch changes nothing', async () => {
    const [sink, controller] = [new NotingSink(), new AbortController()];
    sink.close = () => {
      controller.abort();
      return 'report';
    };
    expect(await run(two(), [], sink, { signal: controller.signal })).toBe('report');
  });
});
