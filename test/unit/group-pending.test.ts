import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { GroupPending, NOBODY } from '../../src/rdb/encode/group-pending.js';

const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const signed = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const entry = fc.record({
  id: fc.record({ ms: unsigned, seq: unsigned }),
  consumer: fc.option(fc.constantFrom('a', 'b', '', 'ÿ'), { nil: undefined }),
  deliveredAtMs: signed,
  deliveries: unsigned,
});

test('gives back what it was given, and whose it is', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      const pending = new GroupPending();
      for (const { id, consumer, deliveredAtMs, deliveries } of entries) {
        const holder = consumer === undefined ? NOBODY : pending.holder(consumer);
        pending.add(id, holder, deliveredAtMs, deliveries);
      }
      expect(pending.size).toBe(entries.length);
      expect(pending.nacked).toBe(entries.filter(({ consumer }) => consumer === undefined).length);
      for (const [i, { id, consumer, deliveredAtMs, deliveries }] of entries.entries()) {
        const [msHigh = 0, msLow = 0, seqHigh = 0, seqLow = 0] = pending.idAt(i);
        const word = (high: number, low: number) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
        expect([word(msHigh, msLow), word(seqHigh, seqLow)]).toEqual([id.ms, id.seq]);
        expect([BigInt(pending.deliveredAtMs(i)), BigInt(pending.deliveries(i))]).toEqual([
          deliveredAtMs,
          deliveries,
        ]);
        expect(pending.holders[pending.holderAt(i)]).toBe(consumer);
      }
      const byHolder = pending.byHolder();
      const indexesOf = (name: string | undefined) =>
        entries.flatMap(({ consumer }, i) => (consumer === name ? [i] : []));
      expect(byHolder.map((indexes) => [...indexes])).toEqual([
        ...pending.holders.map(indexesOf),
        indexesOf(undefined),
      ]);
    }),
  );
});
